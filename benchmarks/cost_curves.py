"""How do time and memory grow with examples, models, pack size, devices, depth and width?

An MLP on Fashion-MNIST, 2 epochs a model and the evaluation, one thing changed at a time from: 6,000 training examples,
one hidden layer of 128, 2 devices, 8 models a pack, 32 models.  Each point is a process of its own; time is that of the
models after the first call, which compiles; memory is the largest of the process (with jax alone it is about 0.3 GiB).

    python -m benchmarks.cost_curves            about 6 minutes

Prints a JSON line a point and a table; draws benchmarks/figures/cost_{what}.png if matplotlib is there.
"""

import json
import statistics
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from benchmarks.sides import Side, facts, markdown, module, run_side

FIGURES = Path(__file__).parent / "figures"


@dataclass(frozen=True)
class Point:
    """One setting of the MLP."""

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
        return Side("memjax", str(self), module("benchmarks.rate", *options))


CURVES: dict[str, tuple[int, ...]] = {
    "examples": (1500, 3000, 6000, 12000, 24000, 48000),
    "models": (16, 32, 64, 128),
    "pack": (1, 2, 4, 8, 16, 32),
    "devices": (1, 2),
    "depth": (1, 2, 4, 8),
    "width": (32, 128, 512, 1024),
}


@dataclass(frozen=True)
class Benchmark:
    """Time and memory as the task grows."""

    curves: tuple[str, ...] = tuple(CURVES)
    epochs: int = 2
    most: int | None = None
    """Only so many points of each curve, the first ones."""
    rounds: int = 1


def measure(curve: str, value: int, benchmark: Benchmark) -> dict[str, float]:
    """One point: seconds of all its models and peak memory, medians over rounds."""
    point = replace(Point(), **{curve: value})
    if curve == "pack":
        point = replace(point, models=max(point.models, 2 * value * point.devices))
    results = [run_side(point.side(benchmark.epochs)) for _ in range(benchmark.rounds)]
    if failed := [result for result in results if "failed" in result]:
        return {"value": value, **failed[0]}
    middle = {name: statistics.median(result[name] for result in results) for name in ("model_s", "peak_mib")}
    times = [result["model_s"] for result in results]
    total = middle["model_s"] * point.models
    return {"value": value, **middle, "total_s": total, "fastest_s": min(times), "slowest_s": max(times)}


def rows_of(curve: str, found: list[dict[str, float]]) -> list[list[str]]:
    """The table's rows of a curve; growth is the time a model against that of the first point."""
    rows = []
    for point in found:
        seconds, first = point["model_s"], found[0]
        spread = f"{1000 * point['fastest_s']:.3g} to {1000 * point['slowest_s']:.3g}"
        cells = [f"{1000 * seconds:.3g}", spread, f"{point['total_s']:.3g}", f"{point['peak_mib']:.0f}"]
        growth = f"x {point['value'] / first['value']:g}: x {seconds / first['model_s']:.2f}"
        rows.append([curve, f"{point['value']:g}", *cells, growth])
    return rows


def draw(curve: str, found: list[dict[str, float]]) -> None:
    """Time and memory side by side; time on a logarithmic axis where it grows much."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator
    except ImportError:
        return
    figure = Figure(figsize=(8, 3), layout="constrained")
    time, memory = figure.subplots(1, 2)
    values = [point["value"] for point in found]
    key, name = ("total_s", "ms, all models") if curve == "models" else ("model_s", "ms a model")
    times = [1000 * point[key] for point in found]
    time.semilogx(values, times, "o-")
    memory.semilogx(values, [point["peak_mib"] for point in found], "o-")
    for axes, label in ((time, name), (memory, "peak memory, MiB")):
        axes.set(xlabel=curve, ylabel=label)
        axes.set_xticks(values, [f"{value:,}" for value in values], rotation=30)
        axes.set_xticks([], minor=True)
        axes.set_ylim(bottom=0, top=1.1 * axes.get_ylim()[1])
    if max(times) > 4 * min(times):
        time.set(yscale="log", ylim=(min(times) / 1.3, max(times) * 1.3))
        time.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        time.yaxis.set_major_formatter("{x:g}")
        time.yaxis.set_minor_locator(LogLocator(subs=()))
    FIGURES.mkdir(exist_ok=True)
    figure.savefig(FIGURES / f"cost_{curve}.png", dpi=120)


def main(benchmark: Benchmark) -> None:
    rows = [["what", "value", "ms a model", "min to max", "s in all", "peak MiB", "growth"]]
    for curve in benchmark.curves:
        found = []
        for value in CURVES[curve][: benchmark.most]:
            found.append(measure(curve, value, benchmark))
            print(json.dumps({"curve": curve} | found[-1]), flush=True)
        found = [point for point in found if "failed" not in point]
        rows += rows_of(curve, found)
        draw(curve, found)
    print(f"\n{markdown(rows)}\n\nn = {benchmark.rounds} a point\n{facts()}")


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
