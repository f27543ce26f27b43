"""Records of the blocks in a run folder: which blocks are finished, where they were trained, and their checksums."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from memjax.store.files import is_there, local_copy, move, names, refresh, sizes
from memjax.store.sealed import BrokenSeal, unseal


class Record(NamedTuple):
    """The record of a block.

    Attributes:
      number: the number of the block.
      plan: fingerprint of the plan that the block belongs to.
      sha256, bytes: checksum and size of the npz file.
      models, failed: number of models in the block, and how many of them diverged.
      environment: versions and device that trained the models.
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
      OSError: the record is missing or cannot be read.
      BrokenSeal: the record differs from what was written.
    """
    try:
        record = Record(**unseal(local_copy(record_path(folder, number)).read_bytes()))
    except TypeError:
        raise BrokenSeal("it is the record of something else") from None
    if record.number != number:
        raise BrokenSeal(f"it is the record of block {record.number!r}")
    if not isinstance(record.environment, dict) or not all(type(count) is int for count in record[3:6]):
        raise BrokenSeal("it is the record of something else")
    return record


def finished_blocks(folder: Path) -> set[int]:
    """Numbers of the finished blocks: those with both files.  The content is not checked."""
    found = names(folder / "blocks")
    numbers = (number_of(name.removesuffix(".json")) for name in found if name.endswith(".json"))
    return {number for number in numbers if number is not None and f"{number:06d}.npz" in found}


def is_finished(folder: Path, number: int) -> bool:
    """Whether both files of the block exist.  The content is not checked."""
    path = record_path(folder, number)
    return is_there(path) and is_there(path.with_suffix(".npz"))


def count_models(folder: Path) -> tuple[int, int]:
    """Number of models in all finished blocks, and how many of them diverged, according to the records."""
    records = [read_record(folder, number) for number in finished_blocks(folder)]
    return sum(record.models for record in records), sum(record.failed for record in records)


def damaged_blocks(folder: Path, plan: str) -> Iterator[tuple[int, str]]:
    """Blocks that cannot be used, and why, from the records and the sizes of the data files.  No data are read."""
    there = sizes(folder / "blocks")
    paths = [folder / "blocks" / name for name in sorted(names(folder / "blocks")) if name.endswith(".json")]
    refresh([path for path in paths if number_of(path.stem) is not None])
    for path in paths:
        number, size = number_of(path.stem), there.get(f"{path.stem}.npz")
        if number is None:
            continue
        try:
            record = read_record(folder, number)
        except (OSError, BrokenSeal) as problem:
            yield number, str(problem)
            continue
        if size is None:
            yield number, "its data file is missing"
        elif record.plan != plan:
            yield number, "it belongs to another plan"
        elif size != record.bytes:
            yield number, f"it has {size} bytes, not {record.bytes}"


def set_aside(folder: Path, number: int) -> Path:
    """Renames the files of a block, so that the block is trained again and nothing is deleted."""
    record = record_path(folder, number)
    data = record.with_suffix(".npz")
    attempt, taken = 0, names(folder / "blocks")
    while any(_aside(path, attempt).name in taken for path in (record, data)):
        attempt += 1
    # The record goes first: without it the block no longer counts, whatever happens next.
    for path in (record, data):
        move(path, _aside(path, attempt))
    return _aside(data, attempt)


def number_of(text: str) -> int | None:
    """The number of the block whose files have this name (without suffix); None for other names."""
    fits = text.isascii() and text.isdigit() and len(text) >= 6 and text == f"{int(text):06d}"
    return int(text) if fits else None


def _aside(path: Path, attempt: int) -> Path:
    return path.with_name(f"{path.name}.bad-{attempt}")
