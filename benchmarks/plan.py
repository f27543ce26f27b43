"""How far is the plan of a run from the run?

`doctor --plan` and the run itself, each a process of its own, in turn; a run is held against the mean of the plans
before and after it, so that a slow minute of the machine falls on both.  The run's time of training is that from the
first round of blocks to the last block, by the times of their records, for as many rounds as it has; imports,
compilation and estimates are no part of the plan.

    python -m benchmarks.plan
    python -m benchmarks.plan --rounds 10 --num-models 1024
"""

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import tyro

from benchmarks.sides import ROOT, facts, markdown, module
from memjax import store

WITHIN = 0.2


@dataclass(frozen=True)
class Benchmark:
    """A plan against its run."""

    rounds: int = 5
    num_models: int = 1024
    networks: tuple[str, ...] = field(default=("mlp:128", "mlp:512,256"))
    """The networks, on digits."""


def planned(options: tuple[object, ...]) -> dict[str, Any]:
    """What is said before."""
    done = subprocess.run(
        module("memjax.run", "doctor", "--plan", "--json", *options), cwd=ROOT, capture_output=True, check=True
    )
    return json.loads(done.stdout)["costs"]


def trained(options: tuple[object, ...], devices: int) -> float:
    """Seconds that the run then trains."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            module("memjax.run", "--run", folder + "/run", "--quiet", *options), cwd=ROOT, stdout=sys.stderr, check=True
        )
        return seconds_of_training(Path(folder, "run"), devices)


def seconds_of_training(folder: Path, devices: int) -> float:
    """From the times at which the blocks were recorded; the time before the first round is that of a round."""
    finished = store.finished_blocks(folder)
    times = sorted(store.record_path(folder, number).stat().st_mtime for number in finished)
    rounds = -(-len(times) // devices)
    return (times[-1] - times[devices - 1]) * rounds / (rounds - 1)


def main(benchmark: Benchmark) -> None:
    rows = [["network", "n", "planned, s", "took, s", "took / planned", "within 20 %"]]
    for network in benchmark.networks:
        options = ("--num-models", benchmark.num_models, "--model", network)
        costs = planned(options)
        plans, times = [costs["seconds"]], []
        for number in range(benchmark.rounds):
            times.append(trained(options, costs["devices"]))
            plans.append(planned(options)["seconds"])
            line = {"round": number, "network": network, "planned": plans[-2:], "took": times[-1]}
            print(json.dumps(line), flush=True)
        ratios = [took / statistics.mean(around) for around, took in zip(pairwise(plans), times, strict=True)]
        near = sum(abs(ratio - 1) <= WITHIN for ratio in ratios)
        rows.append([network, str(len(ratios)), *map(_spread, (plans, times, ratios)), f"{near} of {len(ratios)}"])
    print(f"\n{markdown(rows)}\n\n{facts()}")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
