"""The small AlexNet of Arpit et al. (2017)."""

import itertools
import math

import jax
from flax import nnx
from jax.nn.initializers import zeros
from jaxtyping import Array, Float

from memjax.models.layers import ConvNorm, as_images, draw_kernels, image_shape, mark
from memjax.models.layers import dropout as dropout_layer
from memjax.models.normalization import Norm, normalization
from memjax.models.pooling import max_pool

CROP = 2  # pixels cut off each side


class AlexNet(nnx.Module):
    """Two 5 x 5 convolutions of 200 channels, then dense layers of 384 and 192 units, on the image without its border.

    Each layer has normalisation and ReLU.  3 x 3 max pooling follows each convolution, dropout each dense layer.  The
    paper does not give padding and stride.  Here the convolutions keep the image size, and the pooling has stride 2 and
    no padding, so that 28 x 28 becomes 13 x 13, then 6 x 6.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 2.
    """

    def __init__(
        self, input_shape: tuple[int, ...], num_classes: int, factor: float = 1.0, norm: Norm = "batch",
        dropout: float = 0.0, *, rngs: nnx.Rngs,
    ):  # fmt: skip
        height, width, colours = image_shape("alexnet", input_shape, 11)
        channels, *widths = (max(1, round(size * factor)) for size in (200, 384, 192))
        self.convolutions = nnx.List(
            ConvNorm(size_in, channels, 5, norm=norm, rngs=rngs) for size_in in (colours, channels)
        )
        sizes = (_pooled(height) * _pooled(width) * channels, *widths)
        self.hidden = nnx.List(
            DenseNorm(size_in, size_out, dropout, norm=norm, rngs=rngs)
            for size_in, size_out in itertools.pairwise(sizes)
        )
        self.head = nnx.Linear(sizes[-1], num_classes, kernel_init=zeros, rngs=rngs)
        draw_kernels(self, rngs.params())

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = as_images(inputs)[:, CROP:-CROP, CROP:-CROP]
        for convolution in self.convolutions:
            hidden = mark(jax.nn.relu(max_pool(convolution(hidden), 3, 2)))  # pooling and ReLU may be exchanged
        hidden = hidden.reshape(len(hidden), math.prod(hidden.shape[1:]))
        for layer in self.hidden:
            hidden = mark(layer(hidden))
        return self.head(hidden)


class DenseNorm(nnx.Module):
    """A dense layer with normalisation, ReLU and dropout."""

    def __init__(self, size_in: int, size_out: int, rate: float, *, norm: Norm, rngs: nnx.Rngs):
        self.dense = nnx.Linear(size_in, size_out, use_bias=norm == "none", kernel_init=zeros, rngs=rngs)
        self.norm = normalization(norm, size_out, rngs=rngs)
        self.dropout = dropout_layer(rate, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch features"]) -> Float[Array, "batch units"]:
        return self.dropout(jax.nn.relu(self.norm(self.dense(inputs))))


def _pooled(side: int) -> int:
    """
    >>> _pooled(32), _pooled(28), _pooled(11)
    (6, 5, 1)
    """
    side -= 2 * CROP
    for _ in range(2):
        side = (side - 3) // 2 + 1
    return side
