"""Reliability: how well memorization from two halves of the models agrees."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from memjax import notebook
from memjax.errors import InputError
from memjax.estimators.checks import as_masks_and_scores
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.memorization import memorization
from memjax.types import ArrayLike

LEAST = 8  # models: four a half


class Reliability(NamedTuple):
    """Agreement of scores from independent sets of models; 1 is perfect, 0 is none.

    Attributes:
      halves: Pearson correlation, over examples, of memorization from two random halves of the models.
      whole: expected correlation with scores from a new run of the same size, 2 halves / (1 + halves).
      num_examples: examples that have a score in both halves.
      spearman: rank correlation of the halves, which does not depend on few large scores.
    """

    halves: float
    whole: float
    num_examples: int
    spearman: float = float("nan")

    def __repr__(self) -> str:
        halves, whole, ranks = map(notebook.three_digits, (self.halves, self.whole, self.spearman))
        return f"Reliability(halves={halves}, whole={whole}, num_examples={self.num_examples}, spearman={ranks})"


def split_half_reliability(masks: ArrayLike, correct: ArrayLike, seed: int = 0) -> Reliability:
    """Split-half reliability of memorization: which part of the differences between examples is not noise.

    Models of equal or of opposite subsets are in one half: they share a part of their noise.

    Args:
      masks, correct: as for `memorization`.
      seed: of the split.

    Returns:
      NaN where fewer than three examples have scores in both halves, or all scores are equal.

    Raises:
      InputError: as `memorization`, or fewer than eight models.

    Reference:
      Spearman, Correlation Calculated from Faulty Data, 1910; Brown, Some Experimental Results in the Correlation of
      Mental Abilities, 1910.
    """
    masks, correct = map(np.asarray, as_masks_and_scores(masks, correct))
    if len(masks) < LEAST:
        raise InputError(f"{len(masks)} models are too few for two halves; give at least {LEAST}")
    return agreement(*(np.asarray(memorization(masks[half], correct[half]).value) for half in halves(masks, seed)))


def halves(masks: Bool[np.ndarray, "models train"], seed: int = 0) -> list[Bool[np.ndarray, " models"]]:
    """Which models are in each of two random halves; those of equal or opposite subsets are in one."""
    groups = layout.groups if (layout := layout_of(masks)) else np.arange(len(masks))
    order = np.random.default_rng(seed).permutation(groups.max() + 1)
    middle = len(order) // 2
    return [np.isin(groups, half) for half in (order[:middle], order[middle : 2 * middle])]


def agreement(first: Float[np.ndarray, " train"], second: Float[np.ndarray, " train"]) -> Reliability:
    """The reliability of scores, from those of two halves of the models."""
    from scipy.stats import spearmanr

    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known].astype(np.float64), second[known].astype(np.float64)
    if len(first) < 3 or first.std() == 0 or second.std() == 0:
        return Reliability(float("nan"), float("nan"), len(first))
    halves = float(np.corrcoef(first, second)[0, 1])
    # Of opposite halves nothing follows for the whole.
    whole = 2 * halves / (1 + halves) if halves > -1 else float("nan")
    return Reliability(halves, whole, len(first), float(spearmanr(first, second)[0]))  # type: ignore
