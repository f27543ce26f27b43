"""Training and test examples, drawn from all examples of a data set: some of each class are for testing."""

import numpy as np


def test_rows(labels: np.ndarray, counts: np.ndarray, seed: int) -> np.ndarray:
    """Which examples are for testing, (examples,) bool: `counts[label]` of each class, drawn at random.

    The draw of a class depends on the seed and on the number of its examples only.
    """
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, int(label)]).permutation(len(rows))
        chosen[rows[order[: counts[label]]]] = True
    return chosen


def counts_of(labels: np.ndarray, share: float) -> np.ndarray:
    """A share of the examples of each class, rounded down."""
    return (share * np.bincount(labels) + 1e-9).astype(int)


def sides(values: dict[str, np.ndarray], test: np.ndarray) -> dict[str, np.ndarray]:
    """Each array in two, under the names NAME_train and NAME_test."""
    parts = ("train", ~test), ("test", test)
    return {f"{name}_{side}": array[rows] for name, array in values.items() for side, rows in parts}
