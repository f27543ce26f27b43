"""The examples and pairs that the page shows without its script: rows of the data set in their order."""

from typing import Any

import numpy as np
from jaxtyping import Int

from memjax.report.page.overview import finite
from memjax.results import PairTable
from memjax.types import Dataset


def nearest(mem: np.ndarray, target: float, limit: int) -> Int[np.ndarray, " few"]:
    """The examples with the scores nearest to a value; ties are broken at random, with a fixed seed."""
    defined = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(mem)))
    return defined[np.argsort(np.abs(mem[defined] - target), kind="stable")[:limit]]


def strips(train_rows: Int[np.ndarray, " pairs"]) -> dict[int, list[int]]:
    """The strongest pairs, a list for each training example, ordered by the strongest pair of the list."""
    found: dict[int, list[int]] = {}
    for pair, row in enumerate(train_rows.tolist()):
        found.setdefault(row, []).append(pair)
    return found


def pair_counts(dataset: Dataset, mem: np.ndarray, pairs: PairTable) -> dict[str, Any]:
    """The numbers of examples in pairs, of memorized examples, and of possible pairs, which have one class."""
    train, test = (
        np.bincount(labels, minlength=dataset.num_classes) for labels in (dataset.train_labels, dataset.test_labels)
    )
    return {
        "train": len(np.unique(pairs.train_rows)),
        "test": len(np.unique(pairs.test_rows)),
        "possible": int(train @ test),
        "large": int((finite(mem) >= pairs.memorization_threshold).sum()),
    }
