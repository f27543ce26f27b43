"""Computes a network in a lower precision than that of its weights."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from memjax.types import Model, Tree


def in_precision(model: Model, precision: str) -> Model:
    """The network with weights and inputs rounded to `precision`, and logits in float32.

    The weights, their gradients and the optimiser stay float32, so small steps are not lost.  State such as batch
    statistics is not rounded, because Flax computes means in float32 anyway.  Layers with `dtype` float32 compute in
    float32.  There is no forward-mode derivative.
    """
    if precision == "float32":
        return model
    dtype = jnp.dtype(precision)

    @jax.custom_vjp
    def round_off(leaf: Array) -> Array:
        return leaf.astype(dtype)

    # Without the barrier, oneDNN would add the gradient to the optimiser's momentum in `precision`.
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
