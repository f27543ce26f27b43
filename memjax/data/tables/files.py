"""Reads a table from a CSV or Parquet file as a pandas data frame."""

import csv
import re
import warnings
from pathlib import Path
from typing import Any

from memjax.errors import InputError
from memjax.untrusted import reading, user_path

KINDS = ("csv", "parquet")
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL"]  # "None" may well be somebody's word for a class
DELIMITERS = ",;\t|"
SAID = "said"  # attribute of a data frame: what a reader should know of how its file was read
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

    with reading(path, ValueError, pandas.errors.ParserWarning) as stream:
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
        number = f"(?:^|[{delimiter}])([-+]?[0-9]+,[0-9]+)(?=[{delimiter}\r\n]|$)"
        comma = None if delimiter == "," else re.search(number, start.decode("utf-8-sig", "ignore"), re.MULTILINE)
        if comma and not as_text:
            how["decimal"] = ","
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            try:
                frame = pandas.read_csv(stream, sep=delimiter, keep_default_na=False, encoding="utf-8-sig", **how)
            except UnicodeDecodeError as problem:
                raise InputError(f"{path} is not in UTF-8 ({problem}); save it as UTF-8") from None
    if comma:
        frame.attrs[SAID] = [f"commas are decimal points: {comma[1]} is {comma[1].replace(',', '.')}"]
    return frame


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
