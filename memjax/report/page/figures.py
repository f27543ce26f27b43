"""Figures as the shapes that the page's template draws: memorization, learning speed, and trajectories of the loss."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from memjax.report.page.dynamics import MeanCurves, easiest_and_hardest, largest, typical

NUM_BINS = 18
MEMORIZED = 0.25  # from here on Feldman and Zhang call an example memorized
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800.0, 340.0, 58.0, 776.0, 34.0, 292.0
SMALLEST_SHOWN = 0.5  # where the logarithmic axis begins, so that a count of one is a visible bar
COLUMNS, ROWS = 60, 36
EPOCH_TICKS = (0, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)


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


class Tick(NamedTuple):
    """A labelled place on an axis."""

    position: float
    value: float


class Cell(NamedTuple):
    """A rectangle for some examples: a bar of a histogram with its range of values, or a cell of a plane."""

    count: int
    x: float
    y: float
    width: float
    height: float
    opacity: float = 1.0  # higher where a cell of a plane has more examples
    start: float = np.nan
    stop: float = np.nan


class Line(NamedTuple):
    """A line; `kind` is easy, hard or typical."""

    kind: str
    points: str


class Drawing(NamedTuple):
    """What the template needs to draw a figure, in SVG units."""

    x_ticks: list[Tick]
    y_ticks: list[Tick]
    threshold: Tick | None = None
    cells: Sequence[Cell] = ()
    lines: Sequence[Line] = ()
    points: Sequence[tuple[float, float, str, str]] = ()  # place, kind, and the title that the pointer shows
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

    cells = []
    for start, stop, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
        y = up(max(count, SMALLEST_SHOWN))
        width = across(stop) - across(start) - 2
        cells.append(Cell(count, across(start), y, width, bottom - y, start=start, stop=stop))
    labels = [Tick(across(value), value) for value in places_on(edges[0], edges[-1])]
    counted = [Tick(up(power), power) for power in (10**digit for digit in range(int(np.log10(most)) + 1))]
    return Drawing(labels, counted, Tick(across(MEMORIZED), MEMORIZED), cells, height=height, bottom=bottom)


def speed_drawing(learned: Float[np.ndarray, " train"], mem: Float[np.ndarray, " train"]) -> Drawing:
    """Counts of examples on a grid of learning speed (logarithmic) and memorization.

    Undefined values are left out.
    """
    known = np.isfinite(learned) & np.isfinite(mem)
    across, up = np.log1p(learned[known].astype(np.float64)), mem[known].astype(np.float64)
    low, high = (float(across.min()), float(across.max())) if len(across) else (0.0, 1.0)
    high = high if high > low else low + 1
    floor, ceiling = ends(up)
    counts, _, _ = np.histogram2d(across, up.clip(max=ceiling), (COLUMNS, ROWS), ((low, high), (floor, ceiling)))
    width, height = (RIGHT - LEFT) / COLUMNS, (BOTTOM - TOP) / ROWS
    most = np.log1p(max(1, counts.max(initial=1)))
    cells = [
        Cell(
            int(counts[column, row]), round(LEFT + column * width, 2), round(BOTTOM - (row + 1) * height, 2),
            round(width, 2), round(height, 2), round(0.25 + 0.75 * float(np.log1p(counts[column, row]) / most), 2),
        )
        for column, row in np.argwhere(counts).tolist()
    ]  # fmt: skip
    x, y = partial(along, low, high, LEFT, RIGHT), partial(along, floor, ceiling, BOTTOM, TOP)
    ticks = [epoch for epoch in EPOCH_TICKS if low - 1e-9 <= np.log1p(epoch) <= high + 1e-9]
    return Drawing(
        [Tick(x(np.log1p(epoch)), epoch) for epoch in ticks],
        [Tick(y(value), value) for value in places_on(floor, ceiling)], Tick(y(MEMORIZED), MEMORIZED), cells=cells,
    )  # fmt: skip


def trajectory_drawing(curves: MeanCurves, side: str) -> Drawing:
    """The trajectories of the easiest and the hardest examples on a side, and the mean of all; heights are roots."""
    easiest, hardest = easiest_and_hardest(curves, side)
    mean = curves.mean[side]
    groups = [("easy", mean[easiest]), ("hard", mean[hardest]), ("typical", typical(mean)[None])]
    top = max(*(largest(values) for _, values in groups), 1e-6)
    first, last = float(curves.epochs[0]), float(max(curves.epochs[-1], curves.epochs[0] + 1))
    x = partial(along, first, last, LEFT, RIGHT)

    def y(value: float) -> float:
        return along(0.0, 1.0, BOTTOM, TOP, np.sqrt(value / top))

    lines = [
        Line(kind, " ".join(f"{x(epoch)},{y(value)}" for epoch, value in zip(curves.epochs.tolist(), row, strict=True)))
        for kind, rows in groups
        for row in rows.tolist()
        if np.isfinite(row).all()
    ]
    ticks = [Tick(x(epoch), epoch) for epoch in _whole_ticks(first, last)]
    return Drawing(ticks, [Tick(y(value), value) for value in root_ticks(top)], lines=lines)


def root_ticks(top: float) -> list[float]:
    """Round values for a square-root axis from 0 to `top`, far enough apart to be labelled."""
    apart, ticks = 0.1 * np.sqrt(top), list[float]()
    for value in (float(f"{digit}e{power}") for power in range(5, -6, -1) for digit in (5, 2, 1)):
        if apart < np.sqrt(value) <= np.sqrt(top) and (not ticks or np.sqrt(ticks[-1]) - np.sqrt(value) > apart):
            ticks.append(value)
    return [0.0, *reversed(ticks)]


def _whole_ticks(first: float, last: float) -> list[float]:
    steps = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
    step = next(step for step in steps if (last - first) / step <= 10)
    return [float(epoch) for epoch in range(-(-int(first) // step) * step, int(last) + 1, step)]
