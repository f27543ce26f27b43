"""A small convolutional network for images."""

import itertools
import math

import jax
from flax import nnx
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.models.initializers import he_normal


class CNN(nnx.Module):
    """3 x 3 convolutions, each with ReLU and 2 x 2 max pooling, then one dense layer."""

    def __init__(self, input_shape: tuple[int, ...], channels: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs):
        if len(input_shape) not in (2, 3):
            raise InputError(f"cnn needs images, (height, width) or (height, width, channels); got {input_shape}")
        height, width = input_shape[:2]
        if min(height, width) < 2 ** len(channels):
            raise InputError(
                f"cnn halves the image {len(channels)} times, and {height} x {width} is too small for that; "
                "give fewer CHANNELS"
            )
        sizes = (input_shape[2] if len(input_shape) == 3 else 1, *channels)
        self.convolutions = nnx.List(
            nnx.Conv(size_in, size_out, (3, 3), kernel_init=he_normal, rngs=rngs)
            for size_in, size_out in itertools.pairwise(sizes)
        )
        pixels = (height >> len(channels)) * (width >> len(channels))
        self.head = nnx.Linear(pixels * sizes[-1], num_classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = inputs if inputs.ndim == 4 else inputs[..., None]
        for convolution in self.convolutions:
            hidden = nnx.max_pool(jax.nn.relu(convolution(hidden)), (2, 2), strides=(2, 2))
        return self.head(hidden.reshape(len(hidden), math.prod(hidden.shape[1:])))
