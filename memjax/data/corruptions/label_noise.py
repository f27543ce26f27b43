"""Label noise: training labels that are wrong on purpose, to see whether they are found."""

import numpy as np

from memjax.data.corruptions.rows import Part, chosen_rows, labels_of, with_labels
from memjax.errors import InputError
from memjax.prng import host_bits
from memjax.types import Dataset


def flip_labels(dataset: Dataset, rate: float, seed: int, part: Part = "train") -> Dataset:
    """Replaces exactly round(rate * examples) labels by a wrong class, all wrong ones being equally likely.

    `mislabelled` records which.  With the same seed, a higher rate changes the same labels and more.

    Args:
      rate: fraction of the labels.
      seed: decides which labels, and what they become.
      part: whether training or test labels.

    Raises:
      InputError: the rate is no fraction, or there are fewer than two classes, so no wrong one.
    """
    num_classes, old = dataset.num_classes, labels_of(dataset, part)
    rows = chosen_rows(dataset, part, rate, seed, "label noise")
    if not len(rows):
        return dataset
    if num_classes < 2:
        raise InputError(f"--label-noise needs at least two classes; {dataset.name} has {num_classes}")
    shift = 1 + host_bits(seed, _SHIFT[part], 0, len(old))[rows] % np.uint64(num_classes - 1)
    return with_labels(dataset, part, rows, (old[rows] + shift.astype(np.int32)) % num_classes)


_SHIFT = {"train": "label noise shift", "test": "label noise shift, test"}
