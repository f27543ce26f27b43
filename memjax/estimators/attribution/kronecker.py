"""The Gauss-Newton matrix of a network, layer by layer, in the eigenbasis of Kronecker factors (EK-FAC)."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from memjax.estimators.attribution.gradients import MEMORY, Network, Output, at_once
from memjax.metrics import loss
from memjax.types import Tree

Matrices = list[Array]  # one for each array of parameters: inputs by outputs, axes of labels or examples in front


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
        gradient = rotated(_gradient(network, loss, params, state, *example))
        parts = [jnp.einsum("ij,tij->t", one, other) for one, other in zip(gradient, solved, strict=True)]
        return -jnp.stack(parts).sum(0) / count

    count = len(train[1])
    sizes = [leaf.size for leaf in jax.tree.leaves(params)]
    together = at_once(1, count, sum(sizes), MEMORY)[1]
    bases = [tuple(jnp.linalg.eigh(side)[1] for side in pair) for pair in _mean(factors, train[0])]
    values = _mean(squares, train[0])
    moved = jax.lax.map(
        lambda example: rotated(_gradient(network, output, params, state, *example)), test, batch_size=together
    )
    solved = [each / (value + damping) for each, value in zip(moved, values, strict=True)]
    return jax.lax.map(scores, train, batch_size=together)


def _matrices(tree: Tree, lead: int = 0) -> Matrices:
    """The arrays of parameters as matrices: all axes but the last are rows; axes in front are left as they are."""
    return [
        leaf.reshape(*leaf.shape[:lead], -1, leaf.shape[-1] if leaf.ndim > lead else 1)
        for leaf in jax.tree.leaves(tree)
    ]


def _gradient(network: Network, output: Output, params: Tree, state: Tree, x: Array, y: Array) -> Matrices:
    number = lambda params: output(network(params, state, x[None]), y[None]).reshape(())  # noqa: E731
    return _matrices(jax.grad(number)(params))


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
