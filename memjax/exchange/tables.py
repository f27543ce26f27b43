"""Estimates as tables for pandas, CSV and Parquet: a row for each example, and a row for each pair."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.results import Estimates, PairTable
from memjax.store import write_atomically

Table = dict[str, np.ndarray]
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take a text that begins with one of these for a formula


def examples_table(estimates: Estimates, class_names: Sequence[str]) -> Table:
    """A row for each training example; `pandas.DataFrame(table)` makes a data frame."""
    memorization, labels = estimates.memorization, estimates.train_labels
    table = {
        "id": estimates.train_ids,
        "label": labels,
        "class": np.asarray(class_names)[labels],
        "memorization": np.asarray(memorization.value),
        "stderr": np.asarray(memorization.stderr),
        "models_in": np.asarray(memorization.num_in),
        "models_out": np.asarray(memorization.num_out),
        "correct_in": estimates.correct.mean_in,
        "correct_out": estimates.correct.mean_out,
    }
    if probability := estimates.scores.get("probability"):
        table |= {"probability_in": probability.mean_in, "probability_out": probability.mean_out}
    return table | {"mislabelled_on_purpose": estimates.mislabelled}


def pairs_table(pairs: PairTable, estimates: Estimates, class_names: Sequence[str]) -> Table:
    """A row for each pair, strongest first."""
    train = pairs.train_rows
    return {
        "train_id": estimates.train_ids[train],
        "test_id": estimates.test_ids[pairs.test_rows],
        "class": np.asarray(class_names)[estimates.train_labels[train]],
        **pairs.columns(),
    }


def write_csv(path: Path, table: Table) -> None:
    """Writes comma-separated values with a header: numbers in full precision, NaN as an empty field.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(table)
    lines.writerows(zip(*map(_plain, table.values()), strict=True))
    write_atomically(path, lambda stream: stream.write(text.getvalue().encode()))


def write_parquet(path: Path, table: Table) -> None:
    """Writes Apache Parquet, with types.

    Raises:
      InputError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError('Parquet needs pyarrow; install it with: pip install "memjax[tables]"') from None
    columns = {name: pyarrow.array(values) for name, values in table.items()}
    write_atomically(path, lambda stream: pyarrow.parquet.write_table(pyarrow.table(columns), stream))


def _plain(values: np.ndarray) -> list:
    if values.dtype.kind == "U":
        return ["'" + text if text.startswith(FORMULA) else text for text in values.tolist()]
    if values.dtype.kind != "f":
        return values.tolist()
    # The shortest text that reads back as the same number of this precision.
    return ["" if np.isnan(value) else str(value) for value in values]
