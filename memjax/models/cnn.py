"""A small convolutional network for images."""

import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.models.layers import Bias, as_images, conv, dense, he_normal, image_shape, mark
from memjax.models.layers import dropout as dropout_layer
from memjax.models.normalization import Norm, normalization, unchanged
from memjax.models.platform import traced_for
from memjax.models.pooling import max_pool


class CNN(nnx.Module):
    """3 x 3 convolutions, each with normalisation, ReLU and 2 x 2 max pooling, then one dense layer."""

    def __init__(
        self, input_shape: tuple[int, ...], channels: tuple[int, ...], num_classes: int, norm: Norm = "none",
        dropout: float = 0.0, *, rngs: nnx.Rngs,
    ):  # fmt: skip
        height, width, colours = image_shape("cnn", input_shape, 1)
        if min(height, width) < 2 ** len(channels):
            raise InputError(
                f"cnn halves the image {len(channels)} times, and {height} x {width} is too small for that; "
                "give fewer CHANNELS"
            )
        self.convolutions = nnx.List(
            conv(size_in, size_out, 3, bias=False, kernel_init=he_normal, rngs=rngs)
            for size_in, size_out in itertools.pairwise((colours, *channels))
        )
        self.norms = nnx.List(normalization(norm, size, rngs=rngs) for size in channels)
        self.biases = nnx.List(Bias(size) if norm == "none" else unchanged for size in channels)
        pixels = (height >> len(channels)) * (width >> len(channels))
        self.dropout = dropout_layer(dropout, rngs=rngs)
        self.head = nnx.Linear(pixels * channels[-1], num_classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = as_images(inputs)
        # On a TPU it takes longer to round the outputs of a convolution to bfloat16 than to compute them.
        rounded, exact = hidden.dtype, jnp.float32 if traced_for.value == "tpu" else hidden.dtype
        for layer, norm, bias in zip(self.convolutions, self.norms, self.biases, strict=True):
            # Bias and ReLU give the same result before the pooling, but there they would take four times as long.
            pooled = bias(max_pool(norm(layer(hidden.astype(exact))), 2, 2))
            hidden = mark(jax.nn.relu(pooled)).astype(rounded)
        rows = self.dropout(hidden.reshape(len(hidden), math.prod(hidden.shape[1:])))
        return dense(self.head, rows, hidden.shape[1:])
