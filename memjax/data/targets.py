"""Targets that are numbers: what a network is to predict instead of a class."""

import numpy as np

from memjax.metrics import task_named
from memjax.types import Dataset


def units_of(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """What networks get of the targets is (target - first) / second: mean and deviation of all training targets, for a
    task that wants them so, or else 0 and 1."""
    if dataset.train_targets is None or not task_named(dataset.task).standardized:
        return np.float64(0), np.float64(1)
    targets = dataset.train_targets.astype(np.float64)
    return targets.mean(0), targets.std(0)


def targets_of(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Training and test targets as networks get them: int32 class numbers, or float32 numbers in `units_of` them."""
    if dataset.train_targets is None:
        return dataset.train_labels.astype(np.int32), dataset.test_labels.astype(np.int32)
    (mean, spread), sides = units_of(dataset), ("train", "test")
    train, test = (((dataset.targets(side) - mean) / spread).astype(np.float32) for side in sides)
    return train, test


def num_outputs(dataset: Dataset) -> int:
    """Of a network for a data set: one for each class, unless its task says otherwise."""
    return task_named(dataset.task).num_outputs(dataset)
