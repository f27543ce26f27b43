"""A block of finished models on disk: one npz file and, written after it, a JSON file with its checksum.

Without the JSON file the block does not exist.  Yes-or-no arrays are kept as bits, numbers as float16.
"""

import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from memjax.store.files import sha256_of, write_atomically

LARGEST = float(np.finfo(np.float16).max)


class Block(NamedTuple):
    """Finished models with consecutive numbers.

    Attributes:
      model_ids: (models,)
      masks: (models, train) bool, True where the model trained on the example.
      finite: (models,) bool, False where training diverged.
      train, test: by the name of the metric, (models, train) and (models, test).
    """

    model_ids: Int[np.ndarray, " models"]
    masks: Bool[np.ndarray, "models train"]
    finite: Bool[np.ndarray, " models"]
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]


class CorruptBlock(Exception):
    """A block file that is not what was written."""

    def __init__(self, number: int, problem: object):
        super().__init__(f"block {number}: {problem}")
        self.number = number


def block_path(folder: Path, number: int) -> Path:
    return folder / "blocks" / f"{number:06d}.npz"


def write_block(folder: Path, number: int, block: Block, environment: dict[str, str]) -> None:
    """Commits a block to a run folder."""
    arrays = {
        "model_ids": block.model_ids.astype(np.int64),
        "finite": block.finite,
        "num_train": np.int64(block.masks.shape[1]),
        "masks": _compact(block.masks),
        **{f"train_{name}": _compact(values) for name, values in block.train.items()},
        **{f"test_{name}": _compact(values) for name, values in block.test.items()},
    }
    if block.test:
        arrays["num_test"] = np.int64(next(iter(block.test.values())).shape[1])
    path = block_path(folder, number)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, lambda stream: np.savez(stream, **arrays))
    record = {"sha256": sha256_of(path), "bytes": path.stat().st_size, "environment": environment}
    text = json.dumps(record, indent=1).encode()
    write_atomically(path.with_suffix(".json"), lambda stream: stream.write(text))


def read_block(folder: Path, number: int) -> Block:
    """A block, if its bytes are those that were written.

    Raises:
      CorruptBlock: they are not.
    """
    path = block_path(folder, number)
    try:
        record = json.loads(path.with_suffix(".json").read_bytes())
        if sha256_of(path) != record["sha256"]:
            raise CorruptBlock(number, "its checksum differs from the one noted when it was written")
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        num = {"train": int(arrays.pop("num_train")), "test": int(arrays.pop("num_test"))}
        masks = _expand(arrays.pop("masks"), num["train"])
        block = Block(arrays.pop("model_ids"), masks, arrays.pop("finite"), {}, {})
        for key, values in arrays.items():
            side, _, name = key.partition("_")
            getattr(block, side)[name] = _expand(values, num[side])
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as problem:
        raise CorruptBlock(number, problem) from problem
    return block


def finished_blocks(folder: Path) -> set[int]:
    """Numbers of the blocks that a run folder holds, judged by the presence of both files."""
    names = {path.name for path in (folder / "blocks").glob("??????.*")}
    return {int(name[:6]) for name in names if name[:6].isdigit() and {name[:6] + ".npz", name[:6] + ".json"} <= names}


def set_aside(folder: Path, number: int) -> Path:
    """Renames a corrupt block out of the way, so that it is trained again and nothing is deleted."""
    path = block_path(folder, number)
    attempt = 0
    while (aside := path.with_suffix(f".bad-{attempt}")).exists():
        attempt += 1
    # The record goes first: without it the block no longer exists, whatever happens next.
    for source, target in ((path.with_suffix(".json"), aside.with_name(aside.name + ".json")), (path, aside)):
        if source.exists():
            source.rename(target)
    return aside


def _compact(values: np.ndarray) -> np.ndarray:
    if values.dtype == bool:
        return np.packbits(values, axis=1)
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)


def _expand(values: np.ndarray, count: int) -> np.ndarray:
    return np.unpackbits(values, axis=1, count=count).astype(bool) if values.dtype == np.uint8 else values
