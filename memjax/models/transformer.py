"""A small causal transformer on sequences of tokens."""

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import zeros
from jaxtyping import Array, Float, Shaped

from memjax.errors import InputError
from memjax.models.layers import draw_kernels, mark
from memjax.models.layers import dropout as dropout_layer

HEAD = 32  # features of a head
BASE = 10_000.0  # of the wave lengths of positions
FEW = 1024  # tokens of a vocabulary up to which a product is faster than looking them up, on a CPU and for many models


class Transformer(nnx.Module):
    """Layers of attention to the tokens before and of a perceptron, each on normalised input and added to it.

    Each place gets logits of the next token.  Positions are rotations of queries and keys.

    Reference:
      Vaswani et al., Attention Is All You Need, 2017, arXiv 1706.03762; Xiong et al., On Layer Normalization in the
      Transformer Architecture, 2020, arXiv 2002.04745; Su et al., RoFormer, 2021, arXiv 2104.09864.
    """

    def __init__(
        self, input_shape: tuple[int, ...], widths: tuple[int, ...], num_classes: int, dropout: float = 0.0, *,
        rngs: nnx.Rngs,
    ):  # fmt: skip
        width = widths[0]
        if len(input_shape) != 1 or len({*widths}) > 1 or width % 4 or (width > HEAD and width % HEAD):
            raise InputError(
                f"transformer takes sequences of tokens, and layers of one width that divides by {HEAD}, as in "
                f"transformer:64x2; inputs have the shape {input_shape}, and layers the widths {widths}"
            )
        self.embedding = nnx.Linear(num_classes, width, use_bias=False, kernel_init=zeros, rngs=rngs)
        self.blocks = nnx.List(Block(width, dropout, rngs=rngs) for _ in widths)
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        self.head = nnx.Linear(width, num_classes, kernel_init=zeros, rngs=rngs)
        draw_kernels(self, rngs.params())
        self.embedding.kernel[...] *= math.sqrt(num_classes / 2)  # variance 1: a token has one row

    def __call__(self, inputs: Shaped[Array, "batch length"]) -> Float[Array, "batch length vocabulary"]:
        tokens, table = inputs.astype(jnp.int32), self.embedding.kernel[...]
        hidden = jax.nn.one_hot(tokens, len(table), dtype=table.dtype) @ table if len(table) <= FEW else table[tokens]
        for block in self.blocks:
            hidden = mark(block(hidden))
        return self.head(self.norm(hidden))


class Block(nnx.Module):
    """Attention and a perceptron with four times as many hidden units."""

    def __init__(self, width: int, dropout: float, *, rngs: nnx.Rngs):
        def linear(size_in: int, size_out: int) -> nnx.Linear:
            return nnx.Linear(size_in, size_out, use_bias=False, kernel_init=zeros, rngs=rngs)

        self.norms = nnx.List(nnx.RMSNorm(width, rngs=rngs) for _ in range(2))
        self.queries, self.keys, self.values, self.out = (linear(width, width) for _ in range(4))
        self.up, self.down = linear(width, 4 * width), linear(4 * width, width)
        self.drop = dropout_layer(dropout, rngs=rngs)

    def __call__(self, hidden: Float[Array, "batch length width"]) -> Float[Array, "batch length width"]:
        normal, heads = self.norms[0](hidden), (*hidden.shape[:2], -1, min(HEAD, hidden.shape[-1]))
        queries, keys, values = (each(normal).reshape(heads) for each in (self.queries, self.keys, self.values))
        scores = jnp.einsum("blhd,bmhd->bhlm", rotated(queries), rotated(keys)) / math.sqrt(heads[-1])
        before = jnp.tril(jnp.ones(scores.shape[-2:], bool))
        weights = jax.nn.softmax(jnp.where(before, scores, -jnp.inf))
        hidden += self.drop(self.out(jnp.einsum("bhlm,bmhd->blhd", weights, values).reshape(hidden.shape)))
        return hidden + self.drop(self.down(jax.nn.gelu(self.up(self.norms[1](hidden)))))


def rotated(values: Float[Array, "batch length heads size"]) -> Float[Array, "batch length heads size"]:
    """Each pair of features, k and k + size / 2, turned by the position times BASE ** (-2 k / size).

    The product of a query and a key then depends on the distance of their positions.
    """
    length, size = values.shape[1], values.shape[-1]
    angles = jnp.arange(length)[:, None, None] * BASE ** (-2 * jnp.arange(size // 2) / size)
    cos, sin = jnp.cos(angles).astype(values.dtype), jnp.sin(angles).astype(values.dtype)
    first, second = jnp.split(values, 2, axis=-1)
    return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
