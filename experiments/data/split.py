"""Training and test examples, drawn from all examples of a data set: a share of each class is for testing."""

import numpy as np


def test_rows(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which examples are for testing, (examples,) bool: a share of each class, rounded down, drawn at random.

    The draw of a class depends on the seed and on the number of its examples only.
    """
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, int(label)]).permutation(len(rows))
        chosen[rows[order[: int(share * len(rows))]]] = True
    return chosen


def sides(values: dict[str, np.ndarray], test: np.ndarray) -> dict[str, np.ndarray]:
    """Each array in two, under the names NAME_train and NAME_test."""
    return {
        f"{name}_{side}": array[rows]
        for name, array in values.items()
        for side, rows in (("train", ~test), ("test", test))
    }
