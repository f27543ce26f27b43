"""Training sets without some examples, and the accuracy of models that are trained on the rest."""

from collections.abc import Sequence

import numpy as np


def without(removed: Sequence[np.ndarray]) -> np.ndarray:
    """Masks of the training examples that stay, (sets, train), from those that are removed."""
    return ~np.stack(removed)


def at_random(rng: np.random.Generator, removed: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """As many examples as are removed, drawn from all or from some of them."""
    pool = np.arange(len(removed)) if among is None else np.flatnonzero(among)
    return _marked(len(removed), rng.choice(pool, min(int(removed.sum()), len(pool)), replace=False))


def at_random_in_groups(rng: np.random.Generator, removed: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """As many examples of each group as are removed of it, drawn at random: the mix of groups stays what it is."""
    drawn = [at_random(rng, removed & (groups == group), groups == group) for group in np.unique(groups)]
    return np.any(drawn, axis=0)


def no_more_than(removed: np.ndarray, order: np.ndarray, groups: np.ndarray, share: float) -> np.ndarray:
    """Removes fewer examples, so that no group loses more than a share of its own.

    Args:
      removed: (train,) examples that were to be removed.
      order: (train,) examples with larger values are removed first.
      groups: (train,) the group of each example.
      share: of each group, at most.
    """
    kept = np.zeros_like(removed)
    for group in np.unique(groups):
        own = np.flatnonzero(removed & (groups == group))
        most = int(share * (groups == group).sum())
        kept[own[np.argsort(-order[own], kind="stable")[:most]]] = True
    return kept


def accuracies(correct: np.ndarray, test: np.ndarray | None = None) -> np.ndarray:
    """Share of the test examples, or of some of them, that each model gets right; (models,)."""
    return (correct if test is None else correct[:, test]).mean(1, dtype=np.float64)


def by_condition(values: np.ndarray, conditions: int) -> np.ndarray:
    """Values of models, which are numbered repeat by repeat within each condition, as (conditions, repeats)."""
    return values.reshape(conditions, -1)


def _marked(count: int, rows: np.ndarray) -> np.ndarray:
    marks = np.zeros(count, bool)
    marks[rows] = True
    return marks
