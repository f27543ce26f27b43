"""A multi-layer perceptron, and one on the columns of a table."""

import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.models.layers import dense, he_normal, mark
from memjax.models.layers import dropout as dropout_layer


class MLP(nnx.Module):
    """Dense layers on the flattened input, with ReLU and dropout between them.  Without hidden layers it is linear."""

    def __init__(
        self, input_shape: tuple[int, ...], widths: tuple[int, ...], num_classes: int, dropout: float = 0.0, *,
        rngs: nnx.Rngs,
    ):  # fmt: skip
        sizes = (math.prod(input_shape), *widths, num_classes)
        self.layers = nnx.List(
            nnx.Linear(size_in, size_out, kernel_init=he_normal, rngs=rngs)
            for size_in, size_out in itertools.pairwise(sizes)
        )
        self.dropouts = nnx.List(dropout_layer(dropout, rngs=rngs) for _ in widths)

    def __call__(self, inputs: Float[Array, "batch ..."]) -> Float[Array, "batch classes"]:
        hidden = inputs.reshape(len(inputs), -1)
        for layer, drop in zip(self.layers[:-1], self.dropouts, strict=True):
            hidden = mark(drop(jax.nn.relu(dense(layer, hidden))))
        return dense(self.layers[-1], hidden)


class Tabular(MLP):
    """An MLP on numbers and on embeddings of categories, which are learned with it.

    A column of n > 1 features has one for each of its n texts.  Its embedding is a product of these features with a
    matrix, and has half as many numbers, rounded up.  Other columns are handed on.

    Reference:
      Guo and Berkhahn, Entity Embeddings of Categorical Variables, 2016, arXiv 1604.06737.
    """

    def __init__(
        self, input_shape: tuple[int, ...], widths: tuple[int, ...], num_classes: int, columns: tuple[int, ...],
        dropout: float = 0.0, *, rngs: nnx.Rngs,
    ):  # fmt: skip
        if (sum(columns),) != input_shape:
            raise InputError(
                "tabular embeds the categories of a table, and the inputs are not known to be from one; give a data "
                "frame or the file of a table, or mlp in place of tabular"
            )
        self.places = tuple(itertools.pairwise(itertools.accumulate(columns, initial=0)))
        outputs = [math.ceil(size / 2) for size in columns]
        self.embeddings = nnx.List(
            nnx.Linear(size, output, use_bias=False, kernel_init=he_normal, rngs=rngs) if size > 1 else None
            for size, output in zip(columns, outputs, strict=True)
        )
        super().__init__((sum(outputs),), widths, num_classes, dropout, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch features"]) -> Float[Array, "batch classes"]:
        columns = [
            dense(embedding, inputs[:, start:end]) if embedding else inputs[:, start:end]
            for embedding, (start, end) in zip(self.embeddings, self.places, strict=True)
        ]
        return super().__call__(jnp.concatenate(columns, axis=1))
