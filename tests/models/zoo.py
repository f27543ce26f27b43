"""Networks of a user, in all forms that a factory may have."""

import flax.linen as nn
import jax.numpy as jnp
from flax import nnx

from memjax.types import Model


class Noisy(nnx.Module):
    """An NNX module with batch statistics and dropout."""

    def __init__(self, input_shape, num_classes, *, rngs):
        # A bias before the normalisation would have only rounding errors as gradient, which Adam would magnify.
        self.dense = nnx.Linear(input_shape[0], 16, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(16, momentum=0.9, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.head = nnx.Linear(16, num_classes, rngs=rngs)

    def __call__(self, inputs):
        return self.head(self.dropout(nnx.relu(self.norm(self.dense(inputs)))))


class LinenNet(nn.Module):
    """A Linen module with batch statistics and dropout."""

    num_classes: int

    @nn.compact
    def __call__(self, inputs, train: bool):
        hidden = nn.BatchNorm(use_running_average=not train, momentum=0.9)(nn.Dense(16)(inputs))
        return nn.Dense(self.num_classes)(nn.Dropout(0.5, deterministic=not train)(nn.relu(hidden)))


def linen_net(input_shape, num_classes):
    return LinenNet(num_classes)


def bare(input_shape, num_classes):
    """A model without any library."""

    def apply(params, state, inputs, key, train):
        return inputs @ params, state

    return Model(lambda key: (jnp.zeros((input_shape[0], num_classes)), ()), apply)


def returns_nothing(input_shape, num_classes):
    return None


def wants_no_arguments():
    return None
