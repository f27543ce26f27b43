"""Lassos that share one set of masks, by accelerated proximal gradient, with the duality gap as certificate.

On the way everything is in standard deviations of the outputs, so that float32 does whatever their unit is.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from memjax import notebook
from memjax.errors import InputError
from memjax.estimators.checks import as_array, as_masks
from memjax.types import ArrayLike

ROUNDS = 5000
product = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
Test = Float[Array, " test"]
Pairs = Float[Array, "train test"]
Factors = Float[Array, "#train #test"]
Outputs = Float[Array, "models test"]
Used = Bool[Array, " models"]
Number = Float[Array, ""] | float
TILE = 256  # targets solved at once


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


class Lasso(NamedTuple):
    """Linear models of outputs by masks, one per target, in host memory.

    Attributes:
      weights: above 0 where seeing the training example raises the output.
      bias: the expected output of a model trained on no example.
      gap: bound on how far the objective is above its minimum (the duality gap).
    """

    weights: Float[np.ndarray, "train test"]
    bias: Float[np.ndarray, " test"]
    gap: Float[np.ndarray, " test"]

    def __repr__(self) -> str:
        found, size = int(np.count_nonzero(self.weights)), self.weights.size
        return (
            f"Lasso({notebook.shape_of(self.weights)}: {found:,} of {size:,} weights are not 0, "
            f"{notebook.Summary(self.weights).range()})"
        )


def lasso(
    masks: ArrayLike, outputs: ArrayLike, penalty: ArrayLike | float, *, factors: ArrayLike | None = None,
    tolerance: float = 1e-4, tile: int = TILE,
) -> Lasso:  # fmt: skip
    """Linear models of the outputs by the masks, with a given penalty on the absolute weights.

    For each target j the minimum over weights w and bias b of

        1 / (2 models) sum over t of (outputs[t, j] - b - sum over i of masks[t, i] w[i])^2
            + penalty[j] sum over i of factors[i, j] |w[i]|

    which without factors is the objective of scikit-learn's Lasso with alpha = penalty.  A training example that was
    always in or always out gets weight 0, and so does every example for a target that is constant.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      outputs: (models, test), any finite numbers.
      penalty: above 0, one for all targets or one each, in units of the outputs.
      factors: above 0, (train, test): how strongly each pair is penalised.  Default: 1.
      tolerance: a target is done when its duality gap is below this fraction of its objective at weight 0.
      tile: targets solved at once; a dozen arrays of (train, tile) exist at a time.

    Example:
      >>> import numpy as np
      >>> masks = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
      >>> fit = lasso(masks, np.array([[3.0], [3.0], [1.0], [1.0]]), penalty=0.1)
      >>> print(fit.weights.round(2).ravel(), fit.bias.round(2))
      [1.6 0. ] [1.2]

    Reference:
      Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996.  Solved after Beck and Teboulle, A Fast
      Iterative Shrinkage-Thresholding Algorithm, 2009, and O'Donoghue and Candes, Adaptive Restart for Accelerated
      Gradient Schemes, 2015, arXiv 1204.3982.
    """
    masks, outputs = as_masks_and_outputs(masks, outputs)
    penalties = as_positive("penalty", penalty, outputs.shape[1:])
    factors = as_positive("factors", 1.0 if factors is None else factors, (masks.shape[1], outputs.shape[1]))
    everyone = np.ones(len(masks), bool)
    design = design_matrix(masks, everyone)
    found = Lasso(np.zeros(factors.shape, np.float32), outputs[0].copy(), np.zeros(len(penalties), np.float32))
    for columns, filled in tiles(outputs, tile):
        part = outputs[:, filled], everyone, factors[:, filled]
        fill_in(found, columns, fit_tile(design, *part, penalties[filled], tolerance))
    return found


def fill_in(whole: Iterable[np.ndarray], columns: Int[np.ndarray, " columns"], tile: Iterable[Any]) -> None:
    """Writes what was found for one of `tiles`."""
    for values, part in zip(whole, tile, strict=True):
        values[..., columns] = np.asarray(part)[..., : len(columns)]


def as_masks_and_outputs(
    masks: ArrayLike, outputs: ArrayLike
) -> tuple[Bool[np.ndarray, "models train"], Float[np.ndarray, "models test"]]:
    """Masks as bool and finite outputs as float32, in host memory; refuses others."""
    masks, outputs = np.asarray(as_masks(masks)), np.asarray(as_array("outputs", outputs))
    if outputs.ndim != 2 or len(outputs) != len(masks):
        raise InputError(f"outputs has shape {outputs.shape}; expected ({len(masks)}, test), a row for each of masks")
    outputs = outputs.astype(np.float32)
    if not np.isfinite(outputs).all():
        raise InputError("outputs holds values that are not finite; leave out models that diverged")
    return masks, outputs


def as_positive(name: str, values: ArrayLike | float, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers above 0 as float32 of the given shape, a single one for all; refuses others."""
    values = np.asarray(values, np.float32)
    if values.shape not in ((), shape):
        raise InputError(f"{name} has shape {values.shape}; expected one number or {shape}")
    if not ((values > 0) & np.isfinite(values)).all():
        raise InputError(f"{name} holds a value that is not above 0 and finite; give such values")
    return np.broadcast_to(values, shape)


def tiles(
    outputs: Float[np.ndarray, "models test"], tile: int
) -> Iterator[tuple[Int[np.ndarray, " columns"], Int[np.ndarray, " tile"]]]:
    """The targets that vary, in parts, each padded to one length so that all parts share one compiled program."""
    varying = np.flatnonzero(outputs.max(0) > outputs.min(0))
    tile = max(1, min(tile, outputs.shape[1]))
    for start in range(0, len(varying), tile):
        columns = varying[start : start + tile]
        yield columns, np.resize(columns, tile)
