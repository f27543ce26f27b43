"""Splits the rows of a table into training and test rows."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from memjax.errors import InputError
from memjax.prng import host_permutation

TEST_WORDS = {"test", "testing", "valid", "validation", "val", "dev", "eval", "1", "true"}
TRAIN_WORDS = {"train", "training", "0", "false"}


def drawn(labels: Int[np.ndarray, " rows"], fraction: float, seed: int) -> Bool[np.ndarray, " rows"]:
    """Test rows, drawn at random: the fraction of each class, rounded; one row of each class is left for training."""
    test = np.zeros(len(labels), bool)
    for number in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == number)
        count = min(round(fraction * len(rows)), len(rows) - 1)
        test[rows[host_permutation(seed, "test rows", number, len(rows))[:count]]] = True
    return test


def named(column: Any) -> Bool[np.ndarray, " rows"]:
    """Test rows, as a column says: train or test (validation), 0 or 1, false or true.

    Raises:
      InputError: the column holds another word, or names no training row.
    """
    words = np.array([str(value).strip().lower().removesuffix(".0") for value in column])
    other = ~np.isin(words, sorted(TRAIN_WORDS | TEST_WORDS))
    if other.any():
        raise InputError(
            f"column {column.name!r} says {str(column.iloc[int(other.argmax())])!r}; expected train or test in each row"
        )
    test = np.isin(words, sorted(TEST_WORDS))
    if test.all():
        raise InputError(f"column {column.name!r} says test in each row; some must say train")
    return test
