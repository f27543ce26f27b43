"""How much sooner does memjax find the strong train-test pairs than the released script?

Two things make memjax faster: it trains models at once, and it needs fewer of them.  The released script trains one
model after the other (`benchmarks/peers/feldman_zhang_loop.py`) and takes differences of means of correctness.  memjax
trains the same network with the same optimiser, batches and epochs, in float32, and takes the lasso of probabilities
with a prior.  Both train on Fashion-MNIST, 200 training and 100 test images a class.

    python -m benchmarks.time_to_recall

Seconds a model are measured in turn.  Strong pairs, recall and the number of models that the script needs for the
recall of memjax's T models are as in `models_needed.py`, whose `--preset script` has all estimators.  The time is
seconds per model times models; for memjax its one compilation and the lasso come on top.  The script's own estimates
count as no time at all.
"""

import statistics
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.comparison import Comparison
from benchmarks.common.contestants import exported, loop_side, memjax_sides
from benchmarks.common.recall import (
    PRESETS,
    World,
    lasso_with_prior,
    make_world,
    mean_difference,
    models_for,
    on_all_tests,
    part_of,
    strong_pairs,
    strongest,
    varying,
)
from benchmarks.common.sides import Quantity, Turns, run_in_turn
from benchmarks.common.tables import markdown, number, spread
from benchmarks.common.workloads import FELDMAN_ZHANG
from memjax.machine import environment

COST = "not measured"
MODEL = Quantity("model_s", "s a model")
TRAINING = PRESETS["script"]
SIZES = (60, 125, 250)
THEIRS = "released script"


@dataclass(frozen=True)
class Settings:
    """How often, and from how many groups of models."""

    turns: Turns = field(default_factory=Turns)
    folder: Path = Path("runs/models_needed/script")
    devices: int = 2
    groups: int = 2
    """Groups of T models that recalls are means over."""


class Times(NamedTuple):
    """Seconds a model of either side, an entry per round; memjax's best way of training, and its compilation."""

    theirs: list[float]
    ours: list[float]
    how: str
    compilation: float


class Recalls(NamedTuple):
    """By number of models: recall of either side, an entry per group, and seconds of memjax's lasso."""

    theirs: dict[int, list[float]]
    ours: dict[int, list[float]]
    lasso: dict[int, float]


class Result(NamedTuple):
    """Times, recalls, and how well the models fit."""

    times: Times
    recalls: Recalls
    in_sample_accuracy: float

    def needed(self, size: int) -> float:
        """Models that the script needs for the recall of so many of memjax; where its curve ends, at least so many."""
        curve = {models: float(np.mean(values)) for models, values in self.recalls.theirs.items()}
        return min(models_for(float(np.mean(self.recalls.ours[size])), curve), max(curve))

    def __str__(self) -> str:
        rows = [["models of memjax", "n", "recall", "models of the script", "memjax, s", "script, s", "times faster"]]
        for size, values in self.recalls.ours.items():
            there = [self.needed(size) * each for each in self.times.theirs]
            here = [size * each + self.times.compilation + self.recalls.lasso[size] for each in self.times.ours]
            ratios = [slow / fast for slow, fast in zip(there, here, strict=False)]
            cells = [f"{np.mean(values):.3f}", number(self.needed(size))]
            cells += [number(statistics.median(each)) for each in (here, there)]
            rows.append([str(size), str(len(values)), *cells, spread(ratios)])
        curve = ", ".join(f"{size}: {np.mean(values):.3f}" for size, values in self.recalls.theirs.items())
        return (
            f"{markdown(rows)}\n\nrecall of the script by models: {curve}\n"
            f"s a model: script {spread(self.times.theirs)}, memjax {spread(self.times.ours)}, {self.times.how}, "
            f"n = {len(self.times.ours)} rounds; compilation {self.times.compilation:.1f} s\n"
            f"lasso, s: {', '.join(map(number, self.recalls.lasso.values()))}; "
            f"in-sample accuracy {self.in_sample_accuracy:.4f}"
        )


def measured_recalls(world: World, groups: int) -> Recalls:
    truth, _ = strong_pairs(world, part_of(world.truth, 0, len(world.truth.masks)), "all")
    targets, found = varying(world.candidates), Recalls({}, {}, {})

    def recall(influence: np.ndarray) -> float:
        return len(strongest(influence, world.counted["all"], world.num_strong) & truth) / world.num_strong

    for size in (*SIZES, 500, 1000):
        for group_number in range(min(groups, len(world.candidates.masks) // size)):
            group = part_of(world.candidates, group_number * size, (group_number + 1) * size)
            found.theirs.setdefault(size, []).append(recall(mean_difference(group, "correct")))
            if size in SIZES:
                started = time.perf_counter()
                weights = lasso_with_prior(group, world.dataset, targets)
                found.lasso[size] = time.perf_counter() - started
                found.ours.setdefault(size, []).append(recall(on_all_tests(weights, targets, world.dataset.num_test)))
                log(models=size, group=group_number, lasso_s=found.lasso[size], recall=found.ours[size][-1])
    return found


def measured_times(settings: Settings) -> Times:
    """Both sides in turn."""
    workload = replace(FELDMAN_ZHANG, data=TRAINING.config.data)
    with exported(workload.data) as data:
        loop = loop_side(data, workload.epochs, THEIRS)
        options = (*workload.ours(workload.epochs), "--calls", 2)
        sides = [loop, *memjax_sides(options, settings.devices, ("float32",), (1, 2, 4))]
        comparison = Comparison(run_in_turn(sides, settings.turns, MODEL), MODEL, ())
    side = comparison.best("memjax")
    if side is None or loop not in comparison.found:
        raise SystemExit("one of the sides did not run")
    compilation = statistics.median(result["first_s"] for result in comparison.found[side])
    return Times(comparison.times(loop), comparison.times(side), side.how, compilation)


def run(settings: Settings) -> Result:
    times = measured_times(settings)
    environment.start_jax(settings.devices)
    world = make_world(TRAINING, settings.folder)
    return Result(times, measured_recalls(world, settings.groups), world.in_sample_accuracy)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
