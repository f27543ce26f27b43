"""The files of estimates in a run folder, and the note, written after them, that says they are whole."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memjax.errors import InputError
from memjax.store.files import here, here_now, sha256_of, sizes, write_atomically
from memjax.store.sealed import BrokenSeal, seal, unseal
from memjax.untrusted import read_npz

NOTE = "results.json"
FILES = ("estimates.npz", "pairs.npz", "influence.npy", "dynamics.npz")


class Results(NamedTuple):
    """What the files of estimates are of.

    Attributes:
      plan: fingerprint of the plan.
      num_models: models they were made from, diverged ones included.
      files: name -> SHA-256 and size in bytes.
      score: of which memorization and influence are.
    """

    plan: str
    num_models: int
    files: dict[str, tuple[str, int]]
    score: str = "correct"


def write_note(folder: Path, plan: str, num_models: int, names: Sequence[str], score: str = "correct") -> None:
    """Notes that these files are whole and what they are of."""
    files = {name: (sha256_of(here(folder / name)), (folder / name).stat().st_size) for name in names}
    content = seal(Results(plan, num_models, files, score)._asdict())
    write_atomically(folder / NOTE, lambda stream: stream.write(content))


def read_note(folder: Path) -> Results | None:
    """The note on the files of estimates; None where there is none, it was changed, or a file is gone or shorter."""
    note = as_noted(folder)
    there = sizes(folder) if note else {}
    return note if note and all(there.get(name) == size for name, (_, size) in note.files.items()) else None


def as_noted(folder: Path) -> Results | None:
    """What the note says, whatever the files are by now; None where there is none or it was changed."""
    here_now([folder / NOTE])
    try:
        table = unseal((folder / NOTE).read_bytes())
        files = {name: (str(sha256), int(size)) for name, (sha256, size) in table["files"].items() if name in FILES}
        score = str(table.get("score", "correct"))  # an older folder knows no other
        return Results(str(table["plan"]), int(table["num_models"]), files, score)
    except (OSError, BrokenSeal, KeyError, TypeError, ValueError, AttributeError):
        return None


def whole_results(folder: Path) -> Results | None:
    """As `read_note`, but None as well where the checksum of a file is not the one noted; reads all of them."""
    note = read_note(folder)
    return note if note and all(is_whole(folder, note, name) for name in note.files) else None


def is_whole(folder: Path, note: Results, name: str) -> bool:
    """Whether a file is there and its checksum is the one noted."""
    try:
        return sha256_of(here(folder / name, note.files[name][0])) == note.files[name][0]
    except OSError:
        return False


def read_results(folder: Path, name: str) -> dict[str, Any] | None:
    """The arrays of one of the npz files, or None where the file is missing or broken: it can be made anew."""
    note = as_noted(folder)
    try:
        path = here(folder / name, note.files[name][0] if note and name in note.files else None)
    except OSError:
        return None
    try:
        return read_npz(path, lambda names: None)
    except InputError:
        return None


def read_whole(folder: Path, name: str) -> dict[str, np.ndarray] | None:
    """As `read_results`, but None as well where the file's checksum is not the one noted."""
    note = read_note(folder)
    if note is None or name not in note.files or not is_whole(folder, note, name):
        return None
    return read_results(folder, name)
