"""Tables as CSV and Parquet files."""

from importlib.util import find_spec
from pathlib import Path

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

    def safe(value):
        return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value

    texts = frame({name: list(map(safe, values)) if values.dtype.kind in "UO" else values
                   for name, values in table.items()})  # fmt: skip
    write_atomically(path, lambda stream: texts.to_csv(stream, index=False, lineterminator="\n"))


def write_parquet(path: Path, table: Columns) -> None:
    """Writes Apache Parquet, with types.

    Raises:
      InputError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise InputError('Parquet needs pyarrow; install it with: pip install "memjax[tables]"')
    write_atomically(path, lambda stream: frame(table).to_parquet(stream, index=False))
