"""The networks of the papers on memorization: the small Inception and the small AlexNet."""

import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import zeros
from jaxtyping import Array, Float

from memjax.models.layers import ConvNorm, Head, as_images, draw_kernels, image_shape, mark
from memjax.models.layers import dropout as dropout_layer
from memjax.models.normalization import Norm, normalization
from memjax.models.pooling import max_pool

Stages = tuple[tuple[tuple[int, int], ...], ...]
STAGES: Stages = (
    ((32, 32), (32, 48)),
    ((112, 48), (96, 64), (80, 80), (48, 96)),
    ((176, 160), (176, 160)),
)  # channels of the 1 x 1 and of the 3 x 3 convolution of each block
DOWN = (160, 240)  # channels of the strided convolutions after the first and the second stage
CROP = 2  # pixels cut off each side


class Inception(nnx.Module):
    """A 3 x 3 convolution of 96 channels, three stages of blocks with a strided convolution between them, the maximum
    over all positions, and a dense layer.  Every convolution has normalisation and ReLU.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703; after Zhang et al.,
      Understanding Deep Learning Requires Rethinking Generalization, 2016, arXiv 1611.03530.
    """

    def __init__(
        self, input_shape: tuple[int, ...], num_classes: int, factor: float = 1.0, norm: Norm = "batch",
        dropout: float = 0.0, stages: Stages = STAGES, *, rngs: nnx.Rngs,
    ):  # fmt: skip
        def scaled(channels: int) -> int:
            return max(1, round(channels * factor))

        size = scaled(96)
        layers: list[nnx.Module] = [
            ConvNorm(image_shape("inception", input_shape, 4)[2], size, 3, norm=norm, rngs=rngs)
        ]
        for blocks, down in zip(stages, (*DOWN, None), strict=True):
            for one, three in blocks:
                layers.append(InceptionBlock(size, scaled(one), scaled(three), norm=norm, rngs=rngs))
                size = scaled(one) + scaled(three)
            if down is not None:
                layers.append(ConvNorm(size, scaled(down), 3, 2, norm=norm, rngs=rngs))
                size = scaled(down)
        self.layers = nnx.List(layers)
        self.head = Head(size, num_classes, dropout, rngs=rngs)
        draw_kernels(self, rngs.params())

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = as_images(inputs)
        for layer in self.layers:
            hidden = mark(jax.nn.relu(layer(hidden)))
        return self.head(hidden.max((1, 2)))


class InceptionBlock(nnx.Module):
    """A 1 x 1 and a 3 x 3 convolution of the same input, with concatenated outputs."""

    def __init__(self, size_in: int, one: int, three: int, *, norm: Norm, rngs: nnx.Rngs):
        self.one = ConvNorm(size_in, one, 1, norm=norm, rngs=rngs)
        self.three = ConvNorm(size_in, three, 3, norm=norm, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width channels"]) -> Float[Array, "batch height width out"]:
        return jnp.concatenate([self.one(inputs), self.three(inputs)], -1)


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
