"""Pooling whose gradient is fast on a CPU, where XLA's own scatters one value at a time."""

import functools
import itertools

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float


def max_pool(
    images: Float[Array, "batch height width channels"], window: int, stride: int
) -> Float[Array, "batch rows columns channels"]:
    """The largest value in each square of `window` pixels, `stride` apart; what does not fill a square is left out.

    As `nnx.max_pool`, but equal values of a square share the gradient.
    """
    if jax.default_backend() != "cpu":
        return nnx.max_pool(images, (window, window), strides=(stride, stride))
    if window == stride:
        return _tiles(images, window).max((2, 4))
    tall, wide = (side - window + 1 for side in images.shape[1:3])
    places = itertools.product(range(window), repeat=2)
    return functools.reduce(jnp.maximum, (images[:, i : i + tall : stride, j : j + wide : stride] for i, j in places))


def mean_pool(
    images: Float[Array, "batch height width channels"], window: int
) -> Float[Array, "batch rows columns channels"]:
    """The mean of each square of `window` pixels, side by side; what does not fill a square is left out."""
    return _tiles(images, window).mean((2, 4))


def _tiles(
    images: Float[Array, "batch height width channels"], window: int
) -> Float[Array, "batch rows window columns window channels"]:
    count, height, width, channels = images.shape
    rows, columns = height // window, width // window
    whole = images[:, : window * rows, : window * columns]
    return whole.reshape(count, rows, window, columns, window, channels)
