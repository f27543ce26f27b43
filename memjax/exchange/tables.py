"""Tables as CSV, Parquet and npz files."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from memjax.errors import InputError
from memjax.notebook import frame
from memjax.store import write_atomically

Columns = dict[str, np.ndarray]
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take a text that begins with one of these for a formula


def write_csv(path: Path, table: Columns) -> None:
    """Writes comma-separated values with a header: numbers in full precision, NaN as an empty field.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    write_atomically(path, csv_of(table))


def write_parquet(path: Path, table: Columns) -> None:
    """Writes Apache Parquet, with types.

    Raises:
      InputError: pyarrow is not installed.
    """
    write_atomically(path, parquet_of(table))


def csv_of(table: Columns) -> Callable[[Any], object]:
    """What writes a table as CSV to a stream; see `write_csv`."""

    def safe(value):
        return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value

    texts = frame({name: list(map(safe, values)) if values.dtype.kind in "UO" else values
                   for name, values in table.items()})  # fmt: skip
    return lambda stream: texts.to_csv(stream, index=False, lineterminator="\n")


def parquet_of(table: Columns) -> Callable[[Any], object]:
    """What writes a table as Parquet to a stream; see `write_parquet`.  A column of two axes becomes lists."""
    if find_spec("pyarrow") is None:
        raise InputError('Parquet needs pyarrow; install it with: pip install "memjax[tables]"')
    columns = {name: values if values.ndim == 1 else list(values) for name, values in table.items()}
    return lambda stream: frame(columns).to_parquet(stream, index=False)


def npz_of(table: Columns) -> Callable[[Any], object]:
    """What writes a table to a stream as an npz file that needs no pickle: objects are texts, and None is empty."""
    plain = {name: np.array(["" if each is None else str(each) for each in values], str)
             if values.dtype.kind == "O" else values for name, values in table.items()}  # fmt: skip
    return lambda stream: np.savez_compressed(stream, **plain)  # type: ignore
