"""Statistics that several parts need, in NumPy: means of some values, the Gini coefficient, limits of rates."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError, one_of

USUAL = 0.05  # 1 - level up to which limits of two sides are joined by their squares
_NODES = 24  # of the integral over one of the two rates
_NEGLIGIBLE = 1e-5  # part of a level beyond which this integral is not taken
_AT_ONCE = 2**16  # different counts, of each of which there are some kilobytes
_NEVER = 1e-20  # the same, of p-values
_TINY = 1e-3  # below this level, rounding of a cumulative integral counts


def mean_where(
    values: Shaped[np.ndarray, "..."], chosen: Bool[np.ndarray, "..."], axis: int = 0, dtype: Any = None
) -> tuple[Float[np.ndarray, "..."], Int[np.ndarray, "..."]]:
    """The mean of the chosen values along an axis, NaN where none is chosen, and how many are.

    Args:
      dtype: precision of the sum; by default that of the values.
    """
    count = chosen.sum(axis)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: undefined, not zero
        return np.where(chosen, values, 0).sum(axis, dtype=dtype) / count, count


def gini(values: Shaped[Any, "..."] | Sequence[Any]) -> Float[np.ndarray, "*rest"]:
    """The Gini coefficient of values of at least 0, along the last axis: how unequally something is shared out.

        G = sum over i, j of |g_i - g_j| / (2 n^2 mean g)

    0: all alike.  (n - 1) / n, near 1: one has everything.  NaN where all are 0.  Arpit et al. give no formula; this
    is the usual one, without a correction for small n.

    Raises:
      InputError: no values, or some that are below 0 or not finite.

    Example:
      >>> float(gini(np.array([1, 1, 1, 1]))), float(gini(np.array([0, 0, 0, 1])))
      (0.0, 0.75)
    """
    values = np.sort(np.asarray(values, np.float64), axis=-1)
    count = values.shape[-1] if values.ndim else 0
    if not count or not (np.isfinite(values).all() and (values >= 0).all()):
        raise InputError("gini takes one or more numbers; give finite ones of at least 0")
    rank = 2 * np.arange(1, count + 1) - count - 1  # of ascending values: how many are below less how many above
    with np.errstate(invalid="ignore"):
        return np.asarray((rank * values).sum(-1) / (count * values.sum(-1)))


def clopper_pearson(
    successes: float | Shaped[np.ndarray, "..."], trials: int, level: float = 0.95
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Exact interval of a probability: each end is missed with at most half of 1 - level.  NaN without a trial.

    Reference:
      Clopper and Pearson, The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial, Biometrika
      26, 1934.
    """
    from scipy.special import betaincinv

    won, tail = np.asarray(successes, np.float64), (1 - level) / 2
    low = np.where(won > 0, betaincinv(np.maximum(won, 1), trials - won + 1, tail), 0.0)
    high = np.where(won < trials, betaincinv(won + 1, np.maximum(trials - won, 1), 1 - tail), 1.0)
    known = (won >= 0) & (trials > 0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


class _Ends(NamedTuple):
    low: Any
    high: Any


class Interval(_Ends):
    """Lower and upper ends of confidence intervals, to unpack as `low, high`.

    Attributes:
      low, high: one number for each entry of the estimate.
      form: how they were made: mid-p, exact or normal; see `memjax.types.Estimate.interval`.
    """

    form: str

    def __new__(cls, low: Any, high: Any, form: str) -> "Interval":
        ends = super().__new__(cls, low, high)
        ends.form = form
        return ends


def check_level(level: float) -> None:
    """Refuses a level that is not between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(f"level is {level}; give a probability between 0 and 1, such as 0.95")


def form_of_interval(level: float, form: str | None, known: bool, alpha: float) -> str:
    """The form of an interval that is asked for, or by default; whether counts are known, and the part of truths that
    each interval may miss.  Mid-p misses up to 4 % at 0.99: joining two limits by their squares fails in the tails.

    Raises:
      InputError: the level is not between 0 and 1, an unknown form, one that needs counts that are not known, or mid-p
        beyond 0.95.
    """
    check_level(level)
    if form not in (None, "mid-p", "exact", "normal"):
        raise one_of("form", form, ("mid-p", "exact", "normal"))
    if form in ("mid-p", "exact") and not known:
        raise InputError(
            f"an interval of form {form} is made from counts of right answers of independent models, which this "
            "estimate does not have; take form='normal'"
        )
    near = alpha > USUAL - 1e-9
    if form == "mid-p" and not near:
        raise InputError(
            f"intervals of form mid-p hold up to a level of 0.95 each, not {1 - alpha:.6g}; take form='exact'"
        )
    return form or ("normal" if not known else "mid-p" if near else "exact")


Counts = Float[np.ndarray, "..."]


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


def unbiased_stderr(right_in: Counts, num_in: Counts, right_out: Counts, num_out: Counts) -> Counts:
    """The standard error of a difference of two proportions from sample variances; NaN where a side has one model."""
    with np.errstate(invalid="ignore", divide="ignore"):
        inside, outside = (
            np.where(of > 1, right * (of - right) / (of * of * (of - 1)), np.nan)
            for right, of in ((right_in, num_in), (right_out, num_out))
        )
    return np.sqrt(inside + outside)


def null_stderr(num_right: Shaped[Any, "..."], num_in: Shaped[Any, "..."], num_out: Shaped[Any, "..."]) -> Counts:
    """The standard error of a difference of two proportions that are equal, from all answers together; half a right and
    half a wrong one are added, so that it is never 0.  Unlike other errors it does not grow with the difference."""
    models = num_in + num_out
    rate = (num_right + 0.5) / (models + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(rate * (1 - rate) * models / (models - 1) * (1 / num_in + 1 / num_out))


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
