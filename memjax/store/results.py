"""The files of estimates in a run folder, and results.json, a note with their checksums that is written last."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memjax.errors import InputError
from memjax.store.files import local_copy, refresh, sha256_of, sizes, write_atomically
from memjax.store.sealed import BrokenSeal, seal, unseal
from memjax.untrusted import read_npz

NOTE = "results.json"
FILES = ("estimates.npz", "pairs.npz", "influence.npy", "dynamics.npz")


class ResultsNote(NamedTuple):
    """What the files of estimates were made from, and their checksums.

    Attributes:
      plan: fingerprint of the plan.
      num_models: models that the estimates are made from, diverged ones included.
      files: name -> SHA-256 and size in bytes.
      score: the score whose memorization and influence are estimated.
    """

    plan: str
    num_models: int
    files: dict[str, tuple[str, int]]
    score: str = "correct"


def write_note(folder: Path, plan: str, num_models: int, names: Sequence[str], score: str = "correct") -> None:
    """Writes the note, when all files are complete."""
    files = {name: (sha256_of(local_copy(folder / name)), (folder / name).stat().st_size) for name in names}
    content = seal(ResultsNote(plan, num_models, files, score)._asdict())
    write_atomically(folder / NOTE, lambda stream: stream.write(content))


def read_note(folder: Path) -> ResultsNote | None:
    """The note; None if it is missing or was changed, or if a file is missing or has another size than noted."""
    note = as_noted(folder)
    found = sizes(folder) if note else {}
    return note if note and all(found.get(name) == size for name, (_, size) in note.files.items()) else None


def as_noted(folder: Path) -> ResultsNote | None:
    """The note, without a look at the files; None if it is missing or was changed."""
    refresh([folder / NOTE])
    try:
        table = unseal((folder / NOTE).read_bytes())
        files = {name: (str(sha256), int(size)) for name, (sha256, size) in table["files"].items() if name in FILES}
        score = str(table.get("score", "correct"))  # older versions had no other score and did not note it
        return ResultsNote(str(table["plan"]), int(table["num_models"]), files, score)
    except (OSError, BrokenSeal, KeyError, TypeError, ValueError, AttributeError):
        return None


def whole_results(folder: Path) -> ResultsNote | None:
    """As `read_note`, but also None if the checksum of a file is not the one noted.  Reads all files."""
    note = read_note(folder)
    return note if note and all(is_whole(folder, note, name) for name in note.files) else None


def is_whole(folder: Path, note: ResultsNote, name: str) -> bool:
    """Whether a file exists and its checksum is the one noted."""
    try:
        return sha256_of(local_copy(folder / name, note.files[name][0])) == note.files[name][0]
    except OSError:
        return False


def read_results(folder: Path, name: str) -> dict[str, Any] | None:
    """The arrays of an npz file; None if the file is missing or damaged, because it can be made again."""
    note = as_noted(folder)
    try:
        path = local_copy(folder / name, note.files[name][0] if note and name in note.files else None)
    except OSError:
        return None
    try:
        return read_npz(path, lambda names: None)
    except InputError:
        return None


def read_whole(folder: Path, name: str) -> dict[str, np.ndarray] | None:
    """As `read_results`, but also None if the file's checksum is not the one noted."""
    note = read_note(folder)
    if note is None or name not in note.files or not is_whole(folder, note, name):
        return None
    return read_results(folder, name)
