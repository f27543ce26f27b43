"""Records of the blocks in a run folder: which blocks are finished, where they were trained, and their checksums."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from memjax.errors import InputError
from memjax.store.files import is_there, local_copy, move, names
from memjax.store.objects import shown
from memjax.store.sealed import BrokenSeal, unseal

_SHA256 = re.compile("[0-9a-f]{64}")
_NUMBER = re.compile("[0-9]{6}|[1-9][0-9]{6,}")


class Record(NamedTuple):
    """The record of a block."""

    number: int
    plan: str  # fingerprint of the plan that the block belongs to
    sha256: str  # of the npz file
    bytes: int
    models: int
    failed: int  # how many of them diverged
    environment: dict[str, str]  # versions and device that trained the models
    parameters: str = ""  # SHA-256 of the file with the models' parameters; empty if none were stored


def record_path(folder: Path, number: int) -> Path:
    return folder / "blocks" / f"{number:06d}.json"


def parameters_path(folder: Path, number: int) -> Path:
    return folder / "blocks" / f"{number:06d}.parameters.npz"


def read_record(folder: Path, number: int) -> Record:
    """The record of a block.

    Raises:
      FileNotFoundError: the record is missing.
      BrokenSeal: the record differs from what was written.
      InputError: the record cannot be read, which does not mean that it is damaged.
    """
    path = record_path(folder, number)
    try:
        record = Record(**unseal(local_copy(path).read_bytes()))
    except TypeError:
        raise BrokenSeal("it is the record of something else") from None
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise unreadable(path, problem) from problem
    if record.number != number:
        raise BrokenSeal(f"it is the record of block {record.number!r}")
    counts = all(type(count) is int and 0 <= count < 2**48 for count in record[3:6])
    digests = _SHA256.fullmatch(str(record.sha256)) and _SHA256.fullmatch(str(record.parameters or record.sha256))
    if not counts or not isinstance(record.environment, dict) or not digests:
        raise BrokenSeal("it is the record of something else")
    return record


def finished_blocks(folder: Path) -> set[int]:
    """Numbers of the finished blocks: those with both files.  The content is not checked."""
    return finished_among(names(folder / "blocks"))


def finished_among(found: Collection[str]) -> set[int]:
    """As `finished_blocks`, from the names of all files in the folder of the blocks."""
    return {
        int(name[:-5])
        for name in found
        if name.endswith(".json") and f"{name[:-5]}.npz" in found and _NUMBER.fullmatch(name[:-5])
    }


def is_finished(folder: Path, number: int) -> bool:
    """Whether both files of the block exist.  The content is not checked."""
    path = record_path(folder, number)
    return is_there(path) and is_there(path.with_suffix(".npz"))


def unreadable(path: Path, problem: OSError) -> InputError:
    """The error for a file that this process may not or cannot read.  Only a checksum shows that a file is damaged."""
    reason = problem.strerror or " ".join(str(problem).split()) or type(problem).__name__
    advice = "ask its owner for permission to read" if isinstance(problem, PermissionError) else "try again"
    return InputError(f"{shown(path)} cannot be read: {reason}; {advice}. It may be whole, and stays where it is")


def set_aside(folder: Path, number: int) -> Path:
    """Renames the files of a block, so that the block is trained again and nothing is deleted."""
    record = record_path(folder, number)
    data = record.with_suffix(".npz")
    files = record, data, parameters_path(folder, number)
    attempt, taken = 0, names(folder / "blocks")
    while any(_aside(path, attempt).name in taken for path in files):
        attempt += 1
    # The record goes first: without it the block no longer counts, whatever happens next.
    for path in files:
        move(path, _aside(path, attempt))
    return _aside(data, attempt)


def number_of(text: str) -> int | None:
    """The number of the block whose files have this name (without suffix); None for other names."""
    return int(text) if _NUMBER.fullmatch(text) else None


def _aside(path: Path, attempt: int) -> Path:
    return path.with_name(f"{path.name}.bad-{attempt}")
