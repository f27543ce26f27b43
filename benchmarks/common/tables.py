"""Tables in markdown, and how a number and its spread are written."""

import statistics
from collections.abc import Iterable, Sequence

import numpy as np


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a markdown table; the first row is the header."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def number(value: float) -> str:
    """Three digits, or all of those before the decimal point."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def spread(values: Iterable[float]) -> str:
    """Median (least to largest)."""
    values = list(values)
    middle, low, high = map(number, (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def mean_and_error(values: np.ndarray) -> str:
    """Mean ± its standard error."""
    return f"{values.mean():.4f} ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}"
