"""Residual and densely connected networks: ResNet-18, ResNet-50 and DenseNet-BC."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.models.layers import ConvNorm, Head, as_images, conv, draw_kernels, image_shape, mark
from memjax.models.normalization import Norm, normalization, unchanged
from memjax.models.pooling import max_pool, mean_pool

LARGE = 128  # pixels on a side
RESNET_18 = {"blocks": (2, 2, 2, 2), "bottleneck": False}
RESNET_50 = {"blocks": (3, 4, 6, 3), "bottleneck": True}


class ResNet(nnx.Module):
    """A 3 x 3 convolution, four stages of residual blocks, the mean over all positions, and a dense layer.

    `blocks` is the number of blocks in each stage.  Each stage after the first halves the image and doubles the width.
    Images of 128 x 128 and more have the paper's first layers: a 7 x 7 convolution and 3 x 3 max pooling, each of
    stride 2.  Smaller images have a 3 x 3 convolution of stride 1 and no pooling, as is usual for 32 x 32.

    Reference:
      He et al., Deep Residual Learning for Image Recognition, 2015, arXiv 1512.03385.
    """

    def __init__(
        self, input_shape: tuple[int, ...], num_classes: int, blocks: tuple[int, int, int, int], bottleneck: bool,
        width: int = 64, norm: Norm = "batch", dropout: float = 0.0, *, rngs: nnx.Rngs,
    ):  # fmt: skip
        height, breadth, channels = image_shape("resnet", input_shape, 8)
        self.large = min(height, breadth) >= LARGE
        side, stride = (7, 2) if self.large else (3, 1)
        self.stem = ConvNorm(channels, width, side, stride, norm=norm, rngs=rngs)
        size, self.blocks = width, nnx.List()
        for stage, count in enumerate(blocks):
            for number in range(count):
                stride = 2 if stage > 0 and number == 0 else 1
                block = Residual(size, width * 2**stage, stride, bottleneck, norm=norm, rngs=rngs)
                self.blocks.append(block)
                size = block.size_out
        self.head = Head(size, num_classes, dropout, rngs=rngs)
        draw_kernels(self, rngs.params())

    def __call__(self, inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch classes"]:
        hidden = jax.nn.relu(self.stem(as_images(inputs)))
        if self.large:  # padding with 0 does not change a maximum of values from a ReLU
            hidden = max_pool(jnp.pad(hidden, ((0, 0), (1, 1), (1, 1), (0, 0))), 3, 2)
        hidden = mark(hidden)
        for block in self.blocks:
            hidden = mark(block(hidden))
        return self.head(hidden.mean((1, 2)))


class Residual(nnx.Module):
    """The input plus the output of convolutions, with ReLU between the convolutions and after the sum.

    Basic block: two 3 x 3 convolutions.  Bottleneck: 1 x 1, 3 x 3 and 1 x 1, the last four times as wide.  The first
    convolution has the stride, as in the paper.  If the shape changes, a 1 x 1 convolution changes that of the input.
    """

    def __init__(self, size_in: int, width: int, stride: int, bottleneck: bool, *, norm: Norm, rngs: nnx.Rngs):
        sides, widths = ((1, 3, 1), (width, width, 4 * width)) if bottleneck else ((3, 3), (width, width))
        self.size_out = widths[-1]
        self.convolutions = nnx.List(
            ConvNorm(before, after, side, stride if number == 0 else 1, norm=norm, rngs=rngs)
            for number, (before, after, side) in enumerate(zip((size_in, *widths), widths, sides, strict=False))
        )
        same = stride == 1 and size_in == self.size_out
        self.shortcut = unchanged if same else ConvNorm(size_in, self.size_out, 1, stride, norm=norm, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width channels"]) -> Float[Array, "batch rows columns out"]:
        hidden = inputs
        for convolution in self.convolutions[:-1]:
            hidden = jax.nn.relu(convolution(hidden))
        return jax.nn.relu(self.convolutions[-1](hidden) + self.shortcut(inputs))


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
