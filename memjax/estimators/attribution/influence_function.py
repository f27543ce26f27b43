"""Influence functions: the effect of a training example on the minimum of the loss, to first order."""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.estimators.attribution.gradients import (
    MEMORY,
    Network,
    Output,
    as_examples,
    at_once,
    gradient_of,
    output_named,
)
from memjax.metrics import loss
from memjax.types import ArrayLike, Tree

CURVATURES = "gauss-newton", "ek-fac", "hessian"
EXACT_MOST = 5_000  # parameters of a network whose whole Hessian is made
Matrices = list[Array]  # one for each array of parameters: inputs by outputs, axes of labels or examples in front


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
    matrix in the approximation of `by_factors` (EK-FAC), which is made once for all test examples.

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
    count = _flat(params).size
    if curvature == "hessian" and count > EXACT_MOST:
        raise InputError(f"the Hessian of {count:,} parameters does not fit; give curvature='gauss-newton'")
    compute = {"hessian": _exact, "ek-fac": by_factors}.get(curvature, partial(_by_products, steps, tolerance))
    with jax.default_matmul_precision("highest"):
        found = compute(network, output_named(output), params, state, *sides, damping)
    return np.asarray(found)


def _flat(tree: Tree) -> Float[Array, " parameters"]:
    return ravel_pytree(tree)[0]


@partial(jax.jit, static_argnums=(0, 1))
def _exact(network, output, params, state, train, test, damping) -> Float[Array, "train test"]:
    flat, shaped = ravel_pytree(params)

    def losses(row: Array) -> Array:
        return loss(network(shaped(row), state, train[0]), train[1])

    hessian, of_loss = jax.hessian(lambda row: losses(row).mean())(flat), jax.jacrev(losses)(flat)
    of_output = jax.vmap(lambda x, y: _flat(gradient_of(network, output, params, state, x, y)))(*test)
    return -of_loss @ jnp.linalg.solve(hessian + damping * jnp.eye(len(flat)), of_output.T) / len(train[1])


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _by_products(steps, tolerance, network, output, params, state, train, test, damping) -> Float[Array, "train test"]:
    flat, shaped = ravel_pytree(params)

    def logits(row: Array) -> Array:
        return network(shaped(row), state, train[0])

    found, back = jax.vjp(logits, flat)
    probability = jax.nn.softmax(found)

    def product(vector: Array) -> Array:
        moved = jax.jvp(logits, (flat,), (vector,))[1]
        bent = probability * (moved - (probability * moved).sum(-1, keepdims=True))
        return back(bent / len(bent))[0] + damping * vector

    def effects(x: Array, y: Array) -> Array:
        gradient = _flat(gradient_of(network, output, params, state, x, y))
        solved, _ = jax.scipy.sparse.linalg.cg(product, gradient, tol=tolerance, maxiter=steps)
        return -jax.jvp(lambda row: loss(logits(row), train[1]), (flat,), (solved,))[1] / len(found)

    return jax.lax.map(lambda example: effects(*example), test).T


@partial(jax.jit, static_argnums=(0, 1))
def by_factors(
    network: Network, output: Output, params: Tree, state: Tree, train: tuple, test: tuple, damping: float | Array
) -> Float[Array, "train test"]:
    """Scores of `influence_function` with this curvature.

    For each array of parameters, as a matrix of its inputs (and pixels of a kernel) by its outputs, let G be its
    gradient of the loss with label y drawn from the network's own probabilities.  With U the eigenvectors of E[G G']
    and V those of E[G' G], the curvature in the basis of the u v' is taken as diagonal, with eigenvalues
    E[(U' G V)^2].  The mean over examples and labels is exact.  A vector, such as a bias, has a matrix of one row.
    The gradients of all test examples are in memory at once.
    """

    def rotated(gradients: Matrices) -> Matrices:
        return [u.T @ each @ v for (u, v), each in zip(bases, gradients, strict=True)]

    def factors(x: Array) -> list[tuple[Array, Array]]:
        return [(jnp.einsum("cij,ckj->ik", each, each), jnp.einsum("cij,cik->jk", each, each))
                for each in _of_labels(network, params, state, x)]  # fmt: skip

    def squares(x: Array) -> Matrices:
        return [jnp.square(each).sum(0) for each in rotated(_of_labels(network, params, state, x))]

    def scores(example: tuple) -> Float[Array, " test"]:
        gradient = rotated(_matrices(gradient_of(network, loss, params, state, *example)))
        parts = [jnp.einsum("ij,tij->t", one, other) for one, other in zip(gradient, solved, strict=True)]
        return -jnp.stack(parts).sum(0) / count

    count = len(train[1])
    sizes = [leaf.size for leaf in jax.tree.leaves(params)]
    together = at_once(1, count, sum(sizes), MEMORY)[1]
    bases = [tuple(jnp.linalg.eigh(side)[1] for side in pair) for pair in _mean(factors, train[0])]
    values = _mean(squares, train[0])

    def moved(example: tuple) -> Matrices:
        return rotated(_matrices(gradient_of(network, output, params, state, *example)))

    solved = [each / (value + damping)
              for each, value in zip(jax.lax.map(moved, test, batch_size=together), values, strict=True)]  # fmt: skip
    return jax.lax.map(scores, train, batch_size=together)


def _matrices(tree: Tree, lead: int = 0) -> Matrices:
    """The arrays of parameters as matrices: all axes but the last are rows; axes in front are left as they are."""
    return [
        leaf.reshape(*leaf.shape[:lead], -1, leaf.shape[-1] if leaf.ndim > lead else 1)
        for leaf in jax.tree.leaves(tree)
    ]


def _of_labels(network: Network, params: Tree, state: Tree, x: Array) -> Matrices:
    """Gradients of the loss for each label, times the root of its probability: the sum of their outer products is the
    Gauss-Newton matrix of the example, since sum_c p_c (p - e_c)(p - e_c)' = diag p - p p'."""
    logits, back = jax.vjp(lambda params: network(params, state, x[None])[0], params)
    probability = jax.nn.softmax(logits)
    errors = jnp.sqrt(probability)[:, None] * (probability - jnp.eye(len(logits)))
    return _matrices(jax.vmap(back)(errors)[0], 1)


def _mean(function, inputs: Array):
    """The mean of a tree over examples, one at a time."""
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), jax.eval_shape(function, inputs[0]))
    sums, _ = jax.lax.scan(lambda sums, x: (jax.tree.map(jnp.add, sums, function(x)), None), zeros, inputs)
    return jax.tree.map(lambda total: total / len(inputs), sums)
