"""The causal transformer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model
from memjax.models.transformer import rotated

LENGTH, VOCABULARY = 7, 11
TOKENS = np.random.default_rng(0).integers(0, VOCABULARY, (3, LENGTH)).astype(np.int32)


@pytest.fixture(scope="module")
def network():
    model = make_model(ModelSpec("transformer:16x2"), (LENGTH,), VOCABULARY, np.int32)
    return model, jax.jit(lambda params, state, inputs: model.apply(params, state, inputs, None, False)[0])


def test_future_tokens_change_nothing_and_the_own_token_does(network):
    model, logits = network
    params, state = model.init(jax.random.key(0))
    before = np.asarray(logits(params, state, TOKENS))

    for place in range(LENGTH):
        changed = TOKENS.copy()
        changed[:, place] = (changed[:, place] + 1) % VOCABULARY
        after = np.asarray(logits(params, state, changed))
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert (np.abs(after - before)[:, place:].max(-1) > 1e-4).all()
    assert before.shape == (3, LENGTH, VOCABULARY)


def test_models_under_vmap_are_those_one_by_one(network):
    model, logits = network
    params, state = jax.jit(jax.vmap(model.init))(jax.random.split(jax.random.key(1), 3))

    together = np.asarray(jax.jit(jax.vmap(logits, (0, 0, None)))(params, state, TOKENS))

    for number in range(3):
        one = jax.tree.map(lambda leaf, number=number: leaf[number], (params, state))
        np.testing.assert_allclose(together[number], logits(*one, TOKENS), rtol=2e-4, atol=2e-5)


def test_products_of_rotated_vectors_depend_on_distances_alone():
    first, second = np.random.default_rng(1).normal(size=(2, 8)).astype(np.float32)
    queries, keys = (np.asarray(rotated(jnp.tile(each, (1, LENGTH, 1, 1))))[0, :, 0] for each in (first, second))

    products = queries @ keys.T

    for distance in range(LENGTH):
        along = np.diagonal(products, distance)
        np.testing.assert_allclose(along, along[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(products[0, 0], first @ second, rtol=1e-4)
    assert np.ptp(products[0]) > 0.1


def test_what_it_cannot_take_is_refused():
    with pytest.raises(InputError, match="transformer takes tokens, and inputs are numbers"):
        make_model(ModelSpec("transformer"), (LENGTH,), 3)
    with pytest.raises(InputError, match="takes numbers, and inputs are tokens"):
        make_model(ModelSpec("mlp:8"), (LENGTH,), 3, np.int32)
    with pytest.raises(InputError, match="layers of one width that divides by 32"):
        make_model(ModelSpec("transformer:64,32"), (LENGTH,), 3, np.int32)
