"""Means of a score over the models that saw an example and over those that did not, and their standard errors."""

from typing import Any, Literal, NamedTuple, get_args

import jax
from jaxtyping import Array, Bool, Float, Int

from memjax.errors import one_of
from memjax.types import Estimate

Errors = Literal["adjusted", "unbiased", "plug-in"]


class Moments(NamedTuple):
    """One side: how many models, their mean score, and the squared standard error of that mean."""

    count: Int[Any, "*shape"]
    mean: Float[Any, "*shape"]
    variance: Float[Any, "*shape"]


def as_errors(errors: str) -> Errors:
    """The word for how standard errors of 0 / 1 scores are computed; see `moments_of_rates`."""
    if errors not in get_args(Errors):
        raise one_of("errors", errors, get_args(Errors))
    return errors  # pyright: ignore[reportReturnType]


def moments_of_rates(count: Int[Any, "*#shape"], total: Float[Any, "*shape"], errors: Errors = "adjusted") -> Moments:
    """Mean and variance of a 0 / 1 score, from the number of models that were right.  NaN where there is no model.

    Adjusted, the variance is that of a sample, q (1 - q) / (count - 1), but with q = (total + 1) / (count + 2): one
    success and one failure are added first.  Without them a rate of exactly 0 or 1, which most examples have on one
    side, would pass for certain, and intervals would miss the truth far too often (`tests/estimators/test_coverage.py`
    measures both).  The variance of a single answer is NaN.

    Unbiased, it is q (1 - q) / (count - 1) with q = total / count: 0 for a rate of 0 or 1, but right in the mean, so
    that the typical error of many examples is the root of its mean.

    Plug-in, it is q (1 - q) / count with q = total / count, as in the paper: 0 for a rate of 0 or 1.

    NumPy arrays give NumPy arrays of their own precision.

    Reference:
      After Agresti and Caffo, Simple and Effective Confidence Intervals for Proportions and Differences of
      Proportions, The American Statistician 54, 2000.
    """
    xp = total.__array_namespace__()
    if errors == "plug-in":
        rate = total / count
        return Moments(xp.broadcast_to(count, total.shape), rate, rate * (1 - rate) / count)
    rate = (total + 1) / (count + 2) if errors == "adjusted" else total / count
    variance = xp.where(count > 1, rate * (1 - rate) / (count - 1), xp.nan)
    return Moments(xp.broadcast_to(count, total.shape), total / count, variance)


def moments_of_scores(
    count: Int[Any, "*#shape"], total: Float[Any, "*shape"], squares: Float[Any, "*shape"]
) -> Moments:
    """Mean and sample variance of the mean of any score, from the sums of the score and of its square."""
    xp = total.__array_namespace__()
    mean = xp.where(count > 0, total / count, xp.nan)  # rounding may leave a total of no model that is not 0
    scatter = xp.maximum(squares - total * mean, 0)  # rounding may leave a small negative number
    variance = xp.where(count > 1, scatter / (count - 1) / count, xp.nan)
    return Moments(xp.broadcast_to(count, mean.shape), mean, variance)


def difference(inside: Moments, outside: Moments) -> Estimate:
    """Mean inside minus mean outside, with the standard error of a difference of independent means."""
    stderr = inside.mean.__array_namespace__().sqrt(inside.variance + outside.variance)
    return Estimate(inside.mean - outside.mean, stderr, inside.count, outside.count)


class Sums(NamedTuple):
    """Sums of a score over the models that saw a training example, and over all; one entry per example or a pair.

    For fractions also those of their squares; those of 0 and 1 are the same, and None here.  `rates` says of which
    entries all scores are 0 or 1, whatever other entries hold; by default of those whose squares sum to the same.
    """

    inside: Float[Any, "*shape"]
    total: Float[Any, "*#shape"]
    squares: "Sums | None" = None
    rates: Bool[Any, "*#shape"] | None = None


def halves(
    sums: Sums, num_in: Int[Any, "*#shape"], num_models: int | Int[Array, "*#shape"], errors: Errors = "adjusted"
) -> tuple[Moments, Moments]:
    """The moments over models that saw an example and over models that did not, from sums."""
    num_out, outside = num_models - num_in, sums.total - sums.inside
    of_rates = moments_of_rates(num_in, sums.inside, errors), moments_of_rates(num_out, outside, errors)
    if sums.squares is None:
        return of_rates
    squares, rates = sums.squares, sums.squares.total == sums.total if sums.rates is None else sums.rates
    return (
        either(rates, of_rates[0], moments_of_scores(num_in, sums.inside, squares.inside)),
        either(rates, of_rates[1], moments_of_scores(num_out, outside, squares.total - squares.inside)),
    )


def either(rates: Bool[Any, "*#shape"], of_rates: Moments, of_scores: Moments) -> Moments:
    """The errors of rates where all scores are 0 or 1, and those of other scores elsewhere."""
    xp = of_scores.mean.__array_namespace__()
    return of_scores._replace(variance=xp.where(rates, of_rates.variance, of_scores.variance))


def from_sums(
    sums: Sums, num_in: Int[Any, "*#shape"], num_models: int | Int[Array, "*#shape"], errors: Errors = "adjusted"
) -> Estimate:
    """The difference of the two halves; of counts, with the number of right answers."""
    estimate = _difference_of_halves(sums, num_in, num_models, errors)
    return estimate if sums.squares is not None else Estimate(*estimate, num_right=sums.total)


@jax.jit(static_argnames="errors")
def _difference_of_halves(
    sums: Sums, num_in: Int[Array, "*#shape"], num_models: int | Int[Array, "*#shape"], errors: Errors
) -> Estimate:
    """A separate program: compiled together with the product that made the sums it would round differently."""
    return difference(*halves(sums, num_in, num_models, errors))
