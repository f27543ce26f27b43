"""Pooling with a gradient that is fast on a CPU, where XLA's gradient writes one value at a time."""

import functools
import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.models.platform import by_platform


def max_pool(
    images: Float[Array, "batch height width channels"], window: int, stride: int
) -> Float[Array, "batch rows columns channels"]:
    """The largest value in each square of `window` x `window` pixels, `stride` pixels apart, without padding.

    As `nnx.max_pool`, but equal values of a square share the gradient, and there is no forward-mode derivative.
    """

    def of_xla(images: Array) -> Array:
        return nnx.max_pool(images, (window, window), strides=(stride, stride))

    return by_platform(functools.partial(_by_slices, window, stride), of_xla, images)


def _by_slices(window: int, stride: int, images: Array) -> Array:
    if window == stride:
        return _largest(window)(_whole(images, window))
    tall, wide = (side - window + 1 for side in images.shape[1:3])
    places = itertools.product(range(window), repeat=2)
    return functools.reduce(jnp.maximum, (images[:, i : i + tall : stride, j : j + wide : stride] for i, j in places))


@functools.cache
def _largest(window: int) -> Callable[[Array], Array]:
    """The largest value of each tile, with its own gradient, because XLA's gradient takes many times as long."""

    def at_places(tiles: Array) -> list[Array]:
        return [tiles[:, :, i, :, j] for i, j in itertools.product(range(window), repeat=2)]

    @jax.custom_vjp
    def largest(images):
        return functools.reduce(jnp.maximum, at_places(_tiles(images, window)))

    def forward(images):
        found = largest(images)
        return found, (images, found)

    def backward(saved, gradient):
        images, found = saved
        hits = _tiles(images, window) == found[:, :, None, :, None]
        share = gradient / functools.reduce(jnp.add, (hit.astype(gradient.dtype) for hit in at_places(hits)))
        return (jnp.where(hits, share[:, :, None, :, None], 0).reshape(images.shape),)

    largest.defvjp(forward, backward)
    return largest


def mean_pool(
    images: Float[Array, "batch height width channels"], window: int
) -> Float[Array, "batch rows columns channels"]:
    """The mean of each square of `window` x `window` pixels, side by side, without padding."""
    return _tiles(_whole(images, window), window).mean((2, 4))


def _whole(images: Float[Array, "batch height width channels"], window: int) -> Float[Array, "batch ..."]:
    """The images without the last rows and columns that do not fill a tile."""
    height, width = (window * (side // window) for side in images.shape[1:3])
    return images[:, :height, :width]


def _tiles(
    images: Float[Array, "batch height width channels"], window: int
) -> Float[Array, "batch rows window columns window channels"]:
    count, height, width, channels = images.shape
    return images.reshape(count, height // window, window, width // window, window, channels)
