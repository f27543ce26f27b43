"""Influence functions: the effect of a training example on the minimum of the loss, to first order."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.estimators.attribution.gradients import Network, Output, as_examples, output_named
from memjax.estimators.attribution.kronecker import by_factors
from memjax.metrics import loss
from memjax.types import ArrayLike, Tree

CURVATURES = "gauss-newton", "ek-fac", "hessian"
EXACT_MOST = 5_000  # parameters of a network whose whole Hessian is made


def influence_function(
    network: Network, params: Tree, state: Tree, train_inputs: ArrayLike, train_labels: ArrayLike,
    test_inputs: ArrayLike, test_labels: ArrayLike, output: str | Output = "log_odds", *, damping: float,
    curvature: Literal["gauss-newton", "ek-fac", "hessian"] = "gauss-newton", steps: int = 100, tolerance: float = 1e-4,
) -> Float[np.ndarray, "train test"]:  # fmt: skip
    """The change of each output when a training example is added to the loss that the parameters minimise.

        score[i, j] = - 1 / train  d output_j . (H + damping I)^-1 d loss_i

    for one network, with H the curvature of the mean loss over the training examples: its Hessian, made as a whole for
    up to 5,000 parameters; or the Gauss-Newton matrix J' (diag p - p p') J of the logits, which has no negative
    eigenvalue and of which only products with vectors are made, so that conjugate gradients solve any network; or that
    matrix in the approximation of `kronecker.by_factors` (EK-FAC), which is made once for all test examples.

    Sign: above 0 where training on i raises output j.  Range: any number.  It assumes that the parameters are at a
    minimum of the loss and that the damping (weight decay) belongs to it; networks trained with early stopping are not
    there, so use several and take the mean.

    Args:
      network, output: as of `per_example_gradients`.
      params, state: of one network, without a models axis: `result.models[i].parameters`.
      damping: above 0; for the Hessian larger than minus its least eigenvalue.
      steps, tolerance: of conjugate gradients: at most so many, until the residual is this part of the gradient.

    Raises:
      InputError: lengths that do not fit, a damping that is not above 0, an unknown curvature, or a Hessian of too many
        parameters.

    Reference:
      Koh and Liang, Understanding Black-box Predictions via Influence Functions, 2017, arXiv 1703.04730, section 2.2;
      Gauss-Newton: Schraudolph, Fast Curvature Matrix-Vector Products, 2002; EK-FAC: George et al., 2018, arXiv
      1806.03884, and Grosse et al., 2023, arXiv 2308.03296; the bases are those of Gupta et al., Shampoo, 2018.
    """
    sides = as_examples(train_inputs, train_labels), as_examples(test_inputs, test_labels)
    if not 0 < damping < np.inf:
        raise InputError(f"damping is {damping}; expected a number above 0")
    if curvature not in CURVATURES:
        raise InputError(f"curvature is {curvature!r}; expected {', '.join(CURVATURES)}")
    count = ravel_pytree(params)[0].size
    if curvature == "hessian" and count > EXACT_MOST:
        raise InputError(f"the Hessian of {count:,} parameters does not fit; give curvature='gauss-newton'")
    compute = {"hessian": _exact, "ek-fac": by_factors}.get(curvature, partial(_by_products, steps, tolerance))
    with jax.default_matmul_precision("highest"):
        found = compute(network, output_named(output), params, state, *sides, damping)
    return np.asarray(found)


def _flat(network: Network, params: Tree, state: Tree) -> tuple:
    """The parameters in a row, and the logits of inputs as a function of it."""
    flat, shaped = ravel_pytree(params)
    return flat, lambda row, inputs: network(shaped(row), state, inputs)


@partial(jax.jit, static_argnums=(0, 1))
def _exact(network, output, params, state, train, test, damping) -> Float[Array, "train test"]:
    flat, logits = _flat(network, params, state)
    hessian = jax.hessian(lambda row: loss(logits(row, train[0]), train[1]).mean())(flat)
    of_loss = jax.jacrev(lambda row: loss(logits(row, train[0]), train[1]))(flat)
    of_output = jax.vmap(partial(_gradient, logits, output, flat))(*test)
    return -of_loss @ jnp.linalg.solve(hessian + damping * jnp.eye(len(flat)), of_output.T) / len(train[1])


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _by_products(steps, tolerance, network, output, params, state, train, test, damping) -> Float[Array, "train test"]:
    flat, logits_of = _flat(network, params, state)
    logits = partial(logits_of, inputs=train[0])
    found, back = jax.vjp(logits, flat)
    probability = jax.nn.softmax(found)

    def product(vector: Array) -> Array:
        moved = jax.jvp(logits, (flat,), (vector,))[1]
        bent = probability * (moved - (probability * moved).sum(-1, keepdims=True))
        return back(bent / len(bent))[0] + damping * vector

    def effects(x: Array, y: Array) -> Array:
        gradient = _gradient(logits_of, output, flat, x, y)
        solved, _ = jax.scipy.sparse.linalg.cg(product, gradient, tol=tolerance, maxiter=steps)
        return -jax.jvp(lambda row: loss(logits(row), train[1]), (flat,), (solved,))[1] / len(found)

    return jax.lax.map(lambda example: effects(*example), test).T


def _gradient(logits: Callable, output: Output, flat: Array, x: Array, y: Array) -> Float[Array, " parameters"]:
    return jax.grad(lambda row: output(logits(row, x[None]), y[None]).reshape(()))(flat)
