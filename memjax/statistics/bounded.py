"""Limits of a difference of means of scores from 0 to 1, where a rare failure was not seen yet."""

from typing import Any

import numpy as np
from jaxtyping import Float

from memjax.statistics import USUAL, Interval

Ends = tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]


def bounded_limits(inside: Any, outside: Any, alpha: float) -> Interval:
    """See `estimators.bounded_interval`.  A side is its number of scores, their mean and the mean's squared error."""
    apart = alpha < USUAL - 1e-9
    (low_in, high_in), (low_out, high_out) = (_limits(side, alpha / (4 if apart else 2)) for side in (inside, outside))
    if apart:
        return Interval(low_in - high_out, high_in - low_out, "bounded")
    mean_in, mean_out = (np.asarray(side[1], np.float64) for side in (inside, outside))
    down, up = np.hypot(mean_in - low_in, high_out - mean_out), np.hypot(high_in - mean_in, mean_out - low_out)
    return Interval(mean_in - mean_out - down, mean_in - mean_out + up, "bounded")


def sides_of_difference(mean_in: Any, num_in: Any, mean_out: Any, num_out: Any, stderr: Any) -> tuple[Any, Any]:
    """Both sides where only the error of their difference is known, shared out as the most that scores can vary."""
    sides = (np.clip(mean_in, 0, 1), num_in), (np.clip(mean_out, 0, 1), num_out)
    with np.errstate(invalid="ignore", divide="ignore"):
        most = np.stack([np.where(count > 1, mean * (1 - mean) / (count - 1), np.nan) for mean, count in sides])
        squares = np.minimum(most, np.square(stderr) * most / np.maximum(most.sum(0), np.finfo(float).tiny))
    (mean_in, num_in), (mean_out, num_out) = sides
    return (num_in, mean_in, squares[0]), (num_out, mean_out, squares[1])


def _limits(side: Any, tail: float) -> Ends:
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
