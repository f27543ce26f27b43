"""Layers of the convolutional networks.  Their kernels are zeros until `initializers.draw_kernels` draws them."""

from collections.abc import Callable

import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import zeros
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.models.normalization import Norm, normalization, unchanged


def image_shape(model: str, input_shape: tuple[int, ...], smallest: int) -> tuple[int, int, int]:
    """Height, width and channels of images."""
    if len(input_shape) not in (2, 3):
        raise InputError(f"{model} needs images, (height, width) or (height, width, channels); got {input_shape}")
    height, width, channels = (*input_shape, 1)[:3]
    if min(height, width) < smallest:
        raise InputError(f"{model} needs images of {smallest} x {smallest} or more; {height} x {width} is too small")
    return height, width, channels


def as_images(inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch height width channels"]:
    """The images with a channel axis."""
    return inputs if inputs.ndim == 4 else inputs[..., None]


def conv(
    size_in: int,
    size_out: int,
    side: int,
    stride: int = 1,
    *,
    bias: bool,
    kernel_init: Callable = zeros,
    rngs: nnx.Rngs,
) -> nnx.Conv:
    """A side x side convolution.  Height and width of its output are those of the input divided by the stride."""
    return nnx.Conv(size_in, size_out, (side, side), stride, use_bias=bias, kernel_init=kernel_init, rngs=rngs)


class Bias(nnx.Module):
    """Adds a number to each channel.  After max pooling the result is the same as before it, and costs less."""

    def __init__(self, channels: int):
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, inputs: Float[Array, "batch ... channels"]) -> Float[Array, "batch ... channels"]:
        return inputs + self.bias[...]


def dropout(rate: float, *, rngs: nnx.Rngs) -> Callable:
    """Dropout in training.  At rate 0 it is the identity, without a random state."""
    return nnx.Dropout(rate, rngs=rngs) if rate else unchanged


class ConvNorm(nnx.Module):
    """A convolution with normalisation.  The convolution has a bias only without normalisation."""

    def __init__(self, size_in: int, size_out: int, side: int, stride: int = 1, *, norm: Norm, rngs: nnx.Rngs):
        self.convolution = conv(size_in, size_out, side, stride, bias=norm == "none", rngs=rngs)
        self.norm = normalization(norm, size_out, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width channels"]) -> Float[Array, "batch rows columns out"]:
        return self.norm(self.convolution(inputs))


class Head(nnx.Module):
    """Dropout and the last dense layer."""

    def __init__(self, num_features: int, num_classes: int, rate: float, *, rngs: nnx.Rngs):
        self.dropout = dropout(rate, rngs=rngs)
        self.dense = nnx.Linear(num_features, num_classes, kernel_init=zeros, rngs=rngs)

    def __call__(self, features: Float[Array, "batch features"]) -> Float[Array, "batch classes"]:
        return self.dense(self.dropout(features))
