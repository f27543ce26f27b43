"""The estimator of Feldman and Zhang as its definition says, in NumPy, from the whole matrix of influences."""

import numpy as np


def released_pairs(
    masks: np.ndarray,
    correct: np.ndarray,
    mem: np.ndarray,
    same_class: np.ndarray,
    mem_threshold: float,
    infl_threshold: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training example, test example and influence of the strong pairs.

    A float32 product for the models trained on the example and one for the other models, each over
    max(count, 1e-10), then the selection from the matrix of differences.

    Args:
      masks, correct: (models, train) and (models, test), bool.
      mem: (train,), memorization.
      same_class: (test, train), which pairs may be selected.
    """
    inside, right = masks.astype(np.float32), correct.astype(np.float32)

    def mean_over(mask: np.ndarray) -> np.ndarray:
        return right.T @ mask / np.maximum(mask.sum(0), 1e-10)

    influence = (mean_over(inside) - mean_over(1 - inside)).astype(np.float32)
    column, row = np.nonzero((influence >= infl_threshold) & (mem >= mem_threshold) & same_class)
    return row, column, influence[column, row]
