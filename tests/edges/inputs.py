"""Small good inputs, some of their parts replaced or, by None, left out."""

from pathlib import Path
from typing import Any

import numpy as np


def _changed(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def rows(**changes: Any) -> dict[str, Any]:
    """12 training and 6 test rows of 3 features, in 3 classes."""
    rng = np.random.default_rng(0)
    good = {
        "x_train": rng.normal(size=(12, 3)).astype(np.float32), "y_train": np.arange(12) % 3,
        "x_test": rng.normal(size=(6, 3)).astype(np.float32), "y_test": np.arange(6) % 3,
    }  # fmt: skip
    return _changed(good, changes)


def images(shape: tuple[int, ...] = (5, 4, 3), **changes: Any) -> dict[str, Any]:
    """12 training and 6 test images in 3 classes."""
    rng = np.random.default_rng(0)
    good = rows() | {f"x_{part}": rng.integers(0, 256, (count, *shape), np.uint8)
                     for part, count in (("train", 12), ("test", 6))}  # fmt: skip
    return _changed(good, changes)


def column(values: Any, **changes: Any) -> dict[str, Any]:
    """The rows with a first feature that takes these values in turn, in training and test examples."""
    good = rows()
    for part in ("x_train", "x_test"):
        x = good[part].astype(np.asarray(values).dtype)
        x[:, 0] = np.resize(values, len(x))
        good[part] = x
    return _changed(good, changes)


def predictions(**changes: Any) -> dict[str, Any]:
    """10 models: masks of 6 training examples, correctness on these and on 4 test examples, 2 classes."""
    rng = np.random.default_rng(0)
    good = {
        "masks": np.stack([rng.permutation(6) < 4 for _ in range(10)]), "train_correct": rng.random((10, 6)) < 0.7,
        "test_correct": rng.random((10, 4)) < 0.6, "train_labels": np.arange(6) % 2, "test_labels": np.arange(4) % 2,
    }  # fmt: skip
    return _changed(good, changes)


def probabilities(seed: int = 1, shape: tuple[int, int] = (10, 6)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def write(files: dict[str, Any]) -> str:
    """Writes files by name: arrays as npy, dicts as npz, texts and bytes as they are; returns the first name."""
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            np.savez(path, **content)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        else:
            np.save(path, content)
    return next(iter(files))
