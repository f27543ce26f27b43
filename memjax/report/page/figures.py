"""Histogram of memorization, as the rectangles and ticks that the page's template draws."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

NUM_BINS = 18
MEMORIZED = 0.25  # from here on Feldman and Zhang call an example memorized
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800.0, 340.0, 58.0, 776.0, 34.0, 292.0
SMALLEST_SHOWN = 0.5  # where the logarithmic axis begins, so that a count of one is a visible bar


def histogram(values: Float[np.ndarray, " train"]) -> tuple[Int[np.ndarray, " bins"], Float[np.ndarray, " edges"]]:
    """Counts in 18 equal bins over [min(0, lowest), max(1, highest)], and the 19 edges.  Undefined values are left out.

    >>> counts, edges = histogram(np.array([0.0, 0.01, 1.0, np.nan]))
    >>> int(counts[0]), int(counts[-1]), len(edges)
    (2, 1, 19)
    """
    low, high = ends(values)
    finite = values[np.isfinite(values)].astype(np.float64).clip(max=high)
    counts, edges = np.histogram(finite, bins=NUM_BINS, range=(low, high))
    return counts, edges


def ends(values: Float[np.ndarray, " train"]) -> tuple[float, float]:
    """The ends of an axis of memorization: 0 or the lowest value below it, and 1 or the highest value above 1.001."""
    finite = values[np.isfinite(values)].astype(np.float64)
    high = float(finite.max(initial=1.0))
    return float(finite.min(initial=0.0)), high if high > 1.001 else 1.0


def places_on(low: float, high: float) -> list[float]:
    """The labels of an axis of memorization: quarters, or at most 9 whole numbers if scores reach beyond -1 or 1."""
    step = 0.25 if high <= 1 and low >= -1 else float(np.ceil((high - low) / 8))
    return [step * number for number in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


class Bin(NamedTuple):
    """One bin: the range of values, how many fall into it, and its rectangle."""

    start: float
    stop: float
    count: int
    x: float
    y: float
    width: float
    height: float


class Tick(NamedTuple):
    """A labelled place on an axis."""

    position: float
    value: float


class Cell(NamedTuple):
    """A rectangle of a plane; it is darker where it has more examples."""

    count: int
    x: float
    y: float
    width: float
    height: float
    opacity: float


class Line(NamedTuple):
    """A line; `kind` is easy, hard or typical."""

    kind: str
    points: str


class Point(NamedTuple):
    """An example in a plane; its title is shown under the pointer."""

    x: float
    y: float
    kind: str
    title: str = ""


class Drawing(NamedTuple):
    """What the template needs to draw a figure, in SVG units."""

    x_ticks: list[Tick]
    y_ticks: list[Tick]
    threshold: Tick | None = None
    bars: Sequence[Bin] = ()
    cells: Sequence[Cell] = ()
    lines: Sequence[Line] = ()
    points: Sequence[Point] = ()
    height: float = HEIGHT
    bottom: float = BOTTOM
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT
    top: float = TOP


def along(low: float, high: float, start: float, stop: float, value: int | float) -> float:
    """Where a value stands on an axis from `low` at `start` to `high` at `stop`."""
    return round(start + (stop - start) * (float(value) - low) / (high - low), 2)


def histogram_drawing(values: Float[np.ndarray, " train"]) -> Drawing:
    """The histogram with a logarithmic count axis, as rectangles and ticks."""
    counts, edges = histogram(values)
    height, bottom, most = 300.0, 254.0, max(10, counts.max())
    across = partial(along, edges[0], edges[-1], LEFT, RIGHT)

    def up(count: int | float) -> float:
        return along(0.0, 1.0, bottom, TOP, np.log10(count / SMALLEST_SHOWN) / np.log10(most / SMALLEST_SHOWN))

    bars = []
    for start, stop, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
        y = up(max(count, SMALLEST_SHOWN))
        bars.append(Bin(start, stop, count, across(start), y, across(stop) - across(start) - 2, bottom - y))
    labels = [Tick(across(value), value) for value in places_on(edges[0], edges[-1])]
    powers = [10**power for power in range(int(np.log10(most)) + 1)]
    counted = [Tick(up(power), power) for power in powers]
    return Drawing(labels, counted, Tick(across(MEMORIZED), MEMORIZED), bars, height=height, bottom=bottom)
