"""How far two sets of models agree on who is memorized and on who influences whom."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from experiments.bootstrap import bootstrap
from experiments.claim import Interval
from memjax.estimators import MEM_THRESHOLD
from memjax.types import Outcomes


class Rates(NamedTuple):
    """Rates of being right with and without a training example, and how many models each is of.

    Of memorization an entry an example; of influence an entry a pair of one class, with the rows of its training and
    its test example.
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
    """Of each training example on itself."""
    masks, correct = outcomes.masks, outcomes.train["correct"]
    rows, num_in = np.arange(masks.shape[1]), masks.sum(0)
    num_out = len(masks) - num_in
    return Rates(*_rates((correct & masks).sum(0), correct.sum(0), num_in, num_out), num_in, num_out, rows, rows)


def pair_rates(outcomes: Outcomes, train_labels: np.ndarray, test_labels: np.ndarray) -> Rates:
    """Of each training example on each test example of its class."""
    parts = []
    for label in np.intersect1d(train_labels, test_labels):
        rows, columns = np.flatnonzero(train_labels == label), np.flatnonzero(test_labels == label)
        masks, correct = (
            array.astype(np.float32) for array in (outcomes.masks[:, rows], outcomes.test["correct"][:, columns])
        )
        num_in = np.repeat(masks.sum(0)[:, None], len(columns), 1)
        num_out = len(masks) - num_in
        rates = _rates(masks.T @ correct, correct.sum(0), num_in, num_out)
        train, test = np.broadcast_arrays(rows[:, None], columns[None])
        parts.append([array.ravel() for array in (*rates, num_in, num_out, train, test)])
    return Rates(*map(np.concatenate, zip(*parts, strict=True)))


def jaccard(first: np.ndarray, second: np.ndarray, units: np.ndarray | None = None) -> Interval:
    """|A and B| / |A or B| of two sets given as marks, with an interval by drawing units again; NaN if both are empty.

    Args:
      units: what each entry belongs to, e.g. the test example of a pair; by default each is on its own.
    """
    either = np.flatnonzero(first | second)
    both = (first & second)[either].astype(np.float64)
    number = np.arange(len(either)) if units is None else np.unique(units[either], return_inverse=True)[1]
    shared, joined = (np.bincount(number, weights) for weights in (both, np.ones(len(either))))

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
    units: np.ndarray | None = None,
) -> list[Interval]:
    """Jaccard by threshold; `first` and `second` mark what is selected at a threshold."""
    return [jaccard(first(threshold), second(threshold), units) for threshold in thresholds]


def mean_difference(first: np.ndarray, second: np.ndarray, chosen: np.ndarray) -> float:
    """Mean absolute difference of two estimates over what either selects."""
    return float(np.abs(first - second)[chosen].mean()) if chosen.any() else float("nan")


def rank_correlation(first: np.ndarray, second: np.ndarray) -> Interval:
    """Spearman's, over examples, with an interval by drawing examples again."""
    from scipy.stats import rankdata

    known = np.isfinite(first) & np.isfinite(second)
    ranks = rankdata(first[known]), rankdata(second[known])
    return bootstrap(int(known.sum()), lambda rows: _correlation(ranks[0][rows], ranks[1][rows]))


def foretold(rates: Rates, num_in: int, num_out: int, rng: np.random.Generator) -> Rates:
    """What as many other models would find if these rates were the truth: binomial draws."""
    inside = rng.binomial(num_in, np.nan_to_num(rates.inside)) / num_in
    outside = rng.binomial(num_out, np.nan_to_num(rates.outside)) / num_out
    counts = np.full(inside.shape, num_in), np.full(inside.shape, num_out)
    return Rates(inside, outside, *counts, rates.train, rates.test)


def _rates(hits_in: np.ndarray, hits: np.ndarray, num_in: np.ndarray, num_out: np.ndarray) -> tuple:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(hits_in / num_in, 0, 1), np.clip((hits - hits_in) / num_out, 0, 1)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if first.std() == 0 or second.std() == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
