"""Accelerated proximal gradient for lassos that share one design, with the duality gap as certificate.

Everything is in standard deviations of the outputs, so that float32 does whatever their unit is.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

ROUNDS = 5000
product = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
Test = Float[Array, " test"]
Pairs = Float[Array, "train test"]
Factors = Float[Array, "#train #test"]
Outputs = Float[Array, "models test"]
Used = Bool[Array, " models"]
Number = Float[Array, ""] | float


class DesignMatrix(NamedTuple):
    """The masks of the models in use, as the solver wants them."""

    means: Float[Array, " train"]  # of the masks
    # masks minus means, over the root of the number of models in use; 0 in rows of models that are not
    centred: Float[Array, "models train"]
    # centred' centred, where there are so few training examples that this is the shorter way; else None
    gram: Float[Array, "train train"] | None
    step: Float[Array, ""]  # the largest safe step, 1 over the largest eigenvalue of centred' centred
    spread: Float[Array, ""]  # the standard deviation of a mask, the root of the mean square over training examples


class Targets(NamedTuple):
    """The outputs of some targets in standard deviations: all of the objective that depends on them."""

    # means, scale: mean and standard deviation of the outputs of the models in use; a scale of 0 is given as 1
    means: Test
    scale: Test
    factors: Factors  # of the penalty
    slopes: Pairs  # minus the gradient of half the squared error where all weights are 0
    power: Test  # the mean square of the standardised outputs: 1, or 0 where they are constant


class Fit(NamedTuple):
    """Weights in standard deviations of the outputs, the slopes of half the squared error there, the duality gap."""

    weights: Pairs
    slopes: Pairs
    gap: Test


@jax.jit
def design_matrix(masks: Bool[Array, "models train"], used: Used) -> DesignMatrix:
    """The design of the models in use."""
    num_models, num_train = masks.shape
    rows = used[:, None]
    means = (masks & rows).sum(0) / used.sum()
    centred = jnp.where(rows, masks - means, 0) / jnp.sqrt(used.sum())
    kernel = product(centred.T, centred) if num_train < num_models else product(centred, centred.T)
    largest = jnp.linalg.eigvalsh(kernel)[-1]
    gram = product(centred.T, centred) if num_train <= 2 * num_models else None
    spread = jnp.sqrt(jnp.mean((centred * centred).sum(0)))
    return DesignMatrix(means, centred, gram, 1 / jnp.maximum(1.001 * largest, 1e-6), spread)


def make_targets(design: DesignMatrix, outputs: Outputs, used: Used, factors: Factors) -> Targets:
    """The targets of the models in use.  Outputs that are constant are exactly 0 on the way."""
    rows = used[:, None]
    first = outputs[jnp.argmax(used)]
    outputs = jnp.where(rows, outputs - first, 0)
    largest = or_one(jnp.abs(outputs).max(0))
    outputs = outputs / largest
    means = outputs.sum(0) / used.sum()
    centred = jnp.where(rows, outputs - means, 0) / jnp.sqrt(used.sum())
    spread = jnp.sqrt((centred * centred).sum(0))
    slopes = product(design.centred.T, centred / or_one(spread))
    power = (spread > 0).astype(jnp.float32)
    return Targets(first + largest * means, largest * or_one(spread), factors, slopes, power)


def nothing(targets: Targets) -> Fit:
    """Where to start: no training example matters."""
    return Fit(jnp.zeros_like(targets.slopes), targets.slopes, targets.power / 2)


def solve(design: DesignMatrix, targets: Targets, penalties: Test, start: Fit, tolerance: Number) -> Fit:
    """Rounds of accelerated proximal gradient from `start` until the gap of every target is small enough; a target
    whose last step went against its momentum starts again without.  Gradients are linear in the weights: that of the
    extrapolated point follows from those of the last two fits."""

    def unfinished(state):
        _, fit, _, rounds = state
        return (fit.gap > tolerance * targets.power / 2).any() & (rounds < ROUNDS)

    def advance(state):
        before, fit, pace, rounds = state
        next_pace = (1 + jnp.sqrt(1 + 4 * pace * pace)) / 2
        momentum = (pace - 1) / next_pace
        point = fit.weights + momentum * (fit.weights - before.weights)
        slopes = fit.slopes + momentum * (fit.slopes - before.slopes)
        moved, by = point + design.step * slopes, design.step * penalties * targets.factors
        weights = jnp.sign(moved) * jnp.maximum(jnp.abs(moved) - by, 0)  # moved towards 0, and not beyond it
        turned = ((point - weights) * (weights - fit.weights)).sum(0) > 0
        return fit, _at(design, targets, penalties, weights), jnp.where(turned, 1, next_pace), rounds + 1

    # The slopes of the start are those of its weights whatever the penalty was; its gap is not.
    start = Fit(start.weights, start.slopes, duality_gap(targets, penalties, start.weights, start.slopes))
    return jax.lax.while_loop(unfinished, advance, (start, start, jnp.ones_like(penalties), 0))[1]


def _at(design: DesignMatrix, targets: Targets, penalties: Test, weights: Pairs) -> Fit:
    if design.gram is not None:
        bent = product(design.gram, weights)
    else:
        bent = product(design.centred.T, product(design.centred, weights))
    slopes = targets.slopes - bent
    return Fit(weights, slopes, duality_gap(targets, penalties, weights, slopes))


def duality_gap(targets: Targets, penalties: Test, weights: Pairs, slopes: Pairs) -> Test:
    """The objective minus a lower bound of its minimum; never below 0.

    The lower bound is the dual objective at s times the residual r, s at most 1 and such that no slope of s r exceeds
    its penalty.  The difference is written as a sum of terms that are not negative, in which nothing cancels:

        (1 - s)^2 |r|^2 / 2  +  sum over i of (penalty factor[i] |w[i]| - s w[i] slope[i])
    """
    shrink = jnp.minimum(1, penalties / or_one((jnp.abs(slopes) / targets.factors).max(0)))
    residual = jnp.maximum(targets.power - (weights * (targets.slopes + slopes)).sum(0), 0)
    excess = jnp.maximum(penalties * targets.factors * jnp.abs(weights) - shrink * weights * slopes, 0)
    return (1 - shrink) ** 2 * residual / 2 + excess.sum(0)


@jax.jit
def fit_tile(
    design: DesignMatrix, outputs: Outputs, used: Used, factors: Pairs, penalties: Test, tolerance: Number
) -> tuple[Pairs, Test, Test]:
    """Weights, bias and gap in units of the outputs."""
    targets = make_targets(design, outputs, used, factors)
    fit = solve(design, targets, penalties / targets.scale, nothing(targets), tolerance)
    weights = fit.weights * targets.scale
    return weights, targets.means - product(design.means[None], weights)[0], fit.gap * targets.scale**2


def or_one(values: Test) -> Test:
    """A divisor: 1 instead of 0."""
    return jnp.where(values > 0, values, 1)
