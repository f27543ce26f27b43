"""A network computed in another precision than its weights are kept in."""

import jax
import jax.numpy as jnp

from memjax.types import Model, Tree


def in_precision(model: Model, precision: str) -> Model:
    """The same network with weights and inputs rounded to `precision` first, and logits in float32 again.

    The weights themselves stay float32, and so do their gradients and the optimiser; small steps are not lost.  State,
    such as batch statistics, is left as it is: normalisation layers of Flax take their means in float32 anyway.  A
    layer whose `dtype` says float32 goes on computing in float32.
    """
    if precision == "float32":
        return model
    dtype = jnp.dtype(precision)

    def rounded(tree: Tree) -> Tree:
        return jax.tree.map(lambda leaf: leaf.astype(dtype) if leaf.dtype == jnp.float32 else leaf, tree)

    def apply(params, state, inputs, key, train):
        logits, state = model.apply(rounded(params), state, rounded(inputs), key, train)
        return logits.astype(jnp.float32), state

    return Model(model.init, apply)
