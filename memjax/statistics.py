"""Statistics that several parts need, in NumPy: means of some of the values, and the Gini coefficient."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError


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
        raise InputError("gini takes one or more finite numbers of at least 0")
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
