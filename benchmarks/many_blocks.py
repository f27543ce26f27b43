"""How does the time of each command grow with the number of blocks in a run folder?

Blocks of one made-up model each, of a small data set, so that time is spent on files and not on numbers.  A command is
linear where its slope is 1: ten times the blocks, ten times the seconds.

    python -m benchmarks.many_blocks
    python -m benchmarks.many_blocks --blocks 1000 10000

`again` is the command that trains and estimates, where nothing is left to do.  `verify` reads every byte.  Files are
not flushed to disk while the folder is made, and are in the memory of the operating system when they are read.
"""

import contextlib
import io
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown, number
from memjax import run as command_line
from memjax import store
from memjax.runs.publish import export

COST = "not measured"
TRAIN, TEST, CLASSES = 20, 10, 2


@dataclass(frozen=True)
class Settings:
    """How many blocks."""

    blocks: tuple[int, ...] = (1_000, 10_000, 100_000)
    """Ascending; the slope is between the first and the last."""


class Result(NamedTuple):
    """Seconds of each command for each number of blocks, and megabytes a second that `verify` reads."""

    seconds: dict[str, dict[int, float]]
    rate: float

    def __str__(self) -> str:
        sizes = [*next(iter(self.seconds.values()))]
        rows = [["command", *(f"s at {size:,} blocks" for size in sizes), "slope"]]
        for name, found in self.seconds.items():
            slope = math.log(found[sizes[-1]] / found[sizes[0]]) / math.log(sizes[-1] / sizes[0])
            rows.append([name, *(number(found[size]) for size in sizes), f"{slope:.2f}"])
        return f"{markdown(rows)}\n\nverify reads {number(self.rate)} MB/s"


def run(settings: Settings) -> Result:
    """One folder, which grows; all commands at each size."""
    seconds, rate = dict[str, dict[int, float]](), 0.0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        begin(folder)
        for size in settings.blocks:
            extend(folder, size)
            for name, act in commands(folder).items():
                started = time.perf_counter()
                with contextlib.redirect_stdout(io.StringIO()):
                    act()
                took = time.perf_counter() - started
                seconds.setdefault(name, {})[size] = took
                log(command=name, blocks=size, seconds=round(took, 3))
            rate = store.total_size(folder / "blocks") / 1e6 / seconds["verify"][size]
    return Result(seconds, rate)


def begin(folder: Path) -> None:
    """A run of two trained models."""
    rng = np.random.default_rng(0)
    train, test = (rng.random((count, 2)).astype(np.float32) for count in (TRAIN, TEST))
    memjax.fit(
        train, np.arange(TRAIN) % CLASSES, test, np.arange(TEST) % CLASSES, run=str(folder), model="linear", epochs=1,
        num_models=2, pack_size=1, estimate=False, progress=False,
    )  # fmt: skip


def extend(folder: Path, size: int) -> None:
    """Adds made-up models, each in a block of its own."""
    plan = store.read_plan(folder)
    assert plan is not None
    plan, rng = store.extend_plan(folder, plan, size), np.random.default_rng(size)
    there, design = store.finished_blocks(folder), memjax.open(folder).run.design
    with unflushed():
        for block in sorted(set(plan.blocks) - there):
            ids, sides = np.array([block]), [rng.random((1, count)).astype(np.float32) for count in (TRAIN, TEST)]
            scores = [{"correct": values < 0.5, "probability": values} for values in sides]
            made = store.Block(ids, design.masks(ids), np.ones(1, bool), *scores)
            store.write_block(folder, block, made, plan.fingerprint, {"made": "up"})


@contextlib.contextmanager
def unflushed() -> Iterator[None]:
    """Files are not flushed to disk, which would take most of the time."""
    flush, os.fsync = os.fsync, lambda _: None
    try:
        yield
    finally:
        os.fsync = flush


def commands(folder: Path) -> dict[str, Callable[[], object]]:
    """What is timed, in this order; `again` comes after `estimate`."""
    out = folder.with_name("out")
    return {
        "open": lambda: repr(memjax.open(folder).run),
        "status": lambda: command_line.main(["status", str(folder)]),
        "estimate": lambda: memjax.open(folder).extend(progress=False),
        "again": lambda: memjax.open(folder).extend(progress=False),
        "report": lambda: memjax.open(folder).report(),
        "export": lambda: export(memjax.open(folder), out, "arrays"),
        "verify": lambda: list(store.verify(folder)),
    }


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
