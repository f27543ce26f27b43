"""Confidence intervals for soft scores from 0 to 1 that hold where a rare failure has not been seen yet."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.kernels.moments import Moments
from memjax.statistics import Interval, check_level

Ends = tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]


def bounded_interval(inside: Moments, outside: Moments, level: float = 0.95) -> Interval:
    """Intervals of memorization or influence for scores from 0 to 1, such as probabilities.

    Where most models give nearly 1 and a few nearly 0, a sample without a failure has almost no variance, and the
    interval of 1.96 standard errors misses the truth.  Here one more score, at the worst place, is added to each
    side: a 0 for its lower limit and a 1 for its upper limit.  The limit is a quantile of the mean of these scores
    under random weights (uniform on all weights that sum to 1), taken from the beta distribution with the same mean and
    variance.  For scores of 0 and 1 it is the limit of Clopper and Pearson.  The limits of both sides are joined by the
    root of the sum of their squared distances from the means.

    Args:
      inside, outside: from `sides`, or from `sides_of` of totals.
      level: share of the intervals that hold their truth.

    Returns:
      Lower and upper ends; NaN where a side has fewer than two models.

    Raises:
      InputError: means outside 0 to 1, or a level that is not between 0 and 1.

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
    means = [np.asarray(side.mean, np.float64) for side in (inside, outside)]
    if any(((mean < 0) | (mean > 1)).any() for mean in means):
        raise InputError("the means lie outside 0 to 1; this interval is for probabilities, not for margins")
    (low_in, high_in), (low_out, high_out) = (_limits(side, (1 - level) / 2) for side in (inside, outside))
    difference = means[0] - means[1]
    down, up = (np.hypot(means[0] - low_in, high_out - means[1]), np.hypot(high_in - means[0], means[1] - low_out))
    return Interval(difference - down, difference + up, "bounded")


def _limits(side: Moments, tail: float) -> Ends:
    from scipy.special import betaincinv

    count, mean, variance = (np.asarray(field, np.float64) for field in side)
    total, squares = count * mean, variance * count * (count - 1) + count * mean * mean
    ends = []
    for worst, part in ((0, tail), (1, 1 - tail)):
        centre = (total + worst) / (count + 1)
        spread = (squares + worst) / (count + 1) - centre * centre  # of the scores and the one that is added
        with np.errstate(invalid="ignore", divide="ignore"):
            size = centre * (1 - centre) * (count + 2) / spread - 1
            limit = betaincinv(size * centre, size * (1 - centre), part)
        certain = (spread <= 0) | (centre <= 0) | (centre >= 1)
        ends.append(np.where(np.isnan(spread), np.nan, np.where(certain, centre, limit)))
    return ends[0], ends[1]
