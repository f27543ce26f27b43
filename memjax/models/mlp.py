"""A multi-layer perceptron."""

import itertools
import math

import jax
from flax import nnx
from jaxtyping import Array, Float

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
