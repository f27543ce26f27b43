"""What the peers are given: a data set as .npy files, and which examples a model trains on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Examples(NamedTuple):
    """Inputs in float32 from 0 to 1, labels as class numbers."""

    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray

    @property
    def num_classes(self) -> int:
        return int(self.train_labels.max()) + 1


def read_examples(folder: Path) -> Examples:
    """The four files of a folder; inputs are divided by the largest training input."""
    arrays = {name: np.load(folder / f"{name}.npy") for name in Examples._fields}
    largest = np.float32(arrays["train_inputs"].max())
    for name in ("train_inputs", "test_inputs"):
        arrays[name] = arrays[name].astype(np.float32) / largest
    return Examples(**arrays)


def draw_subset(seed: int, num_train: int, fraction: float) -> np.ndarray:
    """The rows that model number `seed` trains on."""
    size = int(num_train * fraction + 1e-9)
    return np.random.RandomState(seed).choice(num_train, size, replace=False)
