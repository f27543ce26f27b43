"""Stores that break a promise each: every campaign has to catch the ones it is there for, or it proves nothing."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from memjax import store
from memjax.machine import signals
from memjax.store import blocks, files, plan, records, results, sealed


def _everywhere(name: str, function: Callable) -> None:
    """In place of a function of the store, wherever it was imported to."""
    for module in (blocks, files, plan, records, results, sealed):
        if hasattr(module, name):
            setattr(module, name, function)


def in_place() -> None:
    """Writes under the final name at once."""

    @contextmanager
    def written(path: Path, write: Callable):
        with open(path, "wb") as stream:
            result = write(stream)
        yield path, result

    files._written_aside = written
    _everywhere("publish", lambda path, content: path.write_bytes(content) > 0)


def no_checksum() -> None:
    """Believes the data of a block as long as they can be parsed."""
    blocks.sha256_of = lambda path: blocks.read_record(path.parent.parent, int(path.stem)).sha256


def no_seal() -> None:
    """Believes a table as long as it is JSON."""

    def believe(content: bytes):
        try:
            table = json.loads(content)
            table.pop(sealed._SEAL)
        except (ValueError, KeyError, AttributeError) as problem:
            raise sealed.BrokenSeal(str(problem)) from None
        return table

    _everywhere("unseal", believe)


def deletes() -> None:
    """Clears away what it does not like instead of renaming it, and takes every block for damaged."""

    def remove(folder: Path, number: int) -> Path:
        for end in (".json", ".npz"):
            (folder / "blocks" / f"{number:06d}{end}").unlink(missing_ok=True)
        return folder

    store.set_aside = remove
    store.damaged_blocks = lambda folder, plan: ((number, "?") for number in sorted(store.finished_blocks(folder)))


def trusting() -> None:
    """Takes memory for whatever a header announces, and lets through whatever the reader raises."""

    def read(path: Path, check: Callable) -> dict:
        with np.load(path, allow_pickle=True) as stored:
            return dict(stored)

    for module in (blocks, results):
        module.read_npz = read
    blocks.InputError = results.InputError = ZeroDivisionError


def silent() -> None:
    """Says that all went well when the system said that it did not."""
    publish = files.publish

    def hush(path: Path, content: bytes) -> bool:
        try:
            return publish(path, content)
        except OSError:
            return True

    _everywhere("publish", hush)


def deaf() -> None:
    """Does not listen to signals."""
    signals.listen = lambda: None


STORES: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (in_place, no_checksum, no_seal, deletes, trusting, silent, deaf)
}
