"""The blocks of a run folder: which are finished, which are damaged, and what their records say.

Reading 100,000 small records takes a minute, listing them takes a second.  index.npz therefore holds what the records
said when they were last read.  It is made from the blocks, may be deleted at any time, and is never believed against
them: an entry counts only while both files of its block have the size and the time of last change that it notes.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.store.blocks import block_path
from memjax.store.files import LOST, Stamp, refresh, sha256_of, stamps, write_locally
from memjax.store.records import Record, number_of, read_record, record_path, unreadable
from memjax.store.sealed import BrokenSeal
from memjax.store.staging import url_of
from memjax.untrusted import read_npz

FILE = "index.npz"
_COLUMNS = ("number", "bytes", "models", "failed", "environment")  # the last one is a row of `environments`

Stamps = tuple[Stamp, Stamp]  # of the record and of the data file


@dataclass
class Stock:
    """The blocks of a run folder, from their records and the sizes of their files.  No data are read."""

    records: dict[int, Record]  # of the blocks that can be used, by number
    stamps: dict[int, Stamps]  # size and time of last change of their files
    checked: set[int]  # blocks whose bytes agreed with their record when last read, and have not changed since
    damaged: dict[int, str]  # number -> why the block cannot be used

    @property
    def counts(self) -> tuple[int, int]:
        """Number of models in all blocks, and how many of them diverged."""
        found = self.records.values()
        return sum(record.models for record in found), sum(record.failed for record in found)

    def digest(self, blocks: Iterable[int]) -> str:
        """A checksum of the checksums of some blocks: two sets of blocks with one digest hold the same bytes."""
        records = [self.records.get(number) for number in blocks]
        text = "\n".join(record.sha256 if record else "" for record in records)
        return hashlib.sha256(text.encode()).hexdigest()


def take_stock(folder: Path, plan: str) -> Stock:
    """The blocks of a run folder now; InputError if a record cannot be read, which does not mean that it is damaged."""
    there, known = stamps(folder / "blocks"), _read_index(folder, plan)
    same, unknown = list[int](), []
    for name, stamp in there.items():
        number = number_of(name[:-5]) if name.endswith(".json") else None
        if number is None:
            continue
        now = stamp, there.get(f"{name[:-5]}.npz", LOST)
        if known.stamps.get(number) == now:
            same.append(number)
        else:
            unknown.append((number, now))
    stock = Stock(
        {number: known.records[number] for number in same}, {number: known.stamps[number] for number in same},
        known.checked.intersection(same), {},
    )  # fmt: skip
    refresh([record_path(folder, number) for number, _ in unknown])
    for number, now in unknown:
        try:
            if now[0] == LOST:
                raise BrokenSeal("its record is a link to a missing file")
            record = read_record(folder, number)
        except FileNotFoundError:  # another process has just set it aside
            continue
        except BrokenSeal as problem:
            stock.damaged[number] = str(problem)
            continue
        if now[1] == LOST:
            stock.damaged[number] = "its data file is missing"
        elif record.plan != plan:
            stock.damaged[number] = "it belongs to another plan"
        elif now[1][0] != record.bytes:
            stock.damaged[number] = f"it has {now[1][0]} bytes, not {record.bytes}"
        else:
            stock.records[number], stock.stamps[number] = record, now
    return stock


def changed_blocks(folder: Path, stock: Stock, blocks: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Those of some blocks that are damaged, and why.  Reads the blocks whose bytes are not yet checked, and no others.

    On an object store none is looked at, because all blocks would have to be downloaded; `verify` does that.
    """
    for number in () if url_of(folder) else blocks:
        if number in stock.checked or number not in stock.records:
            continue
        path, expected = block_path(folder, number), stock.records[number].sha256
        try:
            if sha256_of(path) == expected:
                stock.checked.add(number)
            else:
                yield number, "its checksum differs from the one in its record"
        except FileNotFoundError:
            yield number, "its data file is missing"
        except OSError as problem:
            raise unreadable(path, problem) from problem


def write_index(folder: Path, stock: Stock, plan: str) -> None:
    """Writes the index, on this machine only.  Without permission or space nothing is written: it can be made again."""
    records = [stock.records[number] for number in sorted(stock.records)]
    environments = sorted({json.dumps(record.environment) for record in records})
    places = {text: place for place, text in enumerate(environments)}
    rows = [(*record[:1], *record[3:6], places[json.dumps(record.environment)]) for record in records]
    arrays = {
        "plan": np.array(plan),
        "columns": np.array(rows, np.int64).reshape(-1, len(_COLUMNS)),
        "stamps": np.array([stock.stamps[record.number] for record in records], np.int64).reshape(-1, 4),
        "checked": np.array([record.number in stock.checked for record in records], bool),
        "sha256": np.array([list(bytes.fromhex(record.sha256)) for record in records], np.uint8).reshape(-1, 32),
        "environments": np.array(environments or [""]),
    }
    with suppress(OSError):
        write_locally(folder / FILE, lambda stream: np.savez(stream, **arrays))


def _read_index(folder: Path, plan: str) -> Stock:
    """What the index says; nothing if it is missing, damaged, or of another plan."""
    stock = Stock({}, {}, set(), {})
    try:
        arrays = read_npz(folder / FILE, lambda names: None, packed=False)
        if arrays["plan"] != plan:
            return stock
        environments = [json.loads(text) for text in arrays["environments"].tolist() if text]
        columns, times = arrays["columns"].tolist(), arrays["stamps"].tolist()
        digests = arrays["sha256"].tobytes().hex()
        for row, ((number, size, models, failed, place), times_of) in enumerate(zip(columns, times, strict=True)):
            sha256 = digests[64 * row : 64 * row + 64]
            stock.records[number] = Record(number, plan, sha256, size, models, failed, environments[place])
            stock.stamps[number] = (times_of[0], times_of[1]), (times_of[2], times_of[3])
        stock.checked.update(arrays["columns"][arrays["checked"], 0].tolist())
    except (InputError, KeyError, TypeError, ValueError, IndexError):
        return Stock({}, {}, set(), {})
    return stock
