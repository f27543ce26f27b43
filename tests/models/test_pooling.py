"""Pooling has the values and gradients of Flax's pooling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from memjax.models.pooling import max_pool, mean_pool


def draw(*shape):
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 3), (3, 2), (2, 1), (3, 1)])
@pytest.mark.parametrize("size", [(6, 6), (7, 9)])
def test_max_pool_equals_flax_in_value_and_gradient(window, stride, size):
    images = draw(2, *size, 3)

    def both(pool):
        return jax.value_and_grad(lambda images: jnp.sin(pool(images)).sum())(images)

    found = both(lambda images: max_pool(images, window, stride))
    expected = both(lambda images: nnx.max_pool(images, (window, window), strides=(stride, stride)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, expected)


@pytest.mark.parametrize("stride", [2, 1])
def test_equal_values_share_a_gradient_of_one(stride):
    gradient = jax.grad(lambda images: max_pool(images, 2, stride).sum())(jnp.zeros((1, 2, 2, 1)))

    assert float(gradient.sum()) == 1
    assert float(gradient.max()) < 1


def test_equal_values_of_a_tile_have_the_same_share():
    images = jnp.array([[1, 1, 0, 3], [0, 1, 3, 2], [5, 5, 5, 5], [5, 5, 4, 4]], jnp.float32)[None, ..., None]

    gradient = jax.grad(lambda images: (max_pool(images, 2, 2) * 12).sum())(images)

    assert gradient[0, ..., 0].tolist() == [[4, 4, 0, 6], [0, 4, 6, 0], [3, 3, 6, 6], [3, 3, 0, 0]]


def test_the_second_derivative_equals_that_of_flax():
    images = draw(1, 4, 4, 2)

    def curvature(pool):
        return jax.grad(lambda images: (jax.grad(lambda images: (pool(images) ** 3).sum())(images) ** 2).sum())(images)

    expected = curvature(lambda images: nnx.max_pool(images, (2, 2), strides=(2, 2)))
    np.testing.assert_allclose(curvature(lambda images: max_pool(images, 2, 2)), expected, rtol=1e-5)


def test_mean_pool_equals_flax():
    images = draw(2, 7, 6, 3)

    np.testing.assert_allclose(mean_pool(images, 2), nnx.avg_pool(images, (2, 2), strides=(2, 2)), rtol=1e-5, atol=1e-6)
