"""Whole runs that are killed or asked to stop at random moments, and resumed with other numbers of devices and workers.

The runs use jax; this program does not.
"""

import random
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

from memjax import store
from tests.faults.broken import STORES
from tests.faults.folder import Tally, contents

OPTIONS = [
    "--num-models", "48", "--per-class", "20", "--test-per-class", "5", "--epochs", "60", "--pack-size", "4",
    "--model", "mlp:32",
]  # fmt: skip
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
SOON, AT_ONCE = 20.0, 2.0  # seconds
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGUSR1: 75}


def killed_runs(count: int, place: Path, broken: str = "") -> Tally:
    """Kills `count` runs of one to three workers with two or three devices.  The final files must be the same bits."""
    rng, total, number = random.Random(3), Tally(), 0
    started = time.monotonic()
    _finish(place / "whole")
    took = time.monotonic() - started
    while total.tried < count:
        folder, there = place / str(number), dict[int, int]()
        number += 1
        for _ in range(min(3, count - total.tried)):
            workers = _workers(folder, rng, broken)
            _wait(folder, workers, rng, took)
            for process in workers:
                process.kill()
                process.communicate()
            found, there = _judge(folder, there)
            total += found + Tally(len(workers))
        _finish(folder)
        total += Tally(0, 0, _content(folder) != _content(place / "whole"))
    return total


def stopped_runs(count: int, place: Path, broken: str = "") -> Tally:
    """Asks `count` runs to stop, every other one twice.

    They must exit soon, with the signal's code and a message, and lose nothing.
    """
    rng, total, folder = random.Random(4), Tally(), place / "run"
    there = dict[int, int]()
    for turn in range(count):
        process = _start(folder, "--num-models", "100000", broken=broken)
        time.sleep(3 + 6 * rng.random())
        asked = time.monotonic()
        asked_by = rng.choice(SIGNALS)
        for _ in range(1 + turn % 2):
            process.send_signal(asked_by)
            time.sleep(0.3)
        _, err = process.communicate(timeout=120)
        in_time = time.monotonic() - asked < (AT_ONCE if turn % 2 else SOON)
        said = "continues from there" in err and "Traceback" not in err
        found, there = _judge(folder, there)
        total += found + Tally(1, 0, not (process.returncode == CODES[asked_by] and said and in_time))
    return total


def _start(folder: Path, *options: str, broken: str = "") -> subprocess.Popen:
    program = ["-m", "tests.faults.runs", broken] if broken else ["-m", "memjax.run"]
    command = [sys.executable, *program, "--run", str(folder), *OPTIONS, *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _workers(folder: Path, rng: random.Random, broken: str) -> list[subprocess.Popen]:
    count = rng.choice([1, 1, 2, 3])
    devices = str(rng.choice([2, 3]))
    options = [("--worker", f"{worker}/{count}", "--cpu-devices", devices) for worker in range(count)]
    return [_start(folder, *own, broken=broken) for own in options]


def _wait(folder: Path, workers: list[subprocess.Popen], rng: random.Random, took: float) -> None:
    """Waits for a random moment: during the start, or shortly after some more blocks are finished."""
    before, more = len(store.finished_blocks(folder)), rng.choice([0, 1, 3])
    while len(store.finished_blocks(folder)) < before + more and any(process.poll() is None for process in workers):
        time.sleep(0.02)
    time.sleep(took * (0.2 if more else 0.8) * rng.random())


def _finish(folder: Path) -> None:
    process = _start(folder)
    _, err = process.communicate()
    assert process.returncode == 0, err


def _judge(folder: Path, before: dict[int, int]) -> tuple[Tally, dict[int, int]]:
    """Blocks that are lost or were written again, problems that `verify` finds, and when each block was written."""
    if not (folder / "plan.json").exists():
        return Tally(0, len(before), 0), {}
    times = {number: store.record_path(folder, number).stat().st_mtime_ns for number in store.finished_blocks(folder)}
    problems = [finding for finding in store.verify(folder) if finding.kind == "problem"]
    return Tally(0, len(before.items() - times.items()), len(problems)), times


def _content(folder: Path) -> list[object]:
    return [contents(folder), (folder / "estimates.npz").read_bytes(), (folder / "pairs.npz").read_bytes()]


if __name__ == "__main__":
    STORES[sys.argv.pop(1)]()
    sys.argv[0] = "memjax.run"
    runpy.run_module("memjax.run", run_name="__main__")
