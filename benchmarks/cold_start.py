"""How long does the main job take from a cold start: a new process, a new folder, nothing compiled?

    python -m benchmarks.cold_start --runs 5

Prints a JSON line a run and the median.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import tyro

from benchmarks.sides import facts


@dataclass(frozen=True)
class Benchmark:
    """The main job from a cold start."""

    runs: int = 5


def main(benchmark: Benchmark) -> None:
    times = []
    for number in range(benchmark.runs):
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            command = [sys.executable, "-m", "memjax.run", "--run", f"{folder}/run"]
            cold = os.environ | {"XDG_CACHE_HOME": f"{folder}/cache"}  # compiled programs of earlier runs are there
            subprocess.run(command, env=cold, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times.append(time.monotonic() - started)
        print(json.dumps({"run": number, "seconds": round(times[-1], 1)}), flush=True)
    middle, low, high = statistics.median(times), min(times), max(times)
    print(f"median {middle:.1f} s ({low:.1f} to {high:.1f}, n = {len(times)})\n{facts()}")


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
