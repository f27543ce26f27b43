"""Estimates as tables: a row an example, a row a pair; for pandas, CSV and Parquet."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from memjax.errors import InputError
from memjax.store import write_atomically

Table = dict[str, np.ndarray]
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets begin a formula with, or skip

EXAMPLE_COLUMNS = {
    "memorization": "tr_mem", "stderr": "tr_mem_stderr", "models_in": "tr_num_in", "models_out": "tr_num_out",
    "correct_in": "tr_correct_in", "correct_out": "tr_correct_out", "probability_in": "tr_probability_in",
    "probability_out": "tr_probability_out", "mislabelled_on_purpose": "tr_mislabelled",
}  # fmt: skip


def examples_table(estimates: Mapping[str, Shaped[np.ndarray, "..."]], class_names: Sequence[str]) -> Table:
    """A row a training example, from the arrays of estimates.npz; `pandas.DataFrame(table)` is a data frame of it."""
    labels = estimates["tr_labels"]
    table = {"id": estimates["tr_ids"], "label": labels, "class": np.asarray(class_names)[labels]}
    return table | {name: estimates[key] for name, key in EXAMPLE_COLUMNS.items() if key in estimates}


def pairs_table(
    pairs: Mapping[str, Shaped[np.ndarray, "..."]],
    estimates: Mapping[str, Shaped[np.ndarray, "..."]],
    class_names: Sequence[str],
) -> Table:
    """A row a pair, strongest first, from the arrays of pairs.npz and estimates.npz."""
    train, test = pairs["tr_idx"], pairs["tt_idx"]
    table = {
        "train_id": estimates["tr_ids"][train],
        "test_id": estimates["tt_ids"][test],
        "class": np.asarray(class_names)[estimates["tr_labels"][train]],
        "influence": pairs["infl"],
        "influence_stderr": pairs["infl_stderr"],
        "memorization": pairs["mem"],
        "memorization_stderr": pairs["mem_stderr"],
    }
    return table | {name: pairs[name] for name in ("p_value", "q_value") if name in pairs}


def write_csv(path: Path, table: Table) -> None:
    """Comma-separated, a line of names first; numbers in full, an undefined one as an empty field.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(table)
    lines.writerows(zip(*map(_plain, table.values()), strict=True))
    write_atomically(path, lambda stream: stream.write(text.getvalue().encode()))


def write_parquet(path: Path, table: Table) -> None:
    """Apache Parquet, with types.

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
