"""The blocks of a run folder: which are finished, which are damaged, and what their records say.

Reading 100,000 small records takes a minute, listing them takes a second.  index.npz therefore holds what the records
said when they were last read.  It is made from the blocks, may be deleted at any time, and is never believed against
them: an entry counts only while both files of its block have the size and the time of last change that it notes.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from memjax.errors import InputError
from memjax.store.blocks import block_path
from memjax.store.files import LOST, refresh, sha256_of, stamps, write_locally
from memjax.store.objects import url_of
from memjax.store.records import number_of, read_record, record_path, unreadable
from memjax.store.sealed import BrokenSeal
from memjax.untrusted import read_npz

FILE = "index.npz"
COLUMNS = np.dtype([
    ("number", np.int64),
    ("sha256", np.uint8, 32),
    ("models", np.int64),
    ("failed", np.int64),  # how many of them diverged
    ("stamps", np.int64, 4),  # size and time of last change, of the record and of the data file
    ("checked", np.bool_),  # the bytes agreed with the record when they were last read, and have not changed since
])  # fmt: skip


@dataclass
class Stock:
    """The blocks of a run folder, from their records and the sizes of their files.  No data are read.

    Those that can be used are rows of a table, by number: 100,000 objects take longer to make than to list.
    """

    table: np.ndarray  # with COLUMNS
    damaged: dict[int, str] = field(default_factory=dict)  # number -> why the block cannot be used

    @property
    def counts(self) -> tuple[int, int]:
        """Number of models in all blocks, and how many of them diverged."""
        return int(self.table["models"].sum()), int(self.table["failed"].sum())

    def missing(self, blocks: Sequence[int]) -> list[int]:
        """Those of some blocks that are not there, or cannot be used."""
        return sorted({*blocks}.difference(self.table["number"].tolist()))

    def rows_of(self, blocks: Sequence[int]) -> Bool[np.ndarray, " rows"]:
        """Which rows of the table are of some blocks."""
        return np.isin(self.table["number"], blocks)

    def digest(self, blocks: Iterable[int]) -> str:
        """See `digest_of`; a block that cannot be used has an empty checksum."""
        text = self.table["sha256"].tobytes().hex()
        known = {number: text[64 * row : 64 * row + 64] for row, number in enumerate(self.table["number"].tolist())}
        return digest_of(known.get(number, "") for number in blocks)

    def were_read(self, before: "Stock", blocks: Sequence[int]) -> None:
        """Notes that some blocks have been read since `before`; those whose files have changed are not checked."""
        numbers = self.table["number"], before.table["number"]
        _, now, then = np.intersect1d(*numbers, assume_unique=True, return_indices=True)
        same = now[(self.table["stamps"][now] == before.table["stamps"][then]).all(1)]
        self.table["checked"][same] |= self.rows_of(blocks)[same]


def digest_of(checksums: Iterable[str]) -> str:
    """A checksum of the checksums of some blocks: two sets of blocks with one digest hold the same bytes."""
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()


def take_stock(folder: Path, plan: str) -> Stock:
    """The blocks of a run folder now; InputError if a record cannot be read, which does not mean that it is damaged."""
    there, known = stamps(folder / "blocks"), _read_index(folder, plan)
    names = [(f"{number:06d}.json", f"{number:06d}.npz") for number in known["number"].tolist()]
    now = [there.get(record, LOST) + there.get(data, LOST) for record, data in names]
    same = (known["stamps"] == np.array(now, np.int64).reshape(-1, 4)).all(1) & (known["stamps"][:, ::2] >= 0).all(1)
    for record, data in itertools.compress(names, same.tolist()):
        del there[record], there[data]
    unread = {number: (stamp, there.get(f"{name[:-5]}.npz", LOST)) for name, stamp in there.items()
              if name.endswith(".json") and (number := number_of(name[:-5])) is not None}  # fmt: skip
    refresh([record_path(folder, number) for number in unread])
    stock, rows = Stock(known[same]), []
    for number, (record_stamp, data_stamp) in unread.items():
        try:
            if record_stamp == LOST:
                raise BrokenSeal("its record is a link to a missing file")
            record = read_record(folder, number)
        except FileNotFoundError:  # another process has just set it aside
            continue
        except BrokenSeal as problem:
            stock.damaged[number] = str(problem)
            continue
        if data_stamp == LOST:
            stock.damaged[number] = "its data file is missing"
        elif record.plan != plan:
            stock.damaged[number] = "it belongs to another plan"
        elif data_stamp[0] != record.bytes:
            stock.damaged[number] = f"it has {data_stamp[0]} bytes, not {record.bytes}"
        else:
            sha256 = [*bytes.fromhex(record.sha256)]
            rows.append((number, sha256, record.models, record.failed, record_stamp + data_stamp, False))
    stock.table = np.concatenate([stock.table, np.array(rows, COLUMNS)])
    stock.table = stock.table[np.argsort(stock.table["number"])]
    return stock


def changed_blocks(folder: Path, stock: Stock, blocks: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Those of some blocks that are damaged, and why.  Reads the blocks whose bytes are not yet checked, and no others.

    On an object store none is read, because all blocks would have to be downloaded; `verify` does that.
    """
    if url_of(folder):
        return
    for row in np.flatnonzero(stock.rows_of(blocks) & ~stock.table["checked"]).tolist():
        number = int(stock.table["number"][row])
        path = block_path(folder, number)
        try:
            if sha256_of(path) == stock.table["sha256"][row].tobytes().hex():
                stock.table["checked"][row] = True
            else:
                yield number, "its checksum differs from the one in its record"
        except FileNotFoundError:
            yield number, "its data file is missing"
        except OSError as problem:
            raise unreadable(path, problem) from problem


def write_index(folder: Path, stock: Stock, plan: str) -> None:
    """Writes the index, on this machine only.  Without permission or space nothing is written: it can be made again."""
    columns: dict[str, Any] = {name: stock.table[name] for name in COLUMNS.names or ()}
    with suppress(OSError):
        write_locally(folder / FILE, lambda stream: np.savez(stream, plan=np.array(plan), **columns))


def _read_index(folder: Path, plan: str) -> np.ndarray:
    """The table of blocks in the index; empty if it is missing, damaged, or of another plan."""
    try:
        arrays = read_npz(folder / FILE, packed=False)
        table = np.empty(len(arrays["number"]), COLUMNS)
        for name in COLUMNS.names or ():
            if (arrays[name].dtype, arrays[name].shape) != (table[name].dtype, table[name].shape):
                raise ValueError(name)
            table[name] = arrays[name]
        if arrays["plan"] == plan and (np.diff(table["number"], prepend=-1) > 0).all():
            return table
    except (InputError, KeyError, TypeError, ValueError):
        pass
    return np.empty(0, COLUMNS)
