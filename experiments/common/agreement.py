"""How far two sets of models agree on who is memorized and on who influences whom."""

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from experiments.common.intervals import NORMAL, Interval, bootstrap, resampled, wider
from memjax.estimators import MEM_THRESHOLD, sides
from memjax.types import Outcomes

MOST = 0.9999  # correlations of examples drawn again are clipped here: Fisher's z of 1 is infinite


class Rates(NamedTuple):
    """How often models are right that trained on an example, how often those that did not, and how many models each is.

    For memorization there is an entry for each example; for influence there is one for each pair of one class, with the
    rows of its training and its test example.
    """

    inside: np.ndarray
    outside: np.ndarray
    num_in: np.ndarray
    num_out: np.ndarray
    train: np.ndarray
    test: np.ndarray

    @property
    def value(self) -> np.ndarray:
        """Memorization, or influence; NaN where an example was always in or always out."""
        return self.inside - self.outside


def own_rates(outcomes: Outcomes) -> Rates:
    """The rates of each training example on itself."""
    inside, outside = sides(outcomes.masks, outcomes.train["correct"])
    rows = np.arange(outcomes.masks.shape[1])
    return Rates(*map(np.asarray, (inside.mean, outside.mean, inside.count, outside.count)), rows, rows)


def pair_rates(outcomes: Outcomes, train_labels: np.ndarray, test_labels: np.ndarray) -> Rates:
    """The rates of each training example on each test example of its class.

    As `memjax.influence` has them, but without a program compiled for the shape of each class: there may be 88 classes.
    """
    masks, correct, parts = outcomes.masks.astype(np.float32), outcomes.test["correct"].astype(np.float32), []
    for label in np.intersect1d(train_labels, test_labels):
        rows, columns = np.flatnonzero(train_labels == label), np.flatnonzero(test_labels == label)
        both, num_in = masks[:, rows].T @ correct[:, columns], masks[:, rows].sum(0)[:, None]
        with np.errstate(invalid="ignore"):  # 0 / 0: an example that was always in or always out
            inside = both / num_in
            outside = (correct[:, columns].sum(0) - both) / (len(masks) - num_in)
        fields = (inside, outside, num_in, len(masks) - num_in, rows[:, None], columns[None])
        parts.append([array.ravel() for array in np.broadcast_arrays(*fields)])
    return Rates(*map(np.concatenate, zip(*parts, strict=True)))


def jaccard(first: np.ndarray, second: np.ndarray, *units: np.ndarray) -> Interval:
    """|A and B| / |A or B| of two sets given as marks; NaN if both are empty.  The interval draws units again.

    Args:
      units: what each entry belongs to, e.g. the test example of a pair; by default each is on its own.  With
        several, such as the test and the training example, the widest of their intervals is returned.
    """
    either = np.flatnonzero(first | second)
    both = (first & second)[either].astype(np.float64)
    return reduce(wider, (_jaccard(both, own[either]) for own in units or (np.arange(len(first)),)))


def _jaccard(both: np.ndarray, units: np.ndarray) -> Interval:
    """The share of what is in both sets among what is in either."""
    number = np.unique(units, return_inverse=True)[1]
    shared, joined = (np.bincount(number, weights) for weights in (both, np.ones(len(both))))

    def ratio(rows: np.ndarray) -> float:
        return float(shared[rows].sum() / joined[rows].sum()) if len(rows) else float("nan")

    return bootstrap(len(joined), ratio)


def memorized(rates: Rates, threshold: float) -> np.ndarray:
    """Which examples have memorization of at least the threshold; one that is not defined has not."""
    return rates.value >= threshold


def selected_pairs(pairs: Rates, own: Rates, threshold: float) -> np.ndarray:
    """Which pairs have influence of at least the threshold and a memorized training example."""
    return (pairs.value >= threshold) & (own.value >= MEM_THRESHOLD)[pairs.train]


def curve(
    first: Callable[[float], np.ndarray],
    second: Callable[[float], np.ndarray],
    thresholds: Sequence[float],
    *units: np.ndarray,
) -> list[Interval]:
    """Jaccard by threshold; `first` and `second` mark what is selected at a threshold."""
    return [jaccard(first(threshold), second(threshold), *units) for threshold in thresholds]


def mean_difference(first: np.ndarray, second: np.ndarray, chosen: np.ndarray) -> float:
    """Mean absolute difference of two estimates over what either selects."""
    return float(np.abs(first - second)[chosen].mean()) if chosen.any() else float("nan")


def rank_correlation(first: np.ndarray, second: np.ndarray) -> Interval:
    """Spearman's correlation over examples, with an interval by drawing examples again.

    Examples are ranked again in each draw, and the interval is symmetric in Fisher's z, by its standard deviation over
    draws.  Percentiles with the original ranks missed the truth at each end in 4 to 7 % of simulations, not in 2.5 %.
    """
    both = np.stack([first, second])[:, np.isfinite(first) & np.isfinite(second)]
    value = _correlation(_ranks(both))
    drawn = resampled(both.shape[1], lambda rows: _correlation(_ranks(both[:, rows])))
    if not len(drawn) or not abs(value) < 1:
        return Interval(value, -math.inf, math.inf, both.shape[1])
    spread = NORMAL * np.nanstd(np.arctanh(np.clip(drawn, -MOST, MOST)), ddof=1)
    low, high = np.tanh(np.arctanh(value) + spread * np.array([-1, 1]))
    return Interval(value, float(low), float(high), both.shape[1])


def expected(rates: Rates, num_in: int, num_out: int, rng: np.random.Generator) -> Rates:
    """What so many other models would find if these rates were the truth: binomial draws."""
    inside = rng.binomial(num_in, np.nan_to_num(rates.inside)) / num_in
    outside = rng.binomial(num_out, np.nan_to_num(rates.outside)) / num_out
    counts = np.full(inside.shape, num_in), np.full(inside.shape, num_out)
    return Rates(inside, outside, *counts, rates.train, rates.test)


def _ranks(both: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return rankdata(both, axis=1)


def _correlation(ranks: np.ndarray) -> float:
    return float(np.corrcoef(ranks)[0, 1]) if ranks.shape[1] > 1 and ranks.std(1).all() else math.nan
