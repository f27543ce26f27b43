"""The product in all its forms is one: the number of models that saw i and were right about j."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memjax.estimators.kernels import products


def two_sides(models, train, test, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((models, train)) < 0.7, rng.random((models, test)) < 0.6


def whole_numbers(masks, scores):
    return (masks.T.astype(np.int64) @ scores).astype(np.float32)


def from_words(product):
    return lambda masks, scores: jax.jit(product)(products.pack_bits(masks), products.pack_bits(scores))


def as_float32(masks, scores):
    return products.sums_in(masks, scores.astype(np.float32))


WAYS = {
    "bits in common": from_words(products.common_bits),
    "bits in common, packed on the device": jax.jit(products._count_bits),
    "bfloat16": jax.jit(products._multiply_bfloat16),
    "bfloat16 from words": from_words(products._multiply_words),
    "float32": jax.jit(as_float32),
    "what this device takes": jax.jit(products.sums_in),
    "what this device takes from words": from_words(products.counts_in),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("models", [1, 33, 4500])
def test_every_way_gives_the_same_whole_numbers(way, models):
    """From one word to several chunks of words, the last of which are not full."""
    masks, scores = two_sides(models, train=9, test=14)

    got = np.asarray(WAYS[way](masks, scores))

    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, whole_numbers(masks, scores))


@pytest.mark.parametrize("way", WAYS)
def test_sums_of_thousands_do_not_round(way):
    """Above 256 bfloat16 has no longer every whole number: the sums must not be kept in it."""
    masks, scores = np.ones((4500, 9), bool), np.ones((4500, 14), bool)

    assert (np.asarray(WAYS[way](masks, scores)) == 4500).all()


PACK, UNPACK = jax.jit(products._pack_on_device), jax.jit(products.unpack_bits, static_argnums=1)


@settings(deadline=None, max_examples=15)
@given(models=st.sampled_from([1, 31, 32, 65, 2048, 2049]), examples=st.sampled_from([1, 5]), seed=st.integers(0, 9))
def test_words_hold_what_was_packed(models, examples, seed):
    bits, _ = two_sides(models, examples, 0, seed)

    words = products.pack_bits(bits)

    np.testing.assert_array_equal(np.asarray(UNPACK(words, models)), bits)
    np.testing.assert_array_equal(np.asarray(PACK(bits)), words)
    assert np.bitwise_count(words).sum() == bits.sum()  # what fills the last word up counts for nothing


def test_fractions_are_multiplied_in_full_precision():
    masks, _ = two_sides(300, 5, 0)
    scores = np.random.default_rng(1).random((300, 4)).astype(np.float32)

    np.testing.assert_allclose(
        products.sums_in(jnp.asarray(masks), jnp.asarray(scores)), masks.T.astype(np.float64) @ scores, rtol=1e-6
    )
