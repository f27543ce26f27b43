"""How many models a second, by the number of CPU devices and the number of models a pack?

Digits, MLP 64-128-10, the default recipe.  Each setting runs in a process of its own, in turn, several rounds, so that
a slow minute of the machine falls on all; the first call, which compiles, does not count.

    python -m benchmarks.devices_and_packs

Prints a JSON line a measurement and a table of medians.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import tyro

from memjax import environment
from memjax.config import RunConfig

SETTINGS = [(devices, pack) for devices in (1, 2) for pack in (1, 2, 4, 8, 16, 32)]
MODELS = 64  # timed in each process, after the first call


@dataclass(frozen=True)
class Benchmark:
    """Models a second by devices and pack size."""

    rounds: int = 3
    one: tuple[int, int] | None = None
    """Measure one setting, devices and pack size, in this process."""


def measure(devices: int, pack: int) -> float:
    """Milliseconds a model."""
    environment.start_jax(devices)
    from memjax import pipeline
    from memjax.data import load_dataset
    from memjax.subsets import make_design
    from memjax.training import examples_of, train_many

    config = RunConfig()
    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    single = pipeline.make_single(config, dataset, design)
    blocks = devices * (2 + MODELS // (devices * pack))
    packs = train_many(single, 0, design.masks, examples_of(dataset), range(blocks), pack)
    times = [time.monotonic() for _ in packs][::devices]
    # Packs of the first call are handed out when the second is under way: count from the second's.
    return 1000 * (times[-1] - times[0]) / ((len(times) - 1) * devices * pack)


def main(benchmark: Benchmark) -> None:
    if benchmark.one:
        print(measure(*benchmark.one))
        return
    found: dict[tuple[int, int], list[float]] = {setting: [] for setting in SETTINGS}
    for _ in range(benchmark.rounds):
        for devices, pack in SETTINGS:
            command = [sys.executable, "-m", "benchmarks.devices_and_packs", "--one", str(devices), str(pack)]
            milliseconds = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            found[devices, pack].append(milliseconds)
            print(json.dumps({"devices": devices, "pack": pack, "ms_a_model": round(milliseconds, 1)}), flush=True)
    best_of_one = min(statistics.median(found[setting]) for setting in SETTINGS if setting[0] == 1)
    print("| devices | models a pack | ms a model, median (min to max) | speed, best of one device = 1 |")
    print("|---|---|---|---|")
    for (devices, pack), times in found.items():
        middle, spread = statistics.median(times), f"{min(times):.1f} to {max(times):.1f}"
        print(f"| {devices} | {pack} | {middle:.1f} ({spread}) | {best_of_one / middle:.2f} |")
    print(f"n = {benchmark.rounds}, {environment.usable_cores()} cores, {environment.versions()}")


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
