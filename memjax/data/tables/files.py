"""Reads a table from a CSV or Parquet file, and makes training and test examples of its rows."""

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from memjax.config.specs import TableSpec
from memjax.data.check import encode_labels
from memjax.data.in_memory import InMemory, from_arrays
from memjax.data.tables.columns import Column, encode, remarks, shown, understand
from memjax.errors import InputError, one_of
from memjax.prng import host_permutation
from memjax.types import Table
from memjax.untrusted import user_path
from memjax.untrusted.files import reading

KINDS = ("csv", "parquet")
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL"]  # "None" may well be somebody's word for a class
DELIMITERS = ",;\t|"
_LOOKED_AT = 2**16  # bytes from which the delimiter is guessed


def is_table(source: str) -> bool:
    """Whether a source is a table: csv:FILE or parquet:FILE."""
    return source.partition(":")[0] in KINDS


def read_table(source: str, text_column: str = "", as_text: bool = False) -> Any:
    """The table of csv:FILE or parquet:FILE.

    The text column, or with `as_text` each, is read from a CSV file as it stands there: "007" stays "007".
    """
    kind, _, place = source.partition(":")
    if kind not in KINDS:
        raise InputError(f"{source!r} is no table; write csv:FILE or parquet:FILE")
    if not place:
        raise InputError(f"data set {source!r} does not say where; write {kind}:FILE")
    path = user_path(place)
    frame = _read_csv(path, text_column, as_text) if kind == "csv" else _read_parquet(path)
    if len(frame) < 2:
        raise InputError(f"{path} has {len(frame)} rows below its header; expected at least two")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{path} names column {str(repeated[0])!r} twice; give each column its own name")
    return frame


def _read_csv(path: Path, text_column: str, as_text: bool) -> Any:
    import pandas

    with reading(path, UnicodeDecodeError, ValueError, pandas.errors.ParserWarning) as stream:
        start = stream.read(_LOOKED_AT)
        if start.startswith(b"PK") or start.startswith(b"PAR1") or b"\0" in start:
            raise InputError(f"{path} is no text; csv: expects lines of text with commas, semicolons or tabs")
        delimiter = _delimiter(start.decode("utf-8-sig", "ignore"))
        header = next(csv.reader(start.decode("utf-8-sig", "ignore").splitlines(), delimiter=delimiter), [])
        if repeated := [name for name in header if header.count(name) > 1]:  # pandas would rename them
            raise InputError(f"{path} names column {repeated[0]!r} twice; give each column its own name")
        stream.seek(0)
        how: dict[str, Any] = {"dtype": str} if as_text else {"na_values": MISSING, "low_memory": False}
        if text_column and not as_text:
            how["dtype"] = {text_column: str}
        how |= {"index_col": False}  # or pandas would take the first of too many fields for an index
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            return pandas.read_csv(stream, sep=delimiter, keep_default_na=False, encoding="utf-8-sig", **how)


def _delimiter(start: str) -> str:
    try:
        return csv.Sniffer().sniff(start.rpartition("\n")[0] or start, DELIMITERS).delimiter
    except csv.Error:  # one column, or lines unlike each other
        return ","


def _read_parquet(path: Path) -> Any:
    import pandas

    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError("pyarrow reads Parquet and is not installed; pip install 'memjax[tables]'") from None
    with reading(path, ValueError) as stream:  # pyarrow's errors are ValueErrors and OSErrors
        return pandas.read_parquet(stream)


TEST_WORDS = {"test", "testing", "valid", "validation", "val", "dev", "eval", "1", "true"}
TRAIN_WORDS = {"train", "training", "0", "false"}


