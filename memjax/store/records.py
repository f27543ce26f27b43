"""The records of the blocks of a run folder: what is committed, by whom, and under which checksum."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from memjax.store.sealed import BrokenSeal, unseal


class Record(NamedTuple):
    """What is noted of a block when it is committed.

    Attributes:
      number: of the block.
      plan: fingerprint of the plan that it belongs to.
      sha256, bytes: of the npz file.
      models, failed: models in it, and how many of them diverged.
      environment: versions and device that trained it.
    """

    number: int
    plan: str
    sha256: str
    bytes: int
    models: int
    failed: int
    environment: dict[str, str]


def record_path(folder: Path, number: int) -> Path:
    return folder / "blocks" / f"{number:06d}.json"


def read_record(folder: Path, number: int) -> Record:
    """The record of a block.

    Raises:
      OSError: there is none, or it cannot be read.
      BrokenSeal: it is not what was written.
    """
    try:
        record = Record(**unseal(record_path(folder, number).read_bytes()))
    except TypeError:
        raise BrokenSeal("it is the record of something else") from None
    if record.number != number:
        raise BrokenSeal(f"it is the record of block {record.number!r}")
    if not isinstance(record.environment, dict) or not all(type(count) is int for count in record[3:6]):
        raise BrokenSeal("it is the record of something else")
    return record


def finished_blocks(folder: Path) -> set[int]:
    """Numbers of the blocks that a run folder holds, judged by the presence of both files."""
    try:
        names = {path.name for path in (folder / "blocks").iterdir()}
    except FileNotFoundError:
        return set()
    numbers = (name.removesuffix(".json") for name in names if name.endswith(".json"))
    return {int(text) for text in numbers if _is_number(text) and f"{text}.npz" in names}


def is_finished(folder: Path, number: int) -> bool:
    """Whether a run folder holds this block, judged by the presence of both files."""
    path = record_path(folder, number)
    return path.exists() and path.with_suffix(".npz").exists()


def count_models(folder: Path) -> tuple[int, int]:
    """Models in all blocks of a run folder, and how many of them diverged, as the records say."""
    records = [read_record(folder, number) for number in finished_blocks(folder)]
    return sum(record.models for record in records), sum(record.failed for record in records)


def damaged_blocks(folder: Path, plan: str) -> Iterator[tuple[int, str]]:
    """Blocks whose record is broken, alone, or of another plan, and what is wrong; data are not read, only measured."""
    for path in sorted((folder / "blocks").glob("*.json")):
        if not _is_number(path.stem):
            continue
        number = int(path.stem)
        try:
            record = read_record(folder, number)
            size = path.with_suffix(".npz").stat().st_size
        except (OSError, BrokenSeal) as problem:
            yield number, str(problem)
            continue
        if record.plan != plan:
            yield number, "it belongs to another plan"
        elif size != record.bytes:
            yield number, f"it has {size} bytes, not {record.bytes}"


def set_aside(folder: Path, number: int) -> Path:
    """Renames a block out of the way, so that it is trained again and nothing is deleted."""
    record = record_path(folder, number)
    data = record.with_suffix(".npz")
    attempt = 0
    while any(os.path.lexists(_aside(path, attempt)) for path in (record, data)):
        attempt += 1
    # The record goes first: without it the block no longer exists, whatever happens next.
    for path in (record, data):
        if os.path.lexists(path):  # a link that leads nowhere as well
            path.rename(_aside(path, attempt))
    return _aside(data, attempt)


def _aside(path: Path, attempt: int) -> Path:
    return path.with_name(f"{path.name}.bad-{attempt}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) >= 6 and text == f"{int(text):06d}"
