"""Intervals for scores from 0 to 1: where a rare failure was not seen yet, and at every number of models at once."""

from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from memjax.errors import InputError
from memjax.estimators.kernels.moments import Moments
from memjax.statistics import Interval, check_level
from memjax.statistics.differences import bounded_limits

PRIOR = 0.5  # of both arguments of the beta distribution that is mixed over
Numbers = Shaped[np.ndarray, "..."]
Sums = Float[Any, "..."]  # float64


def bounded_interval(inside: Moments, outside: Moments, level: float = 0.95) -> Interval:
    """Intervals of memorization or influence for scores from 0 to 1, such as probabilities.

    Where most models give nearly 1 and a few nearly 0, a sample without a failure has almost no variance, and the
    interval of 1.96 standard errors misses the truth.  Here one more score, at the worst place, is added to each
    side: a 0 for its lower limit and a 1 for its upper limit.  The limit is a quantile of the mean of these scores
    under random weights (uniform on all weights that sum to 1), taken from the beta distribution with the same mean and
    variance.  For scores of 0 and 1 it is the limit of Clopper and Pearson.  The limits of both sides are joined by the
    root of the sum of their squared distances from the means; for levels above 0.95, where this misses too often, each
    side has half of the error.

    Args:
      inside, outside: from `sides`, or from `sides_of` of totals.
      level: share of the intervals that hold their truth.

    Returns:
      Lower and upper ends; NaN where a side has fewer than two models.

    Example:
      >>> import numpy as np
      >>> from memjax.estimators import sides
      >>> masks = np.arange(40)[:, None] % 2 == 0
      >>> low, high = bounded_interval(*sides(masks, np.where(masks, 0.999, 0.998)))  # 20 models on each side
      >>> print(low.round(2), high.round(2))
      [-0.17] [0.17]

    Reference:
      Gaffke, Three Test Statistics for a Nonparametric One-Sided Hypothesis on the Mean of a Nonnegative Variable,
      2005; Zou and Donner, Construction of Confidence Limits about Effect Measures, Statistics in Medicine 27, 2008.
    """
    check_level(level)
    if any(((mean < 0) | (mean > 1)).any() for mean in (np.asarray(inside.mean), np.asarray(outside.mean))):
        raise InputError("the means lie outside 0 to 1; this interval is for probabilities, not for margins")
    return bounded_limits(inside, outside, 1 - level)


def difference_bounds(
    inside: Numbers, num_in: Numbers, outside: Numbers, num_out: Numbers, error: float, in_pairs: bool = False
) -> tuple[Sums, Sums]:
    """Lower and upper ends of mean inside - mean outside.

    With probability 1 - error the difference is between them at every number of models, however one decides to stop:

        {p - q : M(p) M'(q) < 1 / error},   M(p) = B(a + s, a + n - s) / (B(a, a) p^s (1 - p)^(n - s)),   a = 1/2

    M is a beta-binomial mixture of likelihood ratios of the n models inside, of sum s, and M' of those outside: by
    Ville's inequality its product exceeds 1 / error with at most this probability.  Scores from 0 to 1 may be any
    fractions: of all with one mean, 0 and 1 vary most.

    Args:
      inside, outside: sums of scores from 0 to 1 over the models that saw an example, and over those that did not.
      num_in, num_out: how many models these are.
      error: from 0 to 1; for many differences at once divide it by their number.
      in_pairs: models come in pairs of one inside and one outside, which may depend on each other.  Then each side has
        an interval of its own, with half of the error.

    Reference:
      Howard, Ramdas, McAuliffe and Sekhon, Time-Uniform, Nonparametric, Nonasymptotic Confidence Sequences, Annals of
      Statistics 49, 2021; Robbins, Statistical Methods Related to the Law of the Iterated Logarithm, 1970.
    """
    arrays = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (inside, num_in, outside, num_out)))
    won_in, of_in, won_out, of_out = arrays
    lost_in, lost_out, none = of_in - won_in, of_out - won_out, np.zeros(won_in.shape)
    if not in_pairs:
        high = _largest(won_in, of_in, lost_out, of_out, error)
        return 1 - _largest(lost_in, of_in, won_out, of_out, error), high - 1
    ends = [_largest(won, of, none, none, error / 2) - 1
            for won, of in ((won_in, of_in), (lost_in, of_in), (won_out, of_out), (lost_out, of_out))]  # fmt: skip
    return (1 - ends[1]) - ends[2], ends[0] - (1 - ends[3])


def _largest(won: Sums, of: Sums, won_too: Sums, of_too: Sums, error: float) -> Sums:
    """The largest p + q with M(p) M'(q) < 1 / error, for the rates p and q of two sides.

    There the slopes of both log M are equal.  Bisection over their logarithm finds where the product is 1 / error.
    """
    from scipy.special import betaln

    room = -np.log(error) + 2 * betaln(PRIOR, PRIOR)
    room = room - betaln(PRIOR + won, PRIOR + of - won) - betaln(PRIOR + won_too, PRIOR + of_too - won_too)
    low, high = np.full(won.shape, -30.0), np.full(won.shape, 60.0)
    for _ in range(45):
        middle = (low + high) / 2
        slope = np.exp(middle)
        inside = _cost(_rate(won, of, slope), won, of) + _cost(_rate(won_too, of_too, slope), won_too, of_too) < room
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return _rate(won, of, np.exp(high)) + _rate(won_too, of_too, np.exp(high))


def _cost(rate: Sums, won: Sums, of: Sums) -> Sums:
    from scipy.special import xlog1py, xlogy

    return -xlogy(won, rate) - xlog1py(of - won, -rate)


def _rate(won: Sums, of: Sums, slope: Sums) -> Sums:
    """The rate, at least won / of, at which the cost has this slope: of p - won = slope p (1 - p)."""
    gap = of - slope
    root = np.sqrt(gap * gap + 4 * slope * won)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap > 0, 2 * won / (gap + root), (root - gap) / (2 * slope))