def from_table(frame: Any, spec: TableSpec, seed: int = 0, name: str = "table", test: Any = None) -> InMemory:
    """The rows of a data frame as examples, with the user's own names of columns, rows and classes.

    Test rows are `test`, if they are in a data frame of their own; else a column names them, or the seed draws them.
    """
    _check_names(frame, spec)
    labels, said = frame[spec.target], []
    if unlabelled := int(labels.isna().sum()):
        raise InputError(f"column {spec.target!r} lacks {unlabelled} of {len(frame)} labels; leave these rows out")
    rows = np.zeros(len(frame), bool)
    if test is None and spec.split:
        rows = named(frame[spec.split])
        said.append(
            f"column {spec.split!r} splits the rows: {(~rows).sum():,} for training, {rows.sum():,} for testing"
        )
    elif test is None and spec.test_fraction:
        rows = drawn(encode_labels(labels).train, spec.test_fraction, seed)
        said.append(
            f"{rows.sum():,} of {len(frame):,} rows were drawn for testing, {spec.test_fraction:.0%} of each class; "
            "all other rows are for training.  --test-fraction 0 trains on all"
        )
    if test is None:
        frame, test = frame[~rows], frame[rows]
    left_out = [column for column in (spec.target, spec.id, spec.split, *spec.drop) if column in frame.columns]
    inputs, ids = frame.drop(columns=left_out), frame[spec.id] if spec.id else frame.index  # the rows of the table
    test_inputs = test_labels = test_ids = None
    if len(test):
        test_inputs, test_labels = test.drop(columns=left_out, errors="ignore"), test[spec.target]
        test_ids = test[spec.id] if spec.id else test.index
    found = from_frames(inputs, frame[spec.target], test_inputs, test_labels, name=name, ids=ids, test_ids=test_ids)
    return found._replace(notices=(*said, *found.notices))


def from_frames(frame: Any, labels: Any, test: Any, test_labels: Any, **given: Any) -> InMemory:
    """Data frames of inputs whose labels are given apart; other arguments as of `from_arrays`."""
    columns = understand(frame)
    inputs, test_inputs = encode(columns, frame, "train"), None if test is None else encode(columns, test, "test")
    found = from_arrays(inputs, labels, test_inputs, test_labels, **given)
    parts = frame, frame.iloc[:0] if test is None else test
    sides = ([shown(part[name]) for name in frame.columns] for part in parts)
    table = Table([str(name) for name in frame.columns], *sides)
    said = [*remarks(columns, frame), *_unseen(columns, parts[1])]
    features = tuple(name for column in columns for name in column.features)
    return found._replace(table=table, features=features, notices=tuple(said))


def _unseen(columns: list[Column], test: Any) -> Iterator[str]:
    """Which columns of test rows have texts that no training row has."""
    for column in columns:
        if column.kind == "category" and (new := int((~column.numbers(test[column.name]).any(axis=1)).sum())):
            yield f"{new} test rows have a text in column {column.name!r} that no training row has: its features are 0"


def _check_names(frame: Any, spec: TableSpec) -> None:
    names = [str(name) for name in frame.columns]
    if not spec.target:
        raise InputError(
            f"the table does not say which column has the labels; give --target COLUMN, one of: {', '.join(names)}"
        )
    asked = {"--target": (spec.target,), "--id": (spec.id,), "--split": (spec.split,), "--drop": spec.drop}
    for option, wanted in asked.items():
        for column in filter(None, wanted):
            if column not in frame.columns:
                raise one_of(option, column, names)
    if spec.id and (doubled := frame[spec.id].duplicated()).any():
        raise InputError(
            f"column {spec.id!r} names two rows {str(frame[spec.id][doubled].iloc[0])!r}; expected a name for each row"
        )


def drawn(labels: Int[np.ndarray, " rows"], fraction: float, seed: int) -> Bool[np.ndarray, " rows"]:
    """Test rows, drawn at random: the fraction of each class, rounded; one row of each class is left for training."""
    test = np.zeros(len(labels), bool)
    for number in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == number)
        count = min(round(fraction * len(rows)), len(rows) - 1)
        test[rows[host_permutation(seed, "test rows", number, len(rows))[:count]]] = True
    return test


def named(column: Any) -> Bool[np.ndarray, " rows"]:
    """Test rows, as a column says: train or test (validation), 0 or 1, false or true."""
    words = np.array([str(value).strip().lower().removesuffix(".0") for value in column])
    other = ~np.isin(words, sorted(TRAIN_WORDS | TEST_WORDS))
    if other.any():
        raise InputError(
            f"column {column.name!r} says {str(column.iloc[int(other.argmax())])!r}; expected train or test in each row"
        )
    test = np.isin(words, sorted(TEST_WORDS))
    if test.all():
        raise InputError(f"column {column.name!r} says test in each row; some must say train")
    return test
