"""Networks for small images: a CNN, the papers' small Inception and AlexNet, and DenseNet-BC."""

import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import zeros
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.models import layers
from memjax.models.layers import ConvNorm, Head, as_images, conv, draw_kernels, image_shape, mark
from memjax.models.normalization import Norm, normalization, unchanged
from memjax.models.platform import traced_for
from memjax.models.pooling import max_pool, mean_pool

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
        parts: list[nnx.Module] = [ConvNorm(image_shape("inception", input_shape, 4)[2], size, 3, norm=norm, rngs=rngs)]
        for blocks, down in zip(stages, (*DOWN, None), strict=True):
            for one, three in blocks:
                parts.append(InceptionBlock(size, scaled(one), scaled(three), norm=norm, rngs=rngs))
                size = scaled(one) + scaled(three)
            if down is not None:
                parts.append(ConvNorm(size, scaled(down), 3, 2, norm=norm, rngs=rngs))
                size = scaled(down)
        self.layers = nnx.List(parts)
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


class DenseNet(nnx.Module):
    """A 3 x 3 convolution, three blocks in which each layer takes the outputs of all layers before it, the mean over
    all positions, and a dense layer.

    B (bottleneck): a 1 x 1 convolution to 4 x growth channels comes before each 3 x 3 convolution.  C (compression):
    between blocks a 1 x 1 convolution halves the channels, and 2 x 2 mean pooling halves the image.  A layer has two
    convolutions, so each block has (depth - 4) / 6 layers.  The other 4 are the first convolution, the two between
    blocks, and the dense layer.

    Reference:
      Huang et al., Densely Connected Convolutional Networks, 2016, arXiv 1608.06993.
    """

    def __init__(
        self, input_shape: tuple[int, ...], num_classes: int, depth: int = 100, growth: int = 12, norm: Norm = "batch",
        dropout: float = 0.0, *, rngs: nnx.Rngs,
    ):  # fmt: skip
        size = 2 * growth
        self.stem = conv(image_shape("densenet", input_shape, 4)[2], size, 3, bias=norm == "none", rngs=rngs)
        self.blocks, self.transitions = nnx.List(), nnx.List()
        for number in range(3):
            block = DenseBlock(size, (depth - 4) // 6, growth, norm=norm, rngs=rngs)
            self.blocks.append(block)
            size = block.size_out
            if number < 2:
                self.transitions.append(NormReLUConv(size, size // 2, 1, norm=norm, rngs=rngs))
                size //= 2
        self.norm = normalization(norm, size, rngs=rngs)
        self.head = Head(size, num_classes, dropout, rngs=rngs)
        draw_kernels(self, rngs.params())

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = mark(self.blocks[0](self.stem(as_images(inputs))))
        for transition, block in zip(self.transitions, self.blocks[1:], strict=True):
            hidden = mark(block(mean_pool(transition(hidden), 2)))
        return self.head(jax.nn.relu(self.norm(hidden)).mean((1, 2)))


class DenseBlock(nnx.Module):
    """Layers that each append `growth` channels to their input."""

    def __init__(self, size_in: int, num_layers: int, growth: int, *, norm: Norm, rngs: nnx.Rngs):
        sizes = [size_in + growth * number for number in range(num_layers)]
        self.size_out = size_in + growth * num_layers
        self.narrow = nnx.List(NormReLUConv(size, 4 * growth, 1, norm=norm, rngs=rngs) for size in sizes)
        self.grow = nnx.List(NormReLUConv(4 * growth, growth, 3, norm=norm, rngs=rngs) for _ in sizes)

    def __call__(self, inputs: Float[Array, "batch height width channels"]) -> Float[Array, "batch height width out"]:
        hidden = inputs
        for narrow, grow in zip(self.narrow, self.grow, strict=True):
            hidden = jnp.concatenate([hidden, grow(narrow(hidden))], -1)
        return hidden


class NormReLUConv(nnx.Module):
    """Normalisation and ReLU before the convolution.  It has a bias only if the network has no normalisation."""

    def __init__(self, size_in: int, size_out: int, side: int, *, norm: Norm, rngs: nnx.Rngs):
        self.norm = normalization(norm, size_in, rngs=rngs)
        self.convolution = conv(size_in, size_out, side, bias=norm == "none", rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width channels"]) -> Float[Array, "batch height width out"]:
        return self.convolution(jax.nn.relu(self.norm(inputs)))


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
        self.dropout = layers.dropout(rate, rngs=rngs)

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
            conv(size_in, size_out, 3, bias=False, kernel_init=layers.he_normal, rngs=rngs)
            for size_in, size_out in itertools.pairwise((colours, *channels))
        )
        self.norms = nnx.List(normalization(norm, size, rngs=rngs) for size in channels)
        self.biases = nnx.List(layers.Bias(size) if norm == "none" else unchanged for size in channels)
        pixels = (height >> len(channels)) * (width >> len(channels))
        self.dropout = layers.dropout(dropout, rngs=rngs)
        self.head = nnx.Linear(pixels * channels[-1], num_classes, kernel_init=layers.he_normal, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = as_images(inputs)
        # On a TPU it takes longer to round the outputs of a convolution to bfloat16 than to compute them.
        rounded, exact = hidden.dtype, jnp.float32 if traced_for.value == "tpu" else hidden.dtype
        for layer, norm, bias in zip(self.convolutions, self.norms, self.biases, strict=True):
            # Bias and ReLU give the same result before the pooling, but there they would take four times as long.
            pooled = bias(max_pool(norm(layer(hidden.astype(exact))), 2, 2))
            hidden = mark(jax.nn.relu(pooled)).astype(rounded)
        rows = self.dropout(hidden.reshape(len(hidden), math.prod(hidden.shape[1:])))
        return layers.dense(self.head, rows, hidden.shape[1:])
