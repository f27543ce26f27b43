"""How results are displayed: a line in a terminal, a small table in a notebook, a data frame with pandas."""

import html
from typing import Any

import numpy as np

SHOWN = 10  # rows of a table in a notebook
LARGEST = 10**6  # a notebook shows no table of arrays with more entries, because sorting them takes long
_ENTRIES_AT_ONCE = 2**22  # a matrix of influences is too large for a copy of the whole


class Summary:
    """Range, root mean square and number of undefined entries of an array of any size.

    Attributes:
      size: number of entries.
      low, high: the smallest and the largest number; NaN if all entries are.
      typical: root mean square of the numbers.
      undefined: number of entries that are NaN.
    """

    def __init__(self, values: Any):
        flat = np.asarray(values).reshape(-1)
        self.size, known, squares = flat.size, 0, 0.0
        self.low = self.high = self.typical = float("nan")
        for start in range(0, flat.size, _ENTRIES_AT_ONCE):
            part = flat[start : start + _ENTRIES_AT_ONCE]
            part = part[~np.isnan(part)].astype(np.float64)
            known, squares = known + len(part), squares + float(part @ part)
        self.undefined = self.size - known
        if known:
            self.low, self.high = float(np.fmin.reduce(flat)), float(np.fmax.reduce(flat))
            self.typical = float(np.sqrt(squares / known))

    def range(self) -> str:
        """The range in words, and how many are undefined.

        >>> Summary(np.array([0.25, np.nan, -1.0])).range()
        '-1 to 0.25, 1 undefined'
        """
        if self.undefined == self.size:
            return f"all {self.size:,} undefined" if self.size else "empty"
        numbers = f"{three_digits(self.low)} to {three_digits(self.high)}"
        return numbers + (f", {self.undefined:,} undefined" if self.undefined else "")


def three_digits(value: float | int | np.number) -> str:
    """A number with three digits.

    >>> three_digits(0.123456), three_digits(-0.0), three_digits(1.0), three_digits(float("nan"))
    ('0.123', '0', '1', 'undefined')
    """
    return f"{value:z.3g}" if np.isfinite(value) else "undefined"


def shape_of(array: Any) -> str:
    """The shape of an array as text.

    >>> shape_of(np.zeros((2000, 3)))
    '2,000 x 3'
    """
    return " x ".join(f"{size:,}" for size in array.shape) or "one value"


def holds_numbers(*arrays: Any) -> bool:
    """Whether these arrays have values; within `jax.jit` they are tracers without values."""
    return all(hasattr(array, "__array__") and "Tracer" not in type(array).__name__ for array in arrays)


def html_table(caption: str, rows: Any) -> str:
    """A data frame with a caption, as HTML.  All texts are escaped."""
    return f"<p>{html.escape(caption)}</p>" + rows.to_html(index=False)


def aligned(columns: list[list[str]]) -> list[str]:
    """The lines of a table, whose columns are given with their titles."""
    padded = ([f"{text:<{max(map(len, column))}}" for text in column] for column in columns)
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def frame(columns: dict[str, Any], index: dict[str, int] | None = None) -> Any:
    """A pandas data frame of columns of equal length.

    Args:
      index: name and length of each axis of the arrays from which the columns were made.
    """
    import pandas

    table = pandas.DataFrame(columns)
    if index and len(index) > 1:
        table.index = pandas.MultiIndex.from_product([range(size) for size in index.values()], names=list(index))
    elif index:
        table.index.name = next(iter(index))
    return table
