"""Learning speed against memorization, and loss trajectories, as the shapes that the page's template draws."""

from functools import partial

import numpy as np
from jaxtyping import Float

from memjax.report.page.dynamics import MeanCurves, easiest_and_hardest, largest, typical
from memjax.report.page.figures import (
    BOTTOM,
    LEFT,
    MEMORIZED,
    RIGHT,
    TOP,
    Cell,
    Drawing,
    Line,
    Tick,
    along,
    ends,
    places_on,
)

COLUMNS, ROWS = 60, 36
EPOCH_TICKS = (0, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)


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
