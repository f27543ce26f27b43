"""Computing in bfloat16: weights, gradients and logits stay float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from memjax.config.specs import ModelSpec
from memjax.models import in_precision, make_model
from memjax.training.programs import compiler_options

INPUTS = jnp.asarray(np.random.default_rng(0).normal(size=(16, 8, 8)), jnp.float32)


@pytest.mark.parametrize("spec", [ModelSpec("mlp:32"), ModelSpec("cnn:4", norm="batch")], ids=str)
def test_weights_gradients_state_and_logits_stay_float32(spec):
    model = in_precision(make_model(spec, (8, 8), 3), "bfloat16")
    params, state = model.init(jax.random.key(0))

    def loss(params):
        logits, new_state = model.apply(params, state, INPUTS, jax.random.key(1), True)
        return (logits**2).sum(), (logits, new_state)

    gradient, (logits, new_state) = jax.grad(loss, has_aux=True)(params)

    for tree in (params, gradient, logits):
        assert {leaf.dtype.name for leaf in jax.tree.leaves(tree)} == {"float32"}
    kinds, new_kinds = (jax.tree.map(lambda leaf: leaf.dtype.name, tree) for tree in (state, new_state))
    assert jax.tree.leaves(new_kinds) == jax.tree.leaves(kinds)


@pytest.mark.parametrize("spec", [ModelSpec("mlp:32"), ModelSpec("cnn:4")], ids=str)
def test_the_products_are_in_bfloat16(spec):
    model = in_precision(make_model(spec, (8, 8), 3), "bfloat16")
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    program = jax.make_jaxpr(lambda params: model.apply(params, state, INPUTS, None, False)[0])(params)

    assert "bf16[16,3] = dot_general" in str(program)


def test_the_optimiser_adds_up_in_float32():
    """Without a barrier, XLA's oneDNN adds a product to a sum in the precision of the product."""
    model = in_precision(make_model(ModelSpec("mlp:128"), (8, 8), 10), "bfloat16")
    params, state = model.init(jax.random.key(0))
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(64, 8, 8)), jnp.float32)
    momentum = jax.tree.map(lambda leaf: jnp.full(leaf.shape, 1 / 3), params)

    def step(params, momentum):
        gradient = jax.grad(lambda params: (model.apply(params, state, inputs, None, True)[0] ** 2).sum())(params)
        return jax.tree.map(lambda before, now: 0.9 * before + now, momentum, gradient)

    several = jax.tree.map(lambda leaf: jnp.stack([leaf] * 4), (params, momentum))
    program = jax.jit(jax.vmap(step)).lower(*several)
    updated = program.compile(compiler_options(program.as_text(), "cpu"))(*several)

    for leaf in jax.tree.leaves(updated):
        assert (leaf.astype(jnp.bfloat16) == leaf).mean() < 0.5


def test_logits_are_close_to_those_in_float32():
    model = make_model(ModelSpec("mlp:32"), (8, 8), 3)
    params, state = model.init(jax.random.key(0))

    exact, _ = model.apply(params, state, INPUTS, None, False)
    rounded, _ = in_precision(model, "bfloat16").apply(params, state, INPUTS, None, False)

    error = np.abs(np.asarray(exact - rounded)).max() / np.abs(exact).max()
    assert 0 < error < 4 * 2**-8  # a bfloat16 has 8 bits


def test_in_float32_the_model_is_unchanged():
    model = make_model(ModelSpec("mlp:32"), (8, 8), 3)

    assert in_precision(model, "float32") is model
