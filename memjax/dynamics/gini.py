"""The Gini coefficient: how unequally something is shared out."""

import numpy as np
from jaxtyping import Float, Shaped

from memjax.dynamics.checks import AnyArray
from memjax.errors import InputError


def gini(values: Shaped[AnyArray, "..."]) -> Float[np.ndarray, "*rest"]:
    """The Gini coefficient of values of at least 0, along the last axis.

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
