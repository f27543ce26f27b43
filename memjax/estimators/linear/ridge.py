"""Ridge datamodels: linear models with a penalty on the squared weights, through the kernel of the masks."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from memjax.estimators.linear.datamodels import Choice, Datamodels, chosen, errors_of_folds, held_out_r2, nothing_found
from memjax.estimators.linear.lasso import TILE, as_masks_and_outputs, fill_in, tiles
from memjax.estimators.linear.lasso_solver import Outputs, Pairs, Test, Used, product
from memjax.types import ArrayLike

MULTIPLES = tuple(10.0**power for power in range(3, -4, -1))
Values = Float[Array, " models"]
Kernel = Float[Array, "models models"]


def ridge_datamodels(
    masks: ArrayLike, outputs: ArrayLike, *, choose: Choice = "together", folds: int = 4, tile: int = TILE
) -> Datamodels:
    """Influence of each training example on each output, as the weights of linear models without sparsity.

    For each target j the minimum over weights w and bias b of

        1 / (2 models) sum over t of (outputs[t, j] - b - sum over i of masks[t, i] w[i])^2
            + penalty[j] / 2 sum over i of w[i]^2

    which is the objective of scikit-learn's Ridge with alpha = models * penalty.  The solution is a formula in the
    eigenvectors of the (models, models) kernel, so that any number of penalties costs little more than one.  The
    penalty is 0.001 to 1000 times the mean eigenvalue of the kernel, chosen on models held out, for all targets
    together or for each.  Sign, range, undefined cases, arguments and errors are as for `datamodels`.

    Reference:
      Hoerl and Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, 1970.
    """
    masks, outputs = as_masks_and_outputs(masks, outputs)
    path = np.asarray(MULTIPLES, np.float32)

    def fold_errors(kernel: tuple, used: np.ndarray, filled: np.ndarray) -> tuple[Array, Array]:
        return _held_out_errors(*kernel, outputs[:, filled], used, path)

    errors, alone = errors_of_folds(masks, outputs, folds, len(path), tile, _decompose, fold_errors)
    best, kernel = chosen(errors, choose), _decompose(masks, np.ones(len(masks), bool))
    found = nothing_found(masks, outputs)
    for columns, filled in tiles(outputs, tile):
        penalties = path[best[filled]] * float(_mean_eigenvalue(kernel[0]))
        solved = _weights(*kernel, masks, outputs[:, filled], penalties)
        fill_in(found[:3], columns, (*solved, penalties))
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
def _held_out_errors(
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
