"""Datamodels by lasso or ridge: the output of a model on a test example as a linear function of its training subset."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from memjax import notebook
from memjax.errors import InputError
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.linear import lasso as solver
from memjax.estimators.linear.lasso import Outputs, Pairs, Test, Used, as_masks_and_outputs, product
from memjax.types import ArrayLike

Choice = Literal["together", "each"]  # whether one penalty is chosen for all targets
WHILE_CHOOSING = 0.01  # tolerance: held-out errors are exact enough to choose by
MULTIPLES = tuple(float(multiple) for multiple in np.geomspace(1.4, 0.175, 7))  # of the penalty that holds back noise
RIDGE_MULTIPLES = tuple(10.0**power for power in range(3, -4, -1))  # of the mean eigenvalue of the kernel
Values = Float[Array, " models"]
Kernel = Float[Array, "models models"]


class Datamodels(NamedTuple):
    """Linear models of outputs by masks, one per target, in host memory.

    Attributes:
      weights: influence; above 0 where seeing the training example raises the output.
      bias: the expected output of a model trained on no example.
      penalty: as chosen on held-out models; NaN for constant outputs.
      gap: bound on how far the objective is above its minimum (the duality gap); 0 where a formula solved it.
      held_out_r2: share of the variance over held-out models that is predicted: 1 all of it, 0 no more than by the
        mean, below 0 less.  A little too high, as the penalty was chosen by it.  NaN for constant outputs.
    """

    weights: Float[np.ndarray, "train test"]
    bias: Float[np.ndarray, " test"]
    penalty: Float[np.ndarray, " test"]
    gap: Float[np.ndarray, " test"]
    held_out_r2: Float[np.ndarray, " test"]

    def __repr__(self) -> str:
        found, size = int(np.count_nonzero(self.weights)), self.weights.size
        return (
            f"Datamodels({notebook.shape_of(self.weights)}: {found:,} of {size:,} weights are not 0, "
            f"{notebook.Summary(self.weights).range()}; held-out R2 {notebook.Summary(self.held_out_r2).range()})"
        )


def datamodels(
    masks: ArrayLike, outputs: ArrayLike, *, factors: ArrayLike | None = None, choose: Choice = "together",
    folds: int = 4, multiples: tuple[float, ...] = MULTIPLES, tolerance: float = 1e-4, tile: int = solver.TILE,
) -> Datamodels:  # fmt: skip
    """Influence of each training example on each output, as the weights of sparse linear models.

        outputs[t, j] is about bias[j] + sum over i of masks[t, i] weights[i, j]

    by the lasso (see `lasso` for the objective).  A weight is the change of output j when example i is added to an
    unchanged rest of the subset; above 0: seeing i raises it.  Range: any number, in units of the outputs; most are 0.
    An example that was always in or always out has weight 0, and so has every example for a constant output.

    The penalty of target j is a multiple of the one that just holds back pure noise,

        deviation of outputs[:, j] * deviation of a mask * sqrt(2 log(train) / models)

    and the multiple is the one whose linear models predict held-out models best: model t is held out in fold t mod
    `folds`, repeated subsets together, and squared errors are summed over folds.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      outputs: (models, test), any finite numbers: margins, probabilities, correctness.
      factors: (train, test), above 0: how strongly each pair is penalised, see `prior_factors`.  Default: 1.
      choose: the multiple for all targets together, which finds strong pairs a little better, or for each by itself;
        then all its weights are 0 where the mean alone predicts held-out models better than any multiple.
      folds: 2 or more, and no more than models.
      multiples: to choose from, in descending order.
      tolerance: of the duality gap, as a fraction of the objective at weight 0; 0.01 while multiples are compared.
      tile: targets solved at once; a dozen arrays of (train, tile) exist at a time.

    Example:
      >>> import numpy as np
      >>> masks = np.random.default_rng(0).random((100, 3)) < 0.5
      >>> found = datamodels(masks, np.where(masks[:, :1], 2.0, 1.0))  # margin 2 where example 0 was seen, else 1
      >>> np.abs(found.weights[:, 0].round(1)).tolist()
      [1.0, 0.0, 0.0]

    Reference:
      Ilyas, Park, Engstrom, Leclerc and Madry, Datamodels, 2022, arXiv 2202.00622.
    """
    masks, outputs = as_masks_and_outputs(masks, outputs)
    factors = solver.as_positive("factors", 1.0 if factors is None else factors, (masks.shape[1], outputs.shape[1]))
    path = solver.as_positive("multiples", np.array(multiples), (len(multiples),))
    if not len(path) or (np.diff(path) >= 0).any():
        raise InputError(f"multiples is {multiples}; expected one or more in descending order")

    def fold_errors(design: solver.DesignMatrix, used: np.ndarray, filled: np.ndarray) -> tuple[Array, Array]:
        part = outputs[:, filled], used, factors[:, filled]
        return _held_out_errors(design, *part, masks, path, WHILE_CHOOSING)

    errors, alone = errors_of_folds(masks, outputs, folds, len(path), tile, solver.design_matrix, fold_errors)
    best, everyone = chosen(errors, choose), np.ones(len(masks), bool)
    design, found = solver.design_matrix(masks, everyone), nothing_found(masks, outputs)
    for columns, filled in solver.tiles(outputs, tile):
        part = outputs[:, filled], everyone, factors[:, filled]
        scale, largest = (np.asarray(array) for array in _scales(design, *part))
        empty = (choose == "each") & (errors.min(0) >= alone)[filled]
        penalties = np.where(empty, largest, path[best[filled]] * scale)
        weights, bias, gap = solver.fit_tile(design, *part, penalties, tolerance)
        solver.fill_in(found[:4], columns, (weights, bias, penalties, gap))
    return found._replace(held_out_r2=held_out_r2(errors, alone, best))


def nothing_found(masks: Bool[np.ndarray, "models train"], outputs: Float[np.ndarray, "models test"]) -> Datamodels:
    """Those of constant outputs; those of other outputs are filled in later."""
    unknown = np.full(outputs.shape[1], np.nan, np.float32)
    weights = np.zeros((masks.shape[1], outputs.shape[1]), np.float32)
    return Datamodels(weights, outputs[0].copy(), unknown, np.zeros_like(unknown), unknown)


def folds_of(masks: Bool[np.ndarray, "models train"], folds: int) -> Int[np.ndarray, " models"]:
    """The fold of each model: its number mod `folds`; models of equal or of opposite subsets, which would be predicted
    from each other, are in one fold."""
    if not 2 <= folds <= len(masks):
        raise InputError(f"folds is {folds}; expected 2 or more and no more than the {len(masks)} models")
    layout = layout_of(masks)
    if layout is None:
        return np.arange(len(masks)) % folds
    _, first, place = np.unique(layout.groups, return_index=True, return_inverse=True)
    if len(first) < folds:
        raise InputError(f"folds is {folds}, more than the {len(first)} different subsets; give fewer")
    return first.argsort().argsort()[place] % folds


def chosen(errors: Float[np.ndarray, "penalties test"], choose: str) -> Int[np.ndarray, " test"]:
    """Which penalty of the path predicts held-out models best; the larger one of equals."""
    if choose not in ("together", "each"):
        raise InputError(f"choose is {choose!r}; expected 'together' or 'each'")
    if choose == "together":
        errors = np.broadcast_to(errors.sum(1, keepdims=True), errors.shape)
    return errors.argmin(0)


def held_out_r2(
    errors: Float[np.ndarray, "penalties test"], alone: Float[np.ndarray, " test"], best: Int[np.ndarray, " test"]
) -> Float[np.ndarray, " test"]:
    left = np.take_along_axis(errors, best[None], 0)[0]
    return np.where(alone > 0, 1 - left / np.where(alone > 0, alone, 1), np.nan).astype(np.float32)


def errors_of_folds(
    masks: Bool[np.ndarray, "models train"], outputs: Float[np.ndarray, "models test"], folds: int, penalties: int,
    tile: int, prepare: Callable[[np.ndarray, np.ndarray], Any], errors_of: Callable[..., tuple[Array, Array]],
) -> tuple[Float[np.ndarray, "penalties test"], Float[np.ndarray, " test"]]:  # fmt: skip
    """Squared errors on held-out models, summed over folds, for each penalty and for the mean alone: those that
    `errors_of` gives from what `prepare` makes of a fold, the models in use and the targets of a tile."""
    errors, alone = np.zeros((penalties, outputs.shape[1])), np.zeros(outputs.shape[1])
    fold_of = folds_of(masks, folds)
    for fold in range(folds):
        used = fold_of != fold
        shared = prepare(masks, used)
        for columns, filled in solver.tiles(outputs, tile):
            found, mean = errors_of(shared, used, filled)
            errors[:, columns] += np.asarray(found)[:, : len(columns)]
            alone[columns] += np.asarray(mean)[: len(columns)]
    return errors, alone


@jax.jit
def _scales(design: solver.DesignMatrix, outputs: Outputs, used: Used, factors: Pairs) -> tuple[Test, Test]:
    """The penalty that just holds back pure noise, and the least one at which all weights are 0."""
    targets = solver.make_targets(design, outputs, used, factors)
    largest = (jnp.abs(targets.slopes) / targets.factors).max(0) * 1.001  # rounding must not let one through
    return noise_level(design, used) * targets.scale, jnp.where(largest > 0, largest, 1) * targets.scale


def noise_level(design: solver.DesignMatrix, used: Used) -> Float[Array, ""]:
    """About the largest slope of pure noise of deviation 1: that of `train` independent normal numbers."""
    num_train = len(design.means)
    return jnp.maximum(design.spread, 1e-6) * jnp.sqrt(2 * jnp.log(max(num_train, 2)) / used.sum())


@jax.jit
def _held_out_errors(
    design: solver.DesignMatrix, outputs: Outputs, used: Used, factors: Pairs,
    masks: Bool[Array, "models train"], path: Float[Array, " penalties"], tolerance: float | Array,
) -> tuple[Float[Array, "penalties test"], Test]:  # fmt: skip
    """Sums over the models not in use; each multiple starts where the one before it ended."""
    targets = solver.make_targets(design, outputs, used, factors)
    wanted = jnp.where(used[:, None], 0, (outputs - targets.means) / targets.scale)
    shifted = jnp.where(used[:, None], 0, masks - design.means)

    def errors(fit, multiple):
        penalties = jnp.full_like(targets.power, multiple * noise_level(design, used))
        fit = solver.solve(design, targets, penalties, fit, tolerance)
        return fit, ((wanted - product(shifted, fit.weights)) ** 2).sum(0)

    _, found = jax.lax.scan(errors, solver.nothing(targets), path)
    return found * targets.scale**2, (wanted * wanted).sum(0) * targets.scale**2


def ridge_datamodels(
    masks: ArrayLike, outputs: ArrayLike, *, choose: Choice = "together", folds: int = 4, tile: int = solver.TILE
) -> Datamodels:
    """Influence of each training example on each output, as the weights of linear models without sparsity.

    For each target j the minimum over weights w and bias b of

        1 / (2 models) sum over t of (outputs[t, j] - b - sum over i of masks[t, i] w[i])^2
            + penalty[j] / 2 sum over i of w[i]^2

    which is the objective of scikit-learn's Ridge with alpha = models * penalty.  The solution is a formula in the
    eigenvectors of the (models, models) kernel, so that any number of penalties costs little more than one.  The
    penalty is 0.001 to 1000 times the mean eigenvalue of the kernel, chosen on models held out, for all targets
    together or for each.  Sign, range, undefined cases and arguments are as for `datamodels`.

    Reference:
      Hoerl and Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, 1970.
    """
    masks, outputs = as_masks_and_outputs(masks, outputs)
    path = np.asarray(RIDGE_MULTIPLES, np.float32)

    def fold_errors(kernel: tuple, used: np.ndarray, filled: np.ndarray) -> tuple[Array, Array]:
        return _ridge_errors(*kernel, outputs[:, filled], used, path)

    errors, alone = errors_of_folds(masks, outputs, folds, len(path), tile, _decompose, fold_errors)
    best, kernel = chosen(errors, choose), _decompose(masks, np.ones(len(masks), bool))
    found = nothing_found(masks, outputs)
    for columns, filled in solver.tiles(outputs, tile):
        penalties = path[best[filled]] * float(_mean_eigenvalue(kernel[0]))
        solved = _weights(*kernel, masks, outputs[:, filled], penalties)
        solver.fill_in(found[:3], columns, (*solved, penalties))
    return found._replace(held_out_r2=held_out_r2(errors, alone, best))


@jax.jit
def _decompose(masks: Bool[Array, "models train"], used: Used) -> tuple[Values, Kernel, Kernel]:
    """Eigenvalues and vectors of the kernel of the models in use (0 elsewhere), over their number, and that of all."""
    shifted = masks - (masks & used[:, None]).sum(0) / used.sum()
    kernel = product(shifted, jnp.where(used[:, None], shifted, 0).T) / used.sum()
    values, vectors = jnp.linalg.eigh(jnp.where(used[:, None], kernel, 0))
    return jnp.maximum(values, 0), vectors, kernel


def _mean_eigenvalue(values: Values) -> Float[Array, ""]:
    mean = values.sum() / len(values)
    return jnp.where(mean > 0, mean, 1)


def _centred(outputs: Outputs, used: Used) -> tuple[Outputs, Test]:
    """Outputs minus their mean over the models in use, and that mean; constant ones are exactly 0."""
    first = outputs[jnp.argmax(used)]
    moved = outputs - first
    mean = jnp.where(used[:, None], moved, 0).sum(0) / used.sum()
    return moved - mean, first + mean


@jax.jit
def _ridge_errors(
    values: Values, vectors: Kernel, kernel: Kernel, outputs: Outputs, used: Used, path: Float[Array, " penalties"]
) -> tuple[Float[Array, "penalties test"], Test]:
    """Sums of squares over the models not in use: for each penalty, and for the mean alone."""
    centred, _ = _centred(outputs, used)
    turned = product(vectors.T, jnp.where(used[:, None], centred, 0))
    seen = product(jnp.where(used[:, None], 0, kernel), vectors)
    wanted = jnp.where(used[:, None], 0, centred)

    def errors(multiple):
        shrunk = turned / (values + multiple * _mean_eigenvalue(values))[:, None]
        return ((wanted - product(seen, shrunk)) ** 2).sum(0)

    return jax.lax.map(errors, path), (wanted * wanted).sum(0)


@jax.jit
def _weights(
    values: Values, vectors: Kernel, _: Kernel, masks: Bool[Array, "models train"], outputs: Outputs, penalty: Test
) -> tuple[Pairs, Test]:
    """Weights and bias, of all models."""
    means = masks.sum(0) / len(masks)
    centred, mean = _centred(outputs, jnp.ones(len(masks), bool))
    dual = product(vectors, product(vectors.T, centred) / (values[:, None] + penalty))
    weights = product((masks - means).T, dual) / len(masks)
    return weights, mean - product(means[None], weights)[0]
