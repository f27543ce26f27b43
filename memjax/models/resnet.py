"""Residual networks: ResNet-18 and ResNet-50."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.models.layers import ConvNorm, Head, as_images, draw_kernels, image_shape, mark
from memjax.models.normalization import Norm, relu_of_sum, unchanged
from memjax.models.pooling import max_pool

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
        hidden = relu_of_sum(inputs.dtype, self.stem.unrounded(as_images(inputs)))
        if self.large:  # padding with 0 does not change a maximum of values from a ReLU
            hidden = max_pool(jnp.pad(hidden, ((0, 0), (1, 1), (1, 1), (0, 0))), 3, 2)
        hidden = mark(hidden)
        for block in self.blocks:
            hidden = mark(block(hidden))
        return self.head(hidden.mean((1, 2)).astype(inputs.dtype))


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
        hidden, shortcut = inputs, self.shortcut.unrounded if isinstance(self.shortcut, ConvNorm) else self.shortcut
        precision = self.convolutions[0].convolution.kernel[...].dtype
        for convolution in self.convolutions[:-1]:
            hidden = relu_of_sum(precision, convolution.unrounded(hidden))
        return relu_of_sum(precision, self.convolutions[-1].unrounded(hidden), shortcut(inputs))
