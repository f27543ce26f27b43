"""Stores that break one promise each.  Each fault campaign must fail on a store that breaks the promise it tests."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from memjax import store
from memjax.machine import signals
from memjax.store import blocks, files, plan, records, result_sets, sealed, stock


def _everywhere(name: str, function: Callable) -> None:
    """Replaces a function of the store in all modules that imported it."""
    for module in (blocks, files, plan, records, result_sets, sealed, stock):
        if hasattr(module, name):
            setattr(module, name, function)


def in_place() -> None:
    """Writes directly under the final name."""

    @contextmanager
    def written(path: Path, write: Callable):
        with open(path, "wb") as stream:
            result = write(stream)
        yield path, result

    files._written_aside = written
    _everywhere("publish", lambda path, content: path.write_bytes(content) > 0)


def no_checksum() -> None:
    """Ignores the checksums of blocks."""
    blocks.sha256_of = lambda path: blocks.read_record(path.parent.parent, int(path.stem)).sha256


def no_seal() -> None:
    """Ignores the checksums of JSON files."""

    def believe(content: bytes):
        try:
            table = json.loads(content)
            table.pop(sealed._SEAL)
        except (ValueError, KeyError, AttributeError) as problem:
            raise sealed.BrokenSeal(str(problem)) from None
        return table

    _everywhere("unseal", believe)


def deletes() -> None:
    """Takes every block for damaged, and deletes damaged blocks instead of renaming them."""

    def remove(folder: Path, number: int) -> Path:
        for end in (".json", ".npz"):
            (folder / "blocks" / f"{number:06d}{end}").unlink(missing_ok=True)
        return folder

    store.set_aside = remove
    take = store.take_stock

    def all_damaged(folder: Path, plan: str) -> store.Stock:
        stock = take(folder, plan)
        stock.damaged = dict.fromkeys(sorted(store.finished_blocks(folder)), "?")
        return stock

    store.take_stock = all_damaged


def trusting() -> None:
    """Allocates the memory that a header announces, and lets exceptions of the reader through."""

    def read(path: Path, check: Callable, packed: bool = True) -> dict:
        with np.load(path, allow_pickle=True) as stored:
            return dict(stored)

    for module in (blocks, result_sets):
        module.read_npz = read
    blocks.InputError = result_sets.InputError = ZeroDivisionError


def silent() -> None:
    """Ignores errors of the operating system."""
    publish = files.publish

    def hush(path: Path, content: bytes) -> bool:
        try:
            return publish(path, content)
        except OSError:
            return True

    _everywhere("publish", hush)


def deaf() -> None:
    """Ignores signals."""
    signals.listen = lambda: None


STORES: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (in_place, no_checksum, no_seal, deletes, trusting, silent, deaf)
}
