"""Limits of a difference of means of scores from 0 to 1; from counts also how surely it exceeds a margin."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from memjax.statistics import USUAL, Counts, Interval

_NODES = 24  # of the integral over one of the two rates
_NEGLIGIBLE = 1e-5  # part of a level beyond which this integral is not taken
_AT_ONCE = 2**16  # different counts, of each of which there are some kilobytes
_NEVER = 1e-20  # the same, of p-values
_TINY = 1e-3  # below this level, rounding of a cumulative integral counts
Ends = tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]


def difference_limits(
    right_in: Any, num_in: Any, right_out: Any, num_out: Any, alpha: float, exact: bool
) -> tuple[Counts, Counts]:
    """Lower and upper limits of a difference of two proportions, from counts; NaN where a side has no model.

    Mid-p: with p and the limits l, u of each rate, found once for each count of right answers that occurs,

        low  = d - sqrt((p_in - l_in)^2 + (u_out - p_out)^2)
        high = d + sqrt((u_in - p_in)^2 + (p_out - l_out)^2),   d = p_in - p_out

    Exact: low is the alpha / 2 quantile of L_in - U_out, where the quantiles of the beta distributed L and U are the
    lower and the upper limits of Clopper and Pearson.  So low is above 0 where Fisher's exact test has p < alpha / 2.

    Where one rate is certain, such as 1, the limits are those of the other rate: they cover at the extremes, where
    normal intervals do not.  `python -m benchmarks.coverage` measures all forms.

    Args:
      alpha: 1 - level.
      exact: exact; else mid-p.

    Reference:
      Zou and Donner, Construction of Confidence Limits about Effect Measures, Statistics in Medicine 27, 2008; Agresti
      and Gottard, Nonconservative Exact Small-Sample Inference for Discrete Data, 2007, for mid-p; Fay, Proschan and
      Brittain, Combining One-Sample Confidence Procedures for Inference in the Two-Sample Case, Biometrics 71, 2015.
    """
    counts = [np.asarray(values, np.float64) for values in np.broadcast_arrays(right_in, num_in, right_out, num_out)]
    known = (counts[1] > 0) & (counts[3] > 0)
    limits, find = np.full((2, *known.shape), np.nan), _exact_limits if exact else _mid_p_limits
    limits[:, known] = find(*(values[known] for values in counts), alpha=alpha)
    return limits[0], limits[1]


def _mid_p_limits(right_in: Counts, num_in: Counts, right_out: Counts, num_out: Counts, alpha: float) -> Any:
    sides = []
    for right, count in ((right_in, num_in), (right_out, num_out)):
        (some, of), place = _distinct(right, count)
        each = np.stack([some / of, _mid_p_limit(some, of, alpha), 1 - _mid_p_limit(of - some, of, alpha)])
        sides.append(each[:, place])
    (p_in, l_in, u_in), (p_out, l_out, u_out) = sides
    d = p_in - p_out
    return d - np.hypot(p_in - l_in, u_out - p_out), d + np.hypot(u_in - p_in, p_out - l_out)


def _mid_p_limit(right: Counts, count: Counts, alpha: float) -> Counts:
    """The rate at which more right answers, or just so many counted by half, have probability alpha / 2."""
    from scipy.special import betainc, betaincinv

    some, wrong = np.maximum(right, 1), np.maximum(count - right, 1)
    more, as_many = (some + 1, wrong), (some, wrong + 1)

    def chance(rate: Counts) -> tuple[Counts, Counts]:
        return betainc(*as_many, rate) + betainc(*more, rate), _density(rate, *as_many) + _density(rate, *more)

    # Between the limits with all and with none of the probability of just so many.
    low, high = betaincinv(*as_many, alpha / 2), betaincinv(*more, alpha / 2)
    found = _root(chance, alpha, (low + high) / 2, low, high)
    return np.select([right == 0, right == count], [0.0, alpha ** (1 / some)], found)


def _root(chance: Callable[[Counts], Any], target: float, found: Counts, low: Any, high: Any) -> Counts:
    """Where a chance, of which the logarithm is concave, rises to the target: Newton's method between two ends."""
    for _ in range(60):
        value, slope = chance(found)
        low, high = np.where(value < target, found, low), np.where(value < target, high, found)
        with np.errstate(all="ignore"):
            better = found - np.log(value / target) * value / slope
        near = (low <= better) & (better <= high) & (value > 1e-6 * target)  # else half of what is left
        found, last = np.where(near, better, (low + high) / 2), found
        if not (np.abs(found - last) > 1e-7).any():
            break
    return found


def _density(x: Counts, a: Counts, b: Counts) -> Counts:
    from scipy.special import betaln

    x = x.clip(1e-300, 1 - 1e-16)
    return np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b))


