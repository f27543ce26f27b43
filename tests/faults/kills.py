"""Writers of blocks that are killed at random moments, alone or together with another writer of the same blocks."""

import os
import random
import signal
import time
from pathlib import Path

from memjax import store
from tests.faults.folder import Tally, begin, contents, judge, write

NUM_BLOCKS, WIDTH = 24, 500


def kills(count: int, place: Path) -> Tally:
    """Kills `count` writers.  Others finish each folder, which must then equal one without kills."""
    rng, total, number = random.Random(0), Tally(), 0
    _finish(place / "whole")
    whole = contents(place / "whole")
    while total.tried < count:
        folder, there = place / str(number), set[int]()
        number += 1
        while len(there) < NUM_BLOCKS and total.tried < count:
            writers = [_start(folder, backwards) for backwards in range(rng.choice([1, 1, 2]))]
            for writer in writers:
                time.sleep(rng.random() * 0.03)
                os.kill(writer, signal.SIGKILL)
                os.waitpid(writer, 0)
            found, there = judge(folder, there, WIDTH)
            total += found + Tally(len(writers), 0, 0)
        _finish(folder)
        total += Tally(0, 0, contents(folder) != whole)
    return total


def together(count: int, place: Path) -> Tally:
    """Four processes write the same blocks of a folder at the same time, for `count` folders in turn."""
    total = Tally()
    _finish(place / "whole")
    for number in range(count):
        folder = place / str(number)
        codes = [os.waitpid(writer, 0)[1] for writer in [_start(folder, turn % 2) for turn in range(4)]]
        found, _ = judge(folder, set(), WIDTH)
        left = [path for path in (folder / "blocks").iterdir() if path.suffix == ".tmp"]
        total += found + Tally(4, 0, (contents(folder) != contents(place / "whole")) + any(codes) + bool(left))
    return total


def _start(folder: Path, backwards: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _finish(folder, backwards)
        code = 0
    finally:
        os._exit(code)


def _finish(folder: Path, backwards: int = 0) -> None:
    begin(folder, NUM_BLOCKS)
    missing = sorted(set(range(NUM_BLOCKS)) - store.finished_blocks(folder), reverse=bool(backwards))
    for number in missing:
        if not store.is_finished(folder, number):
            write(folder, number, WIDTH)
