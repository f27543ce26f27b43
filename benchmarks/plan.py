"""How near does the time that `doctor --plan` predicts come to the time that the run takes?

`doctor --plan` and the run itself are processes of their own, in turn.  A run is compared with the mean of the plans
before and after it, so that a slow minute of the machine falls on both.  The run's time of training is that from the
first round of blocks to the last block, by the times of their records, scaled up to all rounds.  Imports, compilation
and estimates are no part of the plan.

    python -m benchmarks.plan
    python -m benchmarks.plan --rounds 1 --num-models 64 --networks mlp:128
"""

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.common.command import log, measure
from benchmarks.common.machine import ROOT
from benchmarks.common.sides import module
from benchmarks.common.tables import markdown, spread
from memjax import store

COST = "not measured"
WITHIN = 0.2


@dataclass(frozen=True)
class Settings:
    """How often, and what."""

    rounds: int = 5
    num_models: int = 1024
    networks: tuple[str, ...] = ("mlp:128", "mlp:512,256")
    """The networks, on digits."""


class Times(NamedTuple):
    """Seconds of one network: one more plan than runs."""

    planned: list[float]
    took: list[float]

    @property
    def ratios(self) -> list[float]:
        """What a run took over what was planned."""
        around = pairwise(self.planned)
        return [took / statistics.mean(plans) for plans, took in zip(around, self.took, strict=True)]


class Result(NamedTuple):
    """Times by network."""

    networks: dict[str, Times]

    def __str__(self) -> str:
        rows = [["network", "n", "planned, s", "took, s", "took / planned", "within 20 %"]]
        for network, times in self.networks.items():
            near = sum(abs(ratio - 1) <= WITHIN for ratio in times.ratios)
            cells = map(spread, (times.planned, times.took, times.ratios))
            rows.append([network, str(len(times.took)), *cells, f"{near} of {len(times.took)}"])
        return markdown(rows)


def planned(options: tuple[object, ...]) -> dict[str, Any]:
    """What the plan says of the costs."""
    command = module("memjax.run", "doctor", "--plan", "--json", *options)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])["costs"]


def trained(options: tuple[object, ...], devices: int) -> float:
    """Seconds that the run trains."""
    with tempfile.TemporaryDirectory() as folder:
        command = module("memjax.run", "--run", folder + "/run", "--quiet", *options)
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
        return seconds_of_training(Path(folder, "run"), devices)


def seconds_of_training(folder: Path, devices: int) -> float:
    """From the times at which the blocks were recorded; the first round counts like any other."""
    finished = store.finished_blocks(folder)
    times = sorted(store.record_path(folder, number).stat().st_mtime for number in finished)
    rounds = -(-len(times) // devices)
    return (times[-1] - times[devices - 1]) * rounds / (rounds - 1)


def run(settings: Settings) -> Result:
    networks = {}
    for network in settings.networks:
        options = ("--num-models", settings.num_models, "--model", network)
        costs = planned(options)
        times = networks[network] = Times([costs["seconds"]], [])
        for number in range(settings.rounds):
            times.took.append(trained(options, costs["devices"]))
            times.planned.append(planned(options)["seconds"])
            log(round=number, network=network, planned=times.planned[-2:], took=times.took[-1])
    return Result(networks)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
