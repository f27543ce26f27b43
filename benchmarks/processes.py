"""How many times more models a second do two processes train than one, on one run folder?

Each process is bound to a core of its own and has one device, as hosts have what is theirs.  Whole runs of
`python -m memjax.run` on new folders: alone, as workers, and as hosts that met through jax.distributed.  Counted are
the models recorded after every process has its first block, so that neither imports nor compilation count; what two
trained twice counts as time.

    python -m benchmarks.processes
    python -m benchmarks.processes --rounds 10 --num-models 2048
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from benchmarks.sides import ROOT, Quantity, Side, Turns, against, facts, module, run_in_turn, table
from memjax import store

MODEL = Quantity("model_s", "ms a model", 1000, "models/s")
WAYS = {"one process": 1, "two workers": 2, "two hosts": 2}
BAR = 1.9


@dataclass(frozen=True)
class Benchmark:
    """Models a second of two processes against one."""

    turns: Turns = field(default_factory=lambda: Turns(drop=float("inf")))
    num_models: int = 1024
    model: str = "mlp:128"
    """On digits."""
    way: str = ""
    """Only this way, once, here: one of the sides."""


def told(way: str, count: int) -> list[tuple[str, ...]]:
    """What each process is told of who it is."""
    if way == "two hosts":
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{listener.getsockname()[1]}"
        return [("--distributed", f"{address},{count},{index}") for index in range(count)]
    return [("--worker", f"{index}/{count}") for index in range(count)]


def seconds_a_model(benchmark: Benchmark) -> dict[str, float]:
    """Runs one way and returns what is compared."""
    count = WAYS[benchmark.way]
    cores = sorted(os.sched_getaffinity(0))[:count]
    options = ("--num-models", benchmark.num_models, "--model", benchmark.model, "--cpu-devices", 1, "--quiet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run")
        processes = []
        for core, who in zip(cores, told(benchmark.way, count), strict=True):
            os.sched_setaffinity(0, {core})  # which the process that is started inherits
            command = module("memjax.run", "--run", path, *options, *who)
            processes.append(subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr))
        if any(codes := [process.wait() for process in processes]):
            raise SystemExit(f"exit codes {codes}")
        return measured(path, count)


def measured(folder: Path, count: int) -> dict[str, float]:
    """Seconds a model from when each process has its first block: the first of those dealt to it."""
    plan = store.read_plan(folder)
    assert plan is not None
    times = {number: store.record_path(folder, number).stat().st_mtime for number in plan.blocks}
    start = max(min(time for number, time in times.items() if number % count == index) for index in range(count))
    counted = sum(time > start for time in times.values()) * plan.pack_size
    return {"model_s": (max(times.values()) - start) / counted, "models": counted}


def main(benchmark: Benchmark) -> None:
    if benchmark.way:
        print(json.dumps(seconds_a_model(benchmark)))
        return
    options = ("--num-models", benchmark.num_models, "--model", benchmark.model)
    sides = [Side(way, benchmark.model, module("benchmarks.processes", "--way", way, *options)) for way in WAYS]
    found = run_in_turn(sides, benchmark.turns, MODEL)
    print(f"\n{table(found, MODEL)}\n")
    for way in ("two workers", "two hosts"):
        print(against(found, MODEL, way, "one process", BAR))
    print(facts())


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
