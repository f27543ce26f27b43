"""How does the time to find the strong pairs grow with models, training and test examples?

One of the three grows at a time, from a quarter of --size to twice as many; the other two stay at half of   The
predictions are those of `influence_pairs`, and so are the two sides: every pair, and only pairs of one class.

    python -m benchmarks.influence_growth
    python -m benchmarks.influence_growth --rounds 1 --models 50 --train 1000 --test 200

Draws benchmarks/figures/influence_cost.png.
"""

import statistics
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.command import log, measure
from benchmarks.common.planted_pairs import Measured, SideName, Size, measured
from benchmarks.common.tables import markdown, number, spread

COST = "not measured"
FIGURE = Path(__file__).parent / "figures" / "influence_cost.png"
AXES = {"models": "models", "train": "train examples", "test": "test examples"}
SIDES: tuple[SideName, ...] = ("every_row", "same_class")


@dataclass(frozen=True)
class Settings:
    """How large, and how often."""

    size: Size = field(default_factory=Size)
    rounds: int = 5


class Point(NamedTuple):
    """What one side measured at one size, an entry per round; `value` is the number of `what`."""

    what: str
    value: int
    side: SideName
    rounds: list[Measured]


class Result(NamedTuple):
    """All points."""

    points: list[Point]

    def __str__(self) -> str:
        rows = [["what", "value", "side", "n", "s: median (min to max)", "peak, MiB"]]
        for what, value, side, rounds in self.points:
            cells = [spread(one.seconds for one in rounds), number(statistics.median(one.peak_mib for one in rounds))]
            rows.append([AXES[what], f"{value:,}", side, str(len(rounds)), *cells])
        return markdown(rows)

    def draw(self, path: Path) -> None:
        """Median seconds by each measure, on logarithmic axes."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 3), layout="constrained")
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (what, label) in zip(panels, AXES.items(), strict=True):
            for side in SIDES:
                own = [point for point in self.points if (point.what, point.side) == (what, side)]
                times = [statistics.median(one.seconds for one in point.rounds) for point in own]
                axes.loglog([point.value for point in own], times, "o-", label=side)
            values = sorted({point.value for point in self.points if point.what == what})
            axes.set_xticks(values, [f"{value:,}" for value in values], rotation=30)
            axes.minorticks_off()
            axes.set_xlabel(label)
        panels[0].set_ylabel("seconds")
        panels[0].legend()
        figure.savefig(path, dpi=120)


def run(settings: Settings) -> Result:
    half = replace(settings.size, **{what: getattr(settings.size, what) // 2 for what in AXES})
    points = []
    for what in AXES:
        for factor in (0.5, 1, 2, 4):
            size = replace(half, **{what: int(getattr(half, what) * factor)})
            for side in SIDES:
                rounds = [measured(side, size) for _ in range(settings.rounds)]
                points.append(Point(what, getattr(size, what), side, rounds))
                log(what=what, value=points[-1].value, side=side, seconds=[one.seconds for one in rounds])
    return Result(points)


def main() -> None:
    measure(Settings, run).draw(FIGURE)


if __name__ == "__main__":
    main()