def _exact_limits(right_in: Counts, num_in: Counts, right_out: Counts, num_out: Counts, alpha: float) -> Any:
    quads, place = _distinct(right_in, num_in, right_out, num_out)
    ends = [
        (_least_difference(*part, alpha=alpha), -_least_difference(*part[[2, 3, 0, 1]], alpha=alpha))
        for part in np.array_split(np.stack(quads), 1 + len(quads[0]) // _AT_ONCE, axis=1)
    ]
    low, high = np.concatenate(ends, axis=1)
    return low[place], high[place]


def exceeds_by(right: Any, count: Any, other: Any, of: Any, margin: float) -> Counts:
    """One-sided p-values of the null that the first rate exceeds the second by no more than the margin.

    The probability of L - U <= margin, L and U as for exact limits: below alpha / 2 where the lower limit is above.
    """
    found = np.ones(len(right))
    some = (right > 0) & (other < of)
    (right, count, other, of), place = _distinct(*(values[some].astype(float) for values in (right, count, other, of)))
    of_l, of_u = _steadier(right, count, other, of)
    found[some] = _chance_below(np.full(len(right), margin), of_l, of_u, _ends(of_u, _NEVER), fine=True)[0][place]
    return np.minimum(found, 1)


def _steadier(right: Counts, count: Counts, other: Counts, of: Counts) -> tuple[Counts, Counts]:
    """Arguments of the beta distributions of L and U, or of 1 - U and 1 - L, of which the second one, which is
    integrated over, varies less: L - U = (1 - U) - (1 - L)."""
    betas = np.stack([[np.maximum(right, 1), count - right + 1], [np.maximum(of - other, 1), other + 1]])
    variances = betas.prod(1) / (betas.sum(1) ** 2 * (betas.sum(1) + 1))
    first, second = np.where(variances[0] < variances[1], betas[::-1], betas)
    return first, second[::-1]


def _ends(beta: Counts, tail: float) -> tuple[Counts, Counts]:
    from scipy.special import betaincinv

    return betaincinv(*beta, tail), 1 - betaincinv(*beta[::-1], tail)


def _chance_below(difference: Counts, of_l: Counts, of_u: Counts, ends: tuple[Counts, Counts], fine: bool) -> Any:
    """The probability that L - U is at most so much, and its slope, by an integral over U between these ends."""
    from scipy.special import betainc

    nodes, weights, up_to = _quadrature()
    start, stop = np.clip([-difference, 1 - difference], *ends)  # L is at most 0 before, at most 1 after
    half = (stop - start)[:, None] / 2
    u = start[:, None] + half * (1 + nodes)
    x = difference[:, None] + u
    density, own = half * _density(u, *of_u[:, :, None]), _density(x, *of_l[:, :, None])
    if fine:
        below = betainc(*of_l[:, :, None], x.clip(0, 1))
    else:
        below = betainc(*of_l, (difference + start).clip(0, 1))[:, None] + half * (own @ up_to)
    beyond = betainc(*of_u[::-1], difference.clip(0, 1))
    return (density * below) @ weights + beyond, (density * own) @ weights


def _least_difference(right: Counts, count: Counts, other: Counts, of: Counts, alpha: float) -> Counts:
    """The alpha / 2 quantile of L - U, by an integral over that of L and 1 - U which varies less."""
    from scipy.special import betaincinv

    of_l, of_u = _steadier(right, count, other, of)
    ends, none, every = _ends(of_u, _NEGLIGIBLE * alpha), right == 0, other == of

    def chance(difference: Counts) -> Any:
        return _chance_below(difference, of_l, of_u, ends, alpha < _TINY)

    lower = np.where(none, 0.0, betaincinv(np.maximum(right, 1), count - right + 1, alpha / 2))
    upper = np.where(every, 1.0, betaincinv(other + 1, np.maximum(of - other, 1), 1 - alpha / 2))
    near = right / count - other / of - np.hypot(right / count - lower, upper - other / of)
    certain = none | every
    return np.where(certain, lower - upper, _root(chance, alpha / 2, near, *np.where(certain, near, [[-1], [1]])))


def _quadrature() -> tuple[Counts, Counts, Counts]:
    """Nodes and weights of Gauss and Legendre, and the weights of integrals from -1 up to each node."""
    from scipy.special import roots_legendre

    nodes, weights = roots_legendre(_NODES)
    values, degrees = np.polynomial.legendre.legvander(nodes, _NODES), 2 * np.arange(_NODES) + 1
    integrals = np.column_stack([1 + nodes, (values[:, 2:] - values[:, :-2]) / degrees[1:]])
    return nodes, weights, (weights[:, None] * values[:, :-1] * degrees / 2) @ integrals.T


def _distinct(*columns: Counts) -> tuple[list[Counts], Int[np.ndarray, " rows"]]:
    """Each combination of numbers once, and its place for each row."""
    code = np.zeros(len(columns[0]))
    for column in columns:
        code = np.unique(code, return_inverse=True)[1] * (1 + column.max(initial=0)) + column
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    return [column[first] for column in columns], place


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
