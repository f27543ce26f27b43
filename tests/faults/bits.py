"""Files of a run folder with flipped bits, cut to shorter lengths, and with exchanged pieces."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from memjax import store
from memjax.errors import InputError
from tests.faults.folder import Tally, begin, make_block, make_plan, same, write, write_results

Read = Callable[[], object]


def flips(count: int, place: Path) -> Tally:
    """Flips at most `count` evenly spaced bits, one at a time, of a block, its record, the plan, estimates and note."""
    total, files = Tally(), _files(place)
    every = sum(8 * path.stat().st_size for path, _ in files)
    step = max(1, every // count)
    for path, read in files:
        good = path.read_bytes()
        changed = (_flipped(good, bit) for bit in range(0, 8 * len(good), step))
        total += _each(path, read, good, changed)
    return total


def cuts(count: int, place: Path) -> Tally:
    """Cuts the files to shorter lengths, and repeats, exchanges or overwrites pieces of them."""
    total, rng = Tally(), random.Random(1)
    for path, read in _files(place):
        good = path.read_bytes()
        step = max(1, 4 * len(good) // count)
        total += _each(path, read, good, (good[:length] for length in range(0, len(good), step)))
        total += _each(path, read, good, (_spliced(good, rng) for _ in range(count // 16)))
    return total


def _files(place: Path) -> list[tuple[Path, Read]]:
    """The files of a small run folder, each with a function that reads it and says whether its content is right."""
    begin(place, 2)
    for number in range(2):
        write(place, number)
    write_results(place, 6, np.arange(5.0))
    note = store.read_note(place)
    assert note

    def block() -> bool:
        return same(store.read_block(place, 0), make_block(0))

    def plan() -> bool:
        return store.read_plan(place) == make_plan(2)

    def results() -> bool:
        found = store.read_results(place, "estimates.npz", checked=True)
        if found is None:
            raise InputError("not whole")
        return store.read_note(place) == note and np.array_equal(found["tr_mem"], np.arange(5.0))

    store.write_index(place, store.take_stock(place, note.plan), note.plan)

    def index() -> bool:
        return store.take_stock(place, note.plan).digest(range(2)) == note.blocks

    return [
        (place / "blocks" / "000000.npz", block),
        (place / "blocks" / "000000.json", block),
        (place / "plan.json", plan),
        (place / "results" / "000001.json", results),
        (note.place(place) / "estimates.npz", results),
        (place / "index.npz", index),
    ]


def _each(path: Path, read: Read, good: bytes, changed: Iterator[bytes]) -> Tally:
    """A change is wrong if the file is read without an error but differs, or if the error is not one of the store's."""
    total = Tally()
    for content in changed:
        if content == good:
            continue
        path.write_bytes(content)
        try:
            wrong = not read()
        except (store.CorruptBlock, InputError):
            wrong = False
        except Exception:
            wrong = True
        total += Tally(1, 0, wrong)
    path.write_bytes(good)
    return total + Tally(0, 0, not read())


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _spliced(content: bytes, rng: random.Random) -> bytes:
    start, length, target = (rng.randrange(1, len(content)) for _ in range(3))
    piece = content[start : start + length]
    return content[:target] + piece + content[target + (len(piece) if rng.random() < 0.5 else 0) :]
