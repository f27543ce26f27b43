"""Mean memorization of the examples of each class, with errors that count examples and models."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.checks import as_array, as_masks_and_scores
from memjax.estimators.kernels.layout import Layout, layout_of
from memjax.estimators.memorization import memorization
from memjax.machine.debugging import without_debugging
from memjax.statistics import mean_where
from memjax.types import ArrayLike


class ClassMeans(NamedTuple):
    """One entry per class.  NaN where a class has no score; errors also where it has fewer than two.

    Attributes:
      value: mean memorization of the class.
      stderr: its standard error.
      low, high: its 95 % interval.
    """

    value: Float[np.ndarray, " classes"]
    stderr: Float[np.ndarray, " classes"]
    low: Float[np.ndarray, " classes"]
    high: Float[np.ndarray, " classes"]


@without_debugging()
def class_means(masks: ArrayLike, correct: ArrayLike, labels: ArrayLike) -> ClassMeans:
    """Mean memorization of each class; both its examples and the models are samples.

        stderr^2 = s^2 / n  +  sum over i != j of cov(mem[i], mem[j]) / (n (n - 1))

    s is the standard deviation of memorization over the n examples.  The second term is what they share because they
    are from the same models: a better model is better at all of them.  The errors of the examples alone lack it.  It is
    estimated from what each model adds to the class mean, and 0 where that estimate is below 0.  The interval is that
    of Student's t distribution, with one degree of freedom less than there are examples or models, whichever are fewer.

    Args:
      masks, correct: as of `memorization`.  Models of equal or of opposite subsets count as one.
      labels: (train,) class numbers from 0.

    Reference:
      Owen, The Pigeonhole Bootstrap, Annals of Applied Statistics 1, 2007, for two samples at once; Efron and Stein,
      The Jackknife Estimate of Variance, 1981.
    """
    checked = as_masks_and_scores(masks, correct)
    labels, (saw, scores) = np.asarray(as_array("labels", labels)), map(np.asarray, checked)
    if labels.shape != saw.shape[1:] or labels.dtype.kind not in "iu" or labels.min(initial=0) < 0:
        given = f"{labels.dtype} {labels.shape} from {labels.min(initial=0)}"
        raise InputError(f"labels are {given}; expected ({saw.shape[1]},) whole numbers from 0")
    mem, layout, found = np.asarray(memorization(*checked).value), layout_of(saw), []
    for number in range(labels.max(initial=-1) + 1):
        rows = labels == number
        found.append(mean_of_class(mem[rows], *added_by_models(layout, saw[:, rows], scores[:, rows])))
    return ClassMeans(*np.array(found).reshape(-1, 4).T)


def mean_of_class(
    mem: Float[np.ndarray, " examples"], added: Float[np.ndarray, " models"], own: float
) -> tuple[float, float, float, float]:
    """As `ClassMeans`, from what each model adds to memorization, summed over examples, and the squares of the terms of
    these sums."""
    from scipy.stats import t

    mem = mem[np.isfinite(mem)].astype(np.float64)
    number, models = len(mem), len(added)
    if number < 2 or models < 2:
        return (float(mem.mean()) if number else np.nan), np.nan, np.nan, np.nan
    shared = (1 - 1 / models) * (float(added @ added) - own) / (number * (number - 1))
    mean, error = float(mem.mean()), float(np.sqrt(mem.var(ddof=1) / number + max(shared, 0.0)))
    half = float(t.isf(0.025, min(number, models) - 1)) * error
    return mean, error, mean - half, mean + half


def added_by_models(
    layout: Layout | None, masks: np.ndarray, scores: np.ndarray
) -> tuple[Float[np.ndarray, " models"], float]:
    """By how much memorization changes without each model, or group of models of one subset, summed over examples, and
    the squares of these changes, summed."""
    strata, groups = (layout.strata, layout.groups) if layout else (np.zeros(len(masks), int), np.arange(len(masks)))
    added, weight = np.zeros((groups.max(initial=-1) + 1, masks.shape[1])), np.zeros(masks.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        for rows in (strata == stratum for stratum in np.unique(strata)):
            terms, share, numbers = 0.0, 0.0, groups[rows]
            for side, sign in ((masks[rows], 1.0), (~masks[rows], -1.0)):
                count, there = side.sum(0), np.zeros(added.shape, bool)
                np.logical_or.at(there, numbers, side)
                apart = np.where(side, scores[rows] - mean_where(scores[rows], side, dtype=np.float64)[0], 0)
                terms, share = terms + sign * apart / (count - count / there.sum(0)), share + 1 / count
            share = np.where(np.isfinite(terms).all(0), 1 / share, 0)
            np.add.at(added, numbers, np.where(share > 0, terms * share, 0))
            weight += share
    added = added[:, weight > 0] / weight[weight > 0]
    return added.sum(1), float(np.square(added).sum())
