"""Label noise: training labels that are wrong on purpose, to see whether they are found."""

import dataclasses

import numpy as np

from memjax.errors import InputError
from memjax.prng import host_bits, host_permutation
from memjax.types import Dataset


def flip_labels(dataset: Dataset, rate: float, seed: int) -> Dataset:
    """Replaces exactly round(rate * train) training labels by a wrong class, all wrong ones being equally likely.

    `mislabelled` records which.  With the same seed, a higher rate changes the same labels and more.

    Args:
      rate: fraction of the training labels, from 0 up to, not including, 1.
      seed: decides which labels, and what they become.

    Raises:
      InputError: there are fewer than two classes, so no wrong one.
    """
    num_train, num_classes = dataset.num_train, dataset.num_classes
    count = round(rate * num_train)
    if count == 0:
        return dataset
    if num_classes < 2:
        raise InputError(f"--label-noise needs at least two classes; {dataset.name} has {num_classes}")
    rows = host_permutation(seed, "label noise rows", 0, num_train)[:count]
    shift = 1 + host_bits(seed, "label noise shift", 0, num_train)[rows] % np.uint64(num_classes - 1)
    labels, mislabelled = dataset.train_labels.copy(), dataset.mislabelled.copy()
    labels[rows] = (labels[rows] + shift.astype(np.int64)) % num_classes
    mislabelled[rows] = True
    return dataclasses.replace(dataset, train_labels=labels, mislabelled=mislabelled)
