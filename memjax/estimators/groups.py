"""Sets of examples: groups, such as those of one person, as the units of all estimators, and means over classes, with
errors that count examples and models."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import as_array, as_masks_and_scores
from memjax.estimators.intervals import bounded_interval
from memjax.estimators.kernels.layout import Layout, layout_of
from memjax.estimators.memorization import memorization, sides
from memjax.machine.debugging import without_debugging
from memjax.metrics import METRICS
from memjax.statistics import mean_where
from memjax.types import ArrayLike


class GroupScores(NamedTuple):
    """Masks and scores of groups, which every estimator takes like those of examples.

    Attributes:
      names: the group's value, ascending.
      sizes: number of its examples.
      masks: whether model t was trained on the group.
      scores: mean over its examples of the score of model t.
    """

    names: Shaped[np.ndarray, " groups"]
    sizes: Int[np.ndarray, " groups"]
    masks: Bool[np.ndarray, "models groups"]
    scores: Float[np.ndarray, "models groups"]

    def columns(self, score: str = "correct") -> dict[str, Any]:
        """The columns of a table of the groups: group, size, memorization, stderr, low, high, num_in, num_out.

            memorization[g] = mean over the examples of g of their mean score in models that saw all of g
                            - the same in models that saw nothing of g

        The models are the sample: errors hold however alike the examples of a group are.  low and high are the ends of
        the 95 % interval, for scores from 0 to 1 that of `bounded_interval`.
        """
        value, stderr, num_in, num_out = map(np.asarray, found := memorization(self.masks, self.scores))
        low, high = map(np.asarray, found.interval(form="normal"))
        if score in METRICS and METRICS[score].bounded and layout_of(self.masks) is None:
            low, high = bounded_interval(*sides(self.masks, self.scores, "unbiased"))
        return {"group": self.names, "size": self.sizes, "memorization": value, "stderr": stderr, "low": low,
                "high": high, "num_in": num_in, "num_out": num_out}  # fmt: skip


def of_groups(groups: ArrayLike, masks: ArrayLike, scores: ArrayLike) -> GroupScores:
    """The groups of examples as units: `memorization(found.masks, found.scores)` is that of groups, and likewise
    `influence(found.masks, correct_test)` and `lira(found.masks, found.scores, target)`.

    Args:
      groups: (train,) the group of each example, any values that can be sorted.
      masks: (models, train), whether model t was trained on example i; all examples of a group, or none.
      scores: (models, train), such as correctness, or log odds for an attack on the membership of a person.

    Raises:
      InputError: shapes that do not fit, or a subset that holds a part of a group.

    Example:
      >>> import numpy as np
      >>> masks = np.array([[1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]])
      >>> correct = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]])
      >>> found = of_groups(["a", "a", "b"], masks, correct)
      >>> found.columns()["memorization"].tolist()
      [0.75, 1.0]

    Reference:
      After Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2, with a group in
      the place of an example.
    """
    masks, scores = map(np.asarray, as_masks_and_scores(masks, scores))
    values = np.asarray(groups)
    if values.shape != masks.shape[1:]:
        raise InputError(f"groups have shape {values.shape}; expected one for each of {masks.shape[1]} examples")
    names, first, number, sizes = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
    if (split := masks != masks[:, first][:, number]).any():
        model, example = np.argwhere(split)[0]
        raise InputError(
            f"the subset of model {model} has a part of group {values[example]!s}; train with groups=, which draws "
            "subsets by group"
        )
    order = np.argsort(number, kind="stable")
    starts = np.cumsum(sizes) - sizes
    return GroupScores(
        names, sizes, masks[:, first], np.add.reduceat(scores[:, order], starts, axis=1, dtype=np.float64) / sizes
    )


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
