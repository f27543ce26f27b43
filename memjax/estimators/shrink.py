"""Empirical Bayes: shrinks each score towards its group mean, more if it is noisier."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.machine.debugging import without_debugging
from memjax.types import ArrayLike, Estimate


@without_debugging()
def shrink(estimate: Estimate, groups: ArrayLike) -> Estimate:
    """Shrinks each estimate towards the mean of its group (its class, for example), more if it is noisier.

        shrunken[i] = mean[g] + spread[g]^2 / (spread[g]^2 + stderr[i]^2) * (value[i] - mean[g])

    for example i of group g.  Mean and true spread of a group are estimated from its members: the squared spread is
    the variance of the values minus the mean squared standard error, at least 0.  With few models the result is closer
    to the truth on average over a group, though not for every example, and it hides the differences that a user may
    look for: rank by it, do not test with it.

    Args:
      estimate: one number per example, e.g. of `memorization`; values without a standard error stay as they are.
      groups: (train,) numbers of groups.

    Returns:
      The standard error is the posterior deviation, spread * stderr / sqrt(spread^2 + stderr^2).

    Raises:
      InputError: not one group an example.

    Reference:
      Efron and Morris, Data Analysis Using Stein's Estimator and Its Generalizations, 1975.
    """
    value, stderr = np.asarray(estimate.value, np.float64), np.asarray(estimate.stderr, np.float64)
    groups = np.asarray(groups)
    if groups.shape != value.shape or value.ndim != 1:
        raise InputError(f"groups has shape {groups.shape} and the estimate {value.shape}; expected one per example")
    known = np.isfinite(value) & np.isfinite(stderr)
    shrunken, error = value.copy(), stderr.copy()
    for group in np.unique(groups):
        rows = np.flatnonzero(known & (groups == group))
        if len(rows) > 1:
            shrunken[rows], error[rows] = _towards_mean(value[rows], stderr[rows])
    return estimate._replace(value=jnp.asarray(shrunken, jnp.float32), stderr=jnp.asarray(error, jnp.float32))


def _towards_mean(
    value: Float[np.ndarray, " members"], stderr: Float[np.ndarray, " members"]
) -> tuple[Float[np.ndarray, " members"], Float[np.ndarray, " members"]]:
    mean, noise = value.mean(), stderr**2
    spread = max(value.var(ddof=1) - noise.mean(), 0.0)
    weight = spread / np.maximum(spread + noise, np.finfo(float).tiny)
    return mean + weight * (value - mean), np.sqrt(weight * noise)
