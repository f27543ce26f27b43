"""A block of finished models on disk: an npz file, and a record with its checksum that is written after it.

A block without a record does not count.  Neither file is ever overwritten.  Booleans are stored as bits, numbers as
float16.  Parameters, where they are stored, have a file of their own, which may be removed.
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
from memjax.metrics import METRICS
from memjax.store.files import is_there, local_copy, publish, refresh, remove, sha256_of, stage
from memjax.store.objects import url_of
from memjax.store.plan import Plan
from memjax.store.records import (
    Record,
    finished_blocks,
    number_of,
    parameters_path,
    read_record,
    record_path,
    set_aside,
    unreadable,
)
from memjax.store.sealed import BrokenSeal, seal
from memjax.untrusted import read_npz

LARGEST = float(np.finfo(np.float16).max)
_BY_METRIC = ("train_", "test_", "record_")  # how the names of arrays begin that hold one metric each
_ALWAYS = {"model_ids", "finite", "num_train", "num_test", "masks"}
_EPOCHS = "record_epochs"
_HELD_OUT = "held_out_probability"


class Block(NamedTuple):
    """Finished models with consecutive numbers; metrics are by name, `record` those recorded during training."""

    model_ids: Int[np.ndarray, " models"]
    masks: Bool[np.ndarray, "models train"]  # True where the model trained on the example
    finite: Bool[np.ndarray, " models"]  # False where training diverged
    train: dict[str, np.ndarray]  # (models, train)
    test: dict[str, np.ndarray]  # (models, test)
    record: Mapping[str, np.ndarray] = MappingProxyType({})  # (models, epochs, train); often empty
    epochs: Int[np.ndarray, " epochs"] = np.zeros(0, np.int64)  # after which metrics were recorded
    # (train, classes) mean probability of each class over the block's models that did not train on the example and did
    # not diverge; NaN if there are no such models.  None for blocks of older versions and of streamed runs.
    held_out: np.ndarray | None = None


class CorruptBlock(Exception):
    """A block that differs from what was written."""

    def __init__(self, number: int, problem: object):
        super().__init__(f"block {number}: {problem}")
        self.number = number


def block_path(folder: Path, number: int) -> Path:
    return folder / "blocks" / f"{number:06d}.npz"


def write_block(
    folder: Path, number: int, block: Block, plan: str, environment: dict[str, str],
    parameters: dict[str, np.ndarray] | None = None,
) -> bool:  # fmt: skip
    """Adds a block to a run folder: first its arrays and parameters, then the record that makes them count.

    Another process may write the same block at the same time.  The first one stays.  On the same kind of device the
    same models have the same bytes, so it does not matter which.

    Returns:
      False if the block exists with other bytes, because the two were trained in different environments.
    """
    content, kept = _to_bytes(block), _as_npz(parameters) if parameters else b""
    record = Record(
        number, plan, hashlib.sha256(content).hexdigest(), len(content), len(block.finite),
        int((~block.finite).sum()), environment, hashlib.sha256(kept).hexdigest() if kept else "",
    )  # fmt: skip
    return _commit(folder, content, record, kept)


def read_parameters(folder: Path, number: int) -> dict[str, np.ndarray] | None:
    """The stored parameters of a block by name, with a models axis in front; None if there are none or no longer.

    Bits of bfloat16, which are stored as uint16, become float32.

    Raises:
      CorruptBlock: their bytes differ from those that were written.
      InputError: they cannot be read, which does not mean that they are damaged.
    """
    path = parameters_path(folder, number)
    try:
        record = read_record(folder, number)
        if not record.parameters or not is_there(path):
            return None
        if sha256_of(local_copy(path, record.parameters)) != record.parameters:
            raise CorruptBlock(number, "its parameters have another checksum than its record says")
        arrays = read_npz(path, packed=False)
    except (FileNotFoundError, BrokenSeal) as problem:
        raise CorruptBlock(number, problem) from problem
    except OSError as problem:
        raise unreadable(path, problem) from problem
    return {name: (array.astype(np.uint32) << 16).view(np.float32) if array.dtype == np.uint16 else array
            for name, array in arrays.items()}  # fmt: skip


def commit_staged(folder: Path, plan: str) -> int:
    """Uploads blocks that an earlier process of this machine could not upload; returns how many."""
    if not url_of(folder):
        return 0
    finished, count = finished_blocks(folder), 0
    for path in sorted((folder / "blocks").glob("*.json")):
        number, data = number_of(path.stem), path.with_suffix(".npz")
        if number is None or number in finished or not data.exists():
            continue
        try:
            record = read_record(folder, number)
        except (FileNotFoundError, BrokenSeal):
            continue
        if record.plan == plan and sha256_of(data) == record.sha256:
            kept = parameters_path(folder, number)
            if record.parameters and not (kept.exists() and sha256_of(kept) == record.parameters):
                continue
            _commit(folder, data.read_bytes(), record, kept.read_bytes() if record.parameters else b"")
            count += 1
    return count


def read_block(folder: Path, number: int, plan: Plan | None = None) -> Block:
    """The block with this number.

    Raises:
      CorruptBlock: it is missing, its bytes differ from those that were written, or it holds something else than the
        plan says, where that is given.
      InputError: it cannot be read, which does not mean that it is damaged.
    """
    path = block_path(folder, number)
    try:
        record = read_record(folder, number)
        local_copy(path, record.sha256)
        if path.stat().st_size != record.bytes or sha256_of(path) != record.sha256:
            raise CorruptBlock(number, "its checksum differs from the one in its record")
    except (FileNotFoundError, BrokenSeal) as problem:
        raise CorruptBlock(number, problem) from problem
    except OSError as problem:
        raise unreadable(path, problem) from problem
    try:
        block = _from_arrays(read_npz(path, lambda names: _check_names(names, path), packed=False))
        if plan:
            _check_with(plan, number, block)
        return block
    except (InputError, ValueError, KeyError, TypeError, IndexError) as problem:
        if isinstance(problem.__cause__, OSError | MemoryError):
            raise
        raise CorruptBlock(number, problem) from problem


def remove_parameters(folder: Path, number: int) -> None:
    """Deletes the stored parameters of a block, if there are any and this user may."""
    remove(parameters_path(folder, number))


def _commit(folder: Path, content: bytes, record: Record, kept: bytes) -> bool:
    number = record.number
    data_path, its_record = block_path(folder, number), record_path(folder, number)
    fields = record._asdict()
    sealed = seal(fields if kept else {name: fields[name] for name in fields if name != "parameters"})
    files = [(parameters_path(folder, number), kept, record.parameters)] if kept else []
    files.append((data_path, content, record.sha256))
    while True:
        data_path.parent.mkdir(exist_ok=True)
        for path, its_bytes, _ in files:
            stage(path, its_bytes)
        stage(its_record, sealed)
        try:
            same = all(publish(path, its_bytes) or sha256_of(path) == digest for path, its_bytes, digest in files)
            if same and publish(its_record, sealed):
                return True
            refresh([its_record])
            if same or its_record.exists():  # the record of the process that was first
                return read_record(folder, number).sha256 == record.sha256
        except BrokenSeal:  # the record was changed after it was written
            pass
        except FileNotFoundError:
            if not any(path.is_symlink() and not path.exists() for path in (data_path, its_record)):
                continue  # another process has just set the first block aside
        set_aside(folder, number)  # or a process ended between the two files, and its data differ


def _to_bytes(block: Block) -> bytes:
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
    return _as_npz(arrays)


def _as_npz(arrays: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _from_arrays(arrays: dict[str, np.ndarray]) -> Block:
    ids, finite, masks = (arrays.pop(name) for name in ("model_ids", "finite", "masks"))
    num_train, num_test = (int(arrays.pop(f"num_{side}")) for side in ("train", "test"))
    epochs, held_out = arrays.pop(_EPOCHS, np.zeros(0, np.int64)), arrays.pop(_HELD_OUT, None)
    if epochs.dtype != np.int64 or epochs.ndim != 1 or (np.diff(epochs) <= 0).any():
        raise ValueError(f"its recorded epochs are {epochs}; expected an ascending row of whole numbers")
    if held_out is not None and (held_out.dtype != np.float16 or held_out.shape[:-1] != (num_train,)):
        raise ValueError(f"its held-out probabilities are {held_out.dtype} {held_out.shape}")
    metrics: dict[str, dict[str, np.ndarray]] = {"train": {}, "test": {}, "record": {}}
    for key, values in arrays.items():
        side, _, name = key.partition("_")
        count = num_test if side == "test" else num_train
        metrics[side][name] = _expand(values, count, axis=2 if side == "record" else 1)
    block = Block(
        ids, _expand(masks, num_train), finite.astype(bool, casting="no"), **metrics, epochs=epochs, held_out=held_out
    )
    if ids.dtype != np.int64 or finite.shape != (len(ids),) or block.masks.dtype != bool:
        raise ValueError("it holds no numbers or no masks of models")
    shapes = {values.shape[:2] for values in (block.masks, *block.train.values())}
    if shapes != {(len(ids), num_train)} or {len(values) for values in block.test.values()} != {len(ids)}:
        raise ValueError(f"its arrays have different sizes: {shapes}")
    if any(values.shape[:2] != (len(ids), len(epochs)) for values in block.record.values()):
        raise ValueError(f"its recorded metrics are not of {len(ids)} models at {len(epochs)} epochs")
    return block


def _check_with(plan: Plan, number: int, block: Block) -> None:
    """Raises an error unless a block holds the models, the examples and the metrics that the plan says."""
    if not np.array_equal(block.model_ids, np.arange(number * plan.pack_size, (number + 1) * plan.pack_size)):
        raise ValueError("it holds models with other numbers than the plan says")
    keep = [name for name in plan.config.get("keep", block.train) if not name.startswith("parameters")]
    recorded = plan.config.get("record", {"metrics": block.record})
    epochs, num_train, num_test = len(block.epochs), plan.data["num_train"], plan.data["num_test"]
    for values, names, shape in (
        (block.train, keep, (num_train,)),
        (block.test, keep, (num_test,)),
        (block.record, recorded["metrics"], (epochs, num_train)),
    ):
        if values.keys() != {*names}:
            raise ValueError(f"it holds {', '.join(sorted(values))}; the plan says {', '.join(sorted(names))}")
        for name, array in values.items():
            row = METRICS.get(name)  # of one's own task it may be unknown here
            each = array.shape[2:] if row is None or row.per_class else ()
            is_bits = array.dtype == bool if row is None else row.bits == 1
            if array.shape != (plan.pack_size, *shape, *each) or (array.dtype == bool) != is_bits:
                raise ValueError(f"its {name} is {array.dtype} {array.shape}, for {num_train} and {num_test} examples")
    if recorded["metrics"] and block.epochs.tolist() != recorded.get("epochs", block.epochs.tolist()):
        raise ValueError("it has recorded other epochs than the plan says")


def _check_names(names, path: Path) -> None:
    others = {name for name in names if not name.startswith(_BY_METRIC)} - {_HELD_OUT}
    if others != _ALWAYS or len({*names} - others) < 2:
        raise InputError(f"{path} does not hold the arrays of a block")


def _compact(values: np.ndarray, axis: int = 1) -> np.ndarray:
    if values.dtype == bool:
        return np.packbits(values, axis=axis)
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)


def _expand(values: np.ndarray, count: int, axis: int = 1) -> np.ndarray:
    """The values of `count` examples along an axis: booleans from bits, or numbers unchanged."""
    if values.dtype == np.uint8 and values.ndim == axis + 1 and -(-count // 8) == values.shape[axis]:
        return np.unpackbits(values, axis=axis, count=count).astype(bool)
    if values.dtype != np.float16 or values.ndim <= axis or values.shape[axis] != count:
        raise ValueError(f"it holds an array {values.dtype} {values.shape} for {count} examples")
    return values
