"""A network computed in another precision than its weights are kept in."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from memjax.types import Model, Tree


def in_precision(model: Model, precision: str) -> Model:
    """The same network with weights and inputs rounded to `precision` first, and logits in float32 again.

    The weights themselves stay float32, and so do their gradients and the optimiser; small steps are not lost.  State,
    such as batch statistics, is left as it is: normalisation layers of Flax take their means in float32 anyway.  A
    layer whose `dtype` says float32 goes on computing in float32.  There is no forward-mode derivative.
    """
    if precision == "float32":
        return model
    dtype = jnp.dtype(precision)

    @jax.custom_vjp
    def round_off(leaf: Array) -> Array:
        return leaf.astype(dtype)

    # The barrier: or oneDNN would add a product, the gradient, to the optimiser's momentum, and in `precision`.
    round_off.defvjp(
        lambda leaf: (round_off(leaf), None),
        lambda _, gradient: (jax.lax.optimization_barrier(gradient).astype(jnp.float32),),
    )

    def rounded(tree: Tree) -> Tree:
        return jax.tree.map(lambda leaf: round_off(leaf) if leaf.dtype == jnp.float32 else leaf, tree)

    def apply(params, state, inputs, key, train):
        logits, state = model.apply(rounded(params), state, rounded(inputs), key, train)
        return logits.astype(jnp.float32), state

    return Model(model.init, apply)
