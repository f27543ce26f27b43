"""Scikit-learn's handwritten digits: small, and installed with scikit-learn."""

import numpy as np

from memjax.data.build import Parts, Split, make_dataset
from memjax.prng import host_permutation
from memjax.types import Dataset

_NUM_TRAIN, _NUM_ALL = 1437, 1797


def load_digits() -> Dataset:
    """1,437 training and 360 test images, (8, 8) uint8 with values 0 .. 16, split the same way every time."""
    from sklearn import datasets

    inputs, labels = datasets.load_digits(return_X_y=True)
    inputs = np.asarray(inputs).astype(np.uint8).reshape(_NUM_ALL, 8, 8)
    labels = np.asarray(labels).astype(np.int32)
    order = host_permutation(0, "digits split", 0, _NUM_ALL)
    train, test = order[:_NUM_TRAIN], order[_NUM_TRAIN:]
    names = tuple(str(digit) for digit in range(10))
    return make_dataset("digits", Parts(Split(inputs[train], labels[train]), Split(inputs[test], labels[test]), names))
