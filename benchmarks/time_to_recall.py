"""How long does it take to find the strong train-test pairs, against the released script?

All that makes memjax fast, together: models trained at once, and fewer of them.  The released script trains one model
after the other (`peers/feldman_zhang_loop.py`) and takes differences of means of correctness; memjax trains the same
network with the same optimiser, batches and epochs, in float32, and takes the lasso of probabilities with a prior.  On
Fashion-MNIST, 200 training and 100 test images a class.

    python -m benchmarks.time_to_recall

Seconds a model, in turn; strong pairs, recall and the number of models that the script needs for the recall of memjax's
T models as in `models_needed.py`, whose `--preset script` has all estimators.  Time: seconds a model times models; for
memjax its one compilation and the lasso too.  The script's own estimates count as no time at all.
"""

import json
import statistics
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tyro

from benchmarks.contestants import exported, memjax_sides
from benchmarks.recall import (
    PRESETS,
    World,
    make_world,
    mean_difference,
    models_for,
    part_of,
    prior_of,
    spread_out,
    strong_pairs,
    strongest,
    varying,
)
from benchmarks.sides import Quantity, Side, Turns, best, facts, markdown, module, run_in_turn
from benchmarks.workloads import FELDMAN_ZHANG
from memjax.estimators.linear.datamodels import datamodels
from memjax.machine import environment

MODEL = Quantity("model_s", "s a model")
SETTING = PRESETS["script"]
SIZES = (60, 125, 250)
THEIRS = "released script"


@dataclass(frozen=True)
class Benchmark:
    """Time to a given recall."""

    turns: Turns = field(default_factory=Turns)
    folder: Path = Path("runs/models_needed/script")
    devices: int = 2
    groups: int = 2
    """Groups of T models that recalls are means over."""


def recalls(world: World, groups: int) -> tuple[dict[int, list[float]], dict[int, list[float]], dict[int, float]]:
    """By number of models: recall of the script's estimator, recall of memjax's, and seconds of the latter."""
    truth, _ = strong_pairs(world, part_of(world.truth, np.s_[:]), "all")
    targets, counted = varying(world.candidates), world.counted["all"]
    theirs: dict[int, list[float]] = {}
    ours: dict[int, list[float]] = {}
    seconds: dict[int, float] = {}

    def recall(influence: np.ndarray) -> float:
        return len(strongest(influence, counted, world.num_strong) & truth) / world.num_strong

    for size in (*SIZES, 500, 1000):
        for number in range(min(groups, len(world.candidates.masks) // size)):
            group = part_of(world.candidates, np.s_[number * size : (number + 1) * size])
            theirs.setdefault(size, []).append(recall(mean_difference(group.masks, group.test["correct"])))
            if size in SIZES:
                started = time.perf_counter()
                outputs, factors = group.test["probability"][:, targets], prior_of(group, world.dataset, targets)
                weights = np.asarray(datamodels(group.masks, outputs, factors=factors).weights)
                seconds[size] = time.perf_counter() - started
                print(f"{size} models, group {number}: {seconds[size]:.1f} s", file=sys.stderr)
                ours.setdefault(size, []).append(recall(spread_out(weights, targets, world.dataset.num_test)))
    return theirs, ours, seconds


class Times(NamedTuple):
    """Seconds a model, a round an entry, of either side; memjax's best way of training, and its compilation."""

    theirs: list[float]
    ours: list[float]
    how: str
    compilation: float


def timed(benchmark: Benchmark) -> Times:
    """Both sides in turn."""
    workload = replace(FELDMAN_ZHANG, data=SETTING.config.data)
    with exported(workload.data) as data:
        loop = Side(THEIRS, "one model", module("benchmarks.peers.feldman_zhang_loop", "--data", data))
        options = (*workload.ours(workload.epochs), "--calls", 2)
        found = run_in_turn(
            [loop, *memjax_sides(options, benchmark.devices, ("float32",), (1, 2, 4))], benchmark.turns, MODEL
        )
    side = best(found, MODEL, "memjax")
    if side is None or loop not in found:
        raise SystemExit("one of the sides did not run")
    theirs, ours = ([result["model_s"] for result in found[one]] for one in (loop, side))
    return Times(theirs, ours, side.how, statistics.median(result["first_s"] for result in found[side]))


def main(benchmark: Benchmark) -> None:
    times = timed(benchmark)
    environment.start_jax(benchmark.devices)
    world = make_world(SETTING, benchmark.folder, "fixed-size")
    fitted, tested = world.truth.train["correct"][world.truth.masks].mean(), world.truth.test["correct"].mean()
    theirs, ours, seconds = recalls(world, benchmark.groups)
    curve = {size: float(np.mean(values)) for size, values in theirs.items()}
    rows = [["models of memjax", "recall", "models of the script", "memjax, s", "script, s", "times faster"]]
    for size, values in ours.items():
        needed = min(models_for(float(np.mean(values)), curve), max(curve))  # where their curve ends: at least so many
        there = [needed * each for each in times.theirs]
        here = [size * each + times.compilation + seconds[size] for each in times.ours]
        ratios = [slow / fast for slow, fast in zip(there, here, strict=False)]
        print(json.dumps({"models": size, "recall": values, "needed": needed, "times_faster": ratios}), flush=True)
        middle = (f"{statistics.median(each):.0f}" for each in (here, there))
        spread = f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        rows.append([str(size), f"{np.mean(values):.3f} (n = {len(values)})", f"{needed:.0f}", *middle, spread])
    print(markdown(rows))
    print(f"recall of the script by models: {', '.join(f'{size}: {value:.3f}' for size, value in curve.items())}")
    print(f"s a model: {statistics.median(times.theirs):.3f}, and {statistics.median(times.ours):.3f}, {times.how}")
    print(f"compilation {times.compilation:.1f} s; lasso {', '.join(f'{each:.1f}' for each in seconds.values())} s")
    print(f"in-sample accuracy {fitted:.4f}, test {tested:.4f}; n = {len(times.ours)} rounds\n{facts()}")


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
