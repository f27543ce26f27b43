"""How do time and memory grow with examples, models, models per device, devices, depth and width?

An MLP on Fashion-MNIST, 2 epochs a model and the evaluation.  One thing changes at a time from: 6,000 training
examples, one hidden layer of 128, 2 devices, 8 models per device, 32 models.  Each point is a process of its own.  The
time leaves out the first call, which compiles; the memory is the largest of the process.

    python -m benchmarks.cost_curves
    python -m benchmarks.cost_curves --curves devices --epochs 1 --most 1

Draws benchmarks/figures/cost_{what}.png.
"""

import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.command import log, measure
from benchmarks.common.sides import Side, module, must_run
from benchmarks.common.tables import markdown, number, spread

COST = "about 6 minutes"
FIGURES = Path(__file__).parent / "figures"


@dataclass(frozen=True)
class Task:
    """What is trained."""

    examples: int = 6000
    models: int = 32
    pack: int = 8
    devices: int = 2
    depth: int = 1
    width: int = 128

    def side(self, epochs: int) -> Side:
        options = ["--dataset", "fashion_mnist", "--per-class", self.examples // 10, "--test-per-class", 100]
        options += ["--model", "mlp:" + ",".join([str(self.width)] * self.depth), "--keep", "correct"]
        options += ["--epochs", epochs, "--batch-size", 64, "--pack-size", self.pack, "--cpu-devices", self.devices]
        options += ["--calls", max(1, self.models // (self.pack * self.devices))]
        return Side("memjax", str(self), module("benchmarks.common.rate", *options))


CURVES: dict[str, tuple[int, ...]] = {
    "examples": (1500, 3000, 6000, 12000, 24000, 48000),
    "models": (16, 32, 64, 128),
    "pack": (1, 2, 4, 8, 16, 32),
    "devices": (1, 2),
    "depth": (1, 2, 4, 8),
    "width": (32, 128, 512, 1024),
}


@dataclass(frozen=True)
class Settings:
    """Which curves, and how exactly."""

    curves: tuple[str, ...] = tuple(CURVES)
    epochs: int = 2
    most: int | None = None
    """At most so many points of each curve, the first ones."""
    rounds: int = 1


class Point(NamedTuple):
    """Milliseconds a model and MiB of the process, an entry per round."""

    value: int
    models: int
    ms: list[float]
    peak_mib: list[float]


class Result(NamedTuple):
    """The points of each curve."""

    curves: dict[str, list[Point]]

    def __str__(self) -> str:
        rows = [["what", "value", "n", "ms a model: median (min to max)", "peak, MiB"]]
        for curve, points in self.curves.items():
            for point in points:
                peak = number(statistics.median(point.peak_mib))
                rows.append([curve, f"{point.value:,}", str(len(point.ms)), spread(point.ms), peak])
        return markdown(rows)

    def draw(self) -> None:
        for curve, points in self.curves.items():
            draw(curve, points)


def point_of(curve: str, value: int, settings: Settings) -> Point:
    task = replace(Task(), **{curve: value})
    if curve == "pack":
        task = replace(task, models=max(task.models, 2 * value * task.devices))
    results = [must_run(task.side(settings.epochs)) for _ in range(settings.rounds)]
    times, peaks = [1000 * result["model_s"] for result in results], [result["peak_mib"] for result in results]
    return Point(value, task.models, times, peaks)


def draw(curve: str, points: list[Point]) -> None:
    """Medians of time and memory side by side; time on a logarithmic axis where it grows more than four times."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    figure = Figure(figsize=(8, 3), layout="constrained")
    time, memory = figure.subplots(1, 2)
    values, whole = [point.value for point in points], curve == "models"
    times = [statistics.median(point.ms) * (point.models if whole else 1) for point in points]
    time.semilogx(values, times, "o-")
    memory.semilogx(values, [statistics.median(point.peak_mib) for point in points], "o-")
    for axes, label in ((time, "ms, all models" if whole else "ms a model"), (memory, "peak memory, MiB")):
        axes.set(xlabel=curve, ylabel=label)
        axes.set_xticks(values, [f"{value:,}" for value in values], rotation=30)
        axes.set_xticks([], minor=True)
        axes.set_ylim(bottom=0, top=1.1 * axes.get_ylim()[1])
    if max(times) > 4 * min(times):
        time.set(yscale="log", ylim=(min(times) / 1.3, max(times) * 1.3))
        time.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        time.yaxis.set_major_formatter("{x:g}")
        time.yaxis.set_minor_locator(LogLocator(subs=()))
    figure.savefig(FIGURES / f"cost_{curve}.png", dpi=120)


def run(settings: Settings) -> Result:
    curves: dict[str, list[Point]] = {curve: [] for curve in settings.curves}
    for curve, points in curves.items():
        for value in CURVES[curve][: settings.most]:
            points.append(point_of(curve, value, settings))
            log(curve=curve, **points[-1]._asdict())
    return Result(curves)


def main() -> None:
    measure(Settings, run).draw()


if __name__ == "__main__":
    main()
