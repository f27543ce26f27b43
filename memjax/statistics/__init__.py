"""Statistics that several parts need, in NumPy: means of some values, the Gini coefficient, limits of rates."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError, one_of

USUAL = 0.05  # 1 - level up to which limits of two sides are joined by their squares
Counts = Float[np.ndarray, "..."]


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


def mean_known(values: Shaped[np.ndarray, "..."]) -> float:
    """The mean of the values that are finite; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean(dtype=np.float64)) if known.size else float("nan")


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
      form: how they were made: mid-p, exact, bounded or normal; see `memjax.types.Estimate.interval`.
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


def form_of_interval(form: str | None, counted: bool, bounded: bool, alpha: float) -> str:
    """The form of an interval that is asked for, or by default.

    Args:
      counted, bounded: whether counts of right answers are known, or both sides of scores from 0 to 1.
      alpha: the part of truths that each interval may miss.  Mid-p misses up to 4 % where it is 1 %: joining two limits
        by their squares fails in the tails.

    Raises:
      InputError: an unknown form, one that needs what is not known, or mid-p where alpha is below 0.05.
    """
    if form not in (None, "mid-p", "exact", "bounded", "normal"):
        raise one_of("form", form, ("mid-p", "exact", "bounded", "normal"))
    if form in ("mid-p", "exact") and not counted:
        raise InputError(
            f"an interval of form {form} is made from counts of right answers of independent models, which this "
            "estimate does not have; take form='normal'"
        )
    if form == "bounded" and not bounded:
        raise InputError("an interval of form bounded is of memorization of scores from 0 to 1; take form='normal'")
    near = alpha > USUAL - 1e-9
    if form == "mid-p" and not near:
        raise InputError(
            f"intervals of form mid-p are valid up to a level of 0.95 each, not {1 - alpha:.6g}; take form='exact'"
        )
    return form or (("mid-p" if near else "exact") if counted else "bounded" if bounded else "normal")


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
