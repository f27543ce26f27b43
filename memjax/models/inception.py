"""The small Inception network of Feldman and Zhang (2020)."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.models.layers import ConvNorm, Head, as_images, draw_kernels, image_shape, mark
from memjax.models.normalization import Norm

Stages = tuple[tuple[tuple[int, int], ...], ...]
STAGES: Stages = (
    ((32, 32), (32, 48)),
    ((112, 48), (96, 64), (80, 80), (48, 96)),
    ((176, 160), (176, 160)),
)  # channels of the 1 x 1 and of the 3 x 3 convolution of each block
DOWN = (160, 240)  # channels of the strided convolutions after the first and the second stage


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
