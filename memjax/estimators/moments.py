"""Means and variances of a score over the models that saw an example and over those that did not."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from memjax.types import Estimate


class Moments(NamedTuple):
    """One side: how many models, their mean score and the sample variance (divisor count - 1)."""

    count: Int[Array, "*shape"]
    mean: Float[Array, "*shape"]
    variance: Float[Array, "*shape"]


def moments(
    count: Int[Array, "*#shape"], total: Float[Array, "*shape"], squares: Float[Array, "*shape"]
) -> Moments:
    """From sums over models.  The mean of none and the variance of one are NaN: undefined, not zero."""
    mean = total / count
    scatter = jnp.maximum(squares - total * mean, 0)  # rounding may leave a negative crumb
    variance = jnp.where(count > 1, scatter / (count - 1), jnp.nan)
    return Moments(jnp.broadcast_to(count, mean.shape), mean, variance)


def difference(inside: Moments, outside: Moments) -> Estimate:
    """Mean inside minus mean outside, with the standard error of a difference of independent means."""
    stderr = jnp.sqrt(inside.variance / inside.count + outside.variance / outside.count)
    return Estimate(inside.mean - outside.mean, stderr, inside.count, outside.count)
