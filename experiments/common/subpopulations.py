"""Sub-populations, taken to be clusters of the inputs within a class."""

import warnings

import numpy as np

from experiments.common.duplicates import flat

EXAMPLES = 20  # in a cluster, about


def clusters(inputs: np.ndarray, labels: np.ndarray, seed: int = 0, examples: int = EXAMPLES) -> np.ndarray:
    """The cluster of each example: a number shared by examples of one class whose inputs are near each other (k-means).

    A class of n examples has n / `examples` clusters, and at least one.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    numbers, next_number = np.zeros(len(labels), int), 0
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = max(1, len(rows) // examples)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # equal examples make fewer clusters, which will do
            found = KMeans(count, n_init=3, random_state=seed).fit_predict(flat(inputs[rows]))
        numbers[rows] = next_number + found
        next_number += count
    return numbers
