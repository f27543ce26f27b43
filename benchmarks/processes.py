"""How many times more models per second do two processes train than one, on one run folder?

Each process is bound to a core of its own and has one device.  Whole runs of `python -m memjax.run` on new folders: one
process and two workers.  Models are counted from when each process has finished its first block, so that neither
imports nor compilation count; the time of blocks trained twice counts.

    python -m benchmarks.processes
    python -m benchmarks.processes --rounds 10 --num-models 2048
    python -m benchmarks.processes --rounds 1 --num-models 64
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common.command import measure
from benchmarks.common.comparison import Comparison
from benchmarks.common.machine import ROOT
from benchmarks.common.sides import Quantity, Side, Turns, module, one_call, run_in_turn
from memjax import store

COST = "9 minutes: 5 rounds of 102 s"
MODEL = Quantity("model_s", "ms a model", 1000, "models/s")
ONE, WORKERS = "one process", "two workers"
WAYS = {ONE: 1, WORKERS: 2}  # and how many processes


@dataclass(frozen=True)
class Settings:
    """What is compared."""

    turns: Turns = field(default_factory=lambda: Turns(drop=float("inf")))
    num_models: int = 1024
    model: str = "mlp:128"
    """The network, on digits."""


def seconds_a_model(way: str, num_models: int, model: str) -> dict[str, float]:
    """Trains in one way; called in a process of its own, since it binds that to a core."""
    cores = sorted(os.sched_getaffinity(0))[: WAYS[way]]
    options = ("--num-models", num_models, "--model", model, "--cpu-devices", 1, "--quiet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run")
        processes = []
        for index, core in enumerate(cores):
            os.sched_setaffinity(0, {core})  # the process that is started inherits it
            command = module("memjax.run", "--run", path, *options, "--worker", f"{index}/{len(cores)}")
            processes.append(subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr))
        if any(codes := [process.wait() for process in processes]):
            raise SystemExit(f"exit codes {codes}")
        return measured(path, WAYS[way])


def measured(folder: Path, count: int) -> dict[str, float]:
    """Seconds a model from when each process has the first of the blocks dealt to it."""
    plan = store.read_plan(folder)
    assert plan is not None
    times = {number: store.record_path(folder, number).stat().st_mtime for number in plan.blocks}
    start = max(min(time for number, time in times.items() if number % count == index) for index in range(count))
    counted = sum(time > start for time in times.values()) * plan.pack_size
    return {"model_s": (max(times.values()) - start) / counted, "models": counted}


def run(settings: Settings) -> Comparison:
    given = {"num_models": settings.num_models, "model": settings.model}
    function = "benchmarks.processes:seconds_a_model"
    sides = [Side(way, settings.model, one_call(function, way=way, **given)) for way in WAYS]
    found = run_in_turn(sides, settings.turns, MODEL)
    return Comparison(found, MODEL, ((WORKERS, ONE),))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
