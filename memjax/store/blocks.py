"""A block of finished models on disk: an npz file and, written after it, a record with its checksum.

Without the record the block does not exist.  Neither is ever written over.  Yes-or-no arrays are kept as bits, numbers
as float16.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from memjax.errors import InputError
from memjax.store.files import here, here_now, keep, publish, sha256_of
from memjax.store.records import Record, finished_blocks, number_of, read_record, record_path, set_aside
from memjax.store.sealed import BrokenSeal, seal
from memjax.untrusted import read_npz

LARGEST = float(np.finfo(np.float16).max)
_SIDES = ("train_", "test_", "record_")
_OWN = {"model_ids", "finite", "num_train", "num_test", "masks"}
_EPOCHS = "record_epochs"
_HELD_OUT = "held_out_probability"


class Block(NamedTuple):
    """Finished models with consecutive numbers.

    Attributes:
      model_ids: (models,)
      masks: (models, train) bool, True where the model trained on the example.
      finite: (models,) bool, False where training diverged.
      train, test: by the name of the metric, (models, train) and (models, test).
      record: what was recorded on the way, by the name of the metric, (models, epochs, train); often nothing.
      epochs: (epochs,) after how many epochs.
      held_out: (train, classes) mean probability of each class over the block's models that did not train on the
        example and did not diverge; NaN where there is none.  None in a block of an older version, or of a stream.
    """

    model_ids: Int[np.ndarray, " models"]
    masks: Bool[np.ndarray, "models train"]
    finite: Bool[np.ndarray, " models"]
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]
    record: Mapping[str, np.ndarray] = MappingProxyType({})
    epochs: Int[np.ndarray, " epochs"] = np.zeros(0, np.int64)
    held_out: np.ndarray | None = None


class CorruptBlock(Exception):
    """A block that is not what was written."""

    def __init__(self, number: int, problem: object):
        super().__init__(f"block {number}: {problem}")
        self.number = number


def block_path(folder: Path, number: int) -> Path:
    return folder / "blocks" / f"{number:06d}.npz"


def write_block(folder: Path, number: int, block: Block, plan: str, environment: dict[str, str]) -> bool:
    """Commits a block to a run folder: its arrays first, then the record that makes them count.

    Another process may commit the same block at the same time.  Whoever is first stays; the same models trained on
    the same kind of device are the same bytes, so it makes no difference.

    Args:
      plan: the fingerprint of the plan that the block belongs to.
      environment: where it was trained.

    Returns:
      False where the block is there already, and with other bytes: the two were trained in different environments.
    """
    content = _packed(block)
    record = Record(
        number, plan, hashlib.sha256(content).hexdigest(), len(content), len(block.finite),
        int((~block.finite).sum()), environment,
    )  # fmt: skip
    return _commit(folder, content, record)


def commit_kept(folder: Path, plan: str) -> int:
    """Commits blocks that are on this machine since their process could not put them where they belong; how many."""
    there, count = finished_blocks(folder), 0
    for path in sorted((folder / "blocks").glob("*.json")):
        number, data = number_of(path.stem), path.with_suffix(".npz")
        if number is None or number in there or not data.exists():
            continue
        try:
            record = read_record(folder, number)
        except (OSError, BrokenSeal):
            continue
        if record.plan == plan and sha256_of(data) == record.sha256:
            _commit(folder, data.read_bytes(), record)
            count += 1
    return count


def read_block(folder: Path, number: int) -> Block:
    """A block, if its bytes are those that were written.

    Raises:
      CorruptBlock: they are not.
    """
    path = block_path(folder, number)
    try:
        record = read_record(folder, number)
        here(path, record.sha256)
    except (OSError, BrokenSeal) as problem:
        raise CorruptBlock(number, problem) from problem
    try:
        if path.stat().st_size != record.bytes or sha256_of(path) != record.sha256:
            raise CorruptBlock(number, "its checksum differs from the one noted when it was written")
        return _unpacked(read_npz(path, lambda names: _check_names(names, path)))
    except (OSError, InputError, ValueError, KeyError, TypeError, IndexError) as problem:
        raise CorruptBlock(number, problem) from problem


def _commit(folder: Path, content: bytes, record: Record) -> bool:
    number = record.number
    path, noted, sealed = block_path(folder, number), record_path(folder, number), seal(record._asdict())
    while True:
        path.parent.mkdir(exist_ok=True)
        keep(path, content)
        keep(noted, sealed)
        try:
            whole = publish(path, content) or sha256_of(path) == record.sha256
            if whole and publish(noted, sealed):
                return True
            here_now([noted])  # that of whoever was first
            return read_record(folder, number).sha256 == record.sha256
        except (FileNotFoundError, BrokenSeal):  # data or a record that a process left, or that were changed since
            set_aside(folder, number)


def _packed(block: Block) -> bytes:
    arrays: dict[str, Any] = {
        "model_ids": block.model_ids.astype(np.int64),
        "finite": block.finite,
        "num_train": np.int64(block.masks.shape[1]),
        "num_test": np.int64(next(iter(block.test.values())).shape[1]),
        "masks": _compact(block.masks),
        **{f"train_{name}": _compact(values) for name, values in block.train.items()},
        **{f"test_{name}": _compact(values) for name, values in block.test.items()},
    }
    if block.record:
        arrays[_EPOCHS] = np.asarray(block.epochs, np.int64)
        arrays |= {f"record_{name}": _compact(values, axis=2) for name, values in block.record.items()}
    if block.held_out is not None:
        arrays[_HELD_OUT] = block.held_out.astype(np.float16)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _unpacked(arrays: dict[str, np.ndarray]) -> Block:
    ids, finite, masks = (arrays.pop(name) for name in ("model_ids", "finite", "masks"))
    num = {side: int(arrays.pop(f"num_{side}")) for side in ("train", "test")}
    epochs = arrays.pop(_EPOCHS, np.zeros(0, np.int64))
    if epochs.dtype != np.int64 or epochs.ndim != 1 or (np.diff(epochs) <= 0).any():
        raise ValueError(f"it says that it was recorded after {epochs} epochs")
    record = {name: arrays.pop(name) for name in list(arrays) if name.startswith("record_")}
    held_out = arrays.pop(_HELD_OUT, None)
    if held_out is not None and (held_out.dtype != np.float16 or held_out.shape[:-1] != (num["train"],)):
        raise ValueError(f"its held-out probabilities are {held_out.dtype} {held_out.shape}")
    block = Block(
        ids, _expand(masks, num["train"]), finite.astype(bool, casting="no"), {}, {},
        {name.removeprefix("record_"): _expand(values, num["train"], axis=2) for name, values in record.items()},
        epochs, held_out,
    )  # fmt: skip
    for key, values in arrays.items():
        side, _, name = key.partition("_")
        getattr(block, side)[name] = _expand(values, num[side])
    shapes = {values.shape[:2] for values in (block.masks, *block.train.values())}
    if shapes != {(len(ids), num["train"])} or {len(values) for values in block.test.values()} != {len(ids)}:
        raise ValueError(f"its arrays have different sizes: {shapes}")
    if any(values.shape[:2] != (len(ids), len(epochs)) for values in block.record.values()):
        raise ValueError(f"what it has recorded is not of {len(ids)} models at {len(epochs)} epochs")
    return block


def _check_names(names, path: Path) -> None:
    others = {name for name in names if not name.startswith(_SIDES)} - {_HELD_OUT}
    if others != _OWN or {"train_correct", "test_correct"} - {*names}:
        raise InputError(f"{path} does not hold the arrays of a block")


def _compact(values: np.ndarray, axis: int = 1) -> np.ndarray:
    if values.dtype == bool:
        return np.packbits(values, axis=axis)
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)


def _expand(values: np.ndarray, count: int, axis: int = 1) -> np.ndarray:
    """With `count` examples along an axis: bits as bool, or numbers as they are."""
    if values.dtype == np.uint8 and values.ndim == axis + 1 and -(-count // 8) == values.shape[axis]:
        return np.unpackbits(values, axis=axis, count=count).astype(bool)
    if values.dtype != np.float16 or values.ndim <= axis or values.shape[axis] != count:
        raise ValueError(f"it holds {values.dtype} {values.shape} for {count} examples")
    return values
