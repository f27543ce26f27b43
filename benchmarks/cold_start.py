"""How long does the main job take from a cold start?

A new process, a new folder and nothing compiled: imports, compilation, training, estimates and report.

    python -m benchmarks.cold_start --runs 5
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.common.command import log, measure
from benchmarks.common.sides import module
from benchmarks.common.tables import spread

COST = "1.5 minutes: 5 runs of 18 s"


@dataclass(frozen=True)
class Settings:
    """How often, and what."""

    runs: int = 5
    num_models: int = 512


class Result(NamedTuple):
    """Seconds of each run."""

    seconds: list[float]

    def __str__(self) -> str:
        return f"{spread(self.seconds)} s, n = {len(self.seconds)}: median (min to max)"


def run(settings: Settings) -> Result:
    times = []
    for number in range(settings.runs):
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            command = module("memjax.run", "--run", f"{folder}/run", "--num-models", settings.num_models)
            cold = os.environ | {"XDG_CACHE_HOME": f"{folder}/cache"}  # compiled programs of earlier runs are elsewhere
            subprocess.run(command, env=cold, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
            times.append(time.monotonic() - started)
        log(run=number, seconds=round(times[-1], 1))
    return Result(times)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
