"""Densely connected networks for small images: DenseNet-BC."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.models.layers import Head, as_images, conv, draw_kernels, image_shape, mark
from memjax.models.normalization import Norm, normalization
from memjax.models.pooling import mean_pool


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
