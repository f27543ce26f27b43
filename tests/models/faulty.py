"""Networks with a fault each, and the sound network that each of them was."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx

from memjax.models import from_linen, from_nnx
from memjax.types import Model


class Flagged(nnx.Module):
    """An NNX network whose layers follow a flag of its call; `is_training` is that flag's name."""

    def __init__(self, input_shape, num_classes, *, rngs):
        self.dense = nnx.Linear(input_shape[0], 16, rngs=rngs)
        self.norm = nnx.BatchNorm(16, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.head = nnx.Linear(16, num_classes, rngs=rngs)

    def layers(self, x, train):
        hidden = self.norm(self.dense(x), use_running_average=not train)
        return self.head(self.dropout(hidden, deterministic=not train))


class Train(Flagged):
    def __call__(self, x, train=False):
        return self.layers(x, train)


class Training(Flagged):
    def __call__(self, x, training=False):
        return self.layers(x, training)


class IsTraining(Flagged):
    def __call__(self, x, *, is_training=False):
        return self.layers(x, is_training)


class Deterministic(Flagged):
    def __call__(self, x, deterministic=True):
        return self.layers(x, not deterministic)


class RunningAverage(Flagged):
    def __call__(self, x, use_running_average=True):
        return self.layers(x, not use_running_average)


class UnknownFlag(Flagged):
    def __call__(self, x, learning=False):
        return self.layers(x, learning)


class AlwaysTraining(Flagged):
    def __call__(self, x, learning=True):
        return self.layers(x, learning)


class StuckDropout(Flagged):
    def __call__(self, x, train=False):
        return self.head(self.dropout(self.norm(self.dense(x)), deterministic=True))


class StuckNorm(Flagged):
    def __call__(self, x, train=False):
        return self.head(self.dropout(self.norm(self.dense(x), use_running_average=True)))


class Jitted(Flagged):
    """Sound: a jit within the network hides nothing."""

    def __call__(self, x):
        return nnx.jit(lambda module, x: module.head(module.dropout(module.norm(module.dense(x)))))(self, x)


class Linen(nn.Module):
    num_classes: int
    flag: str = "train"

    def layers(self, x, train):
        hidden = nn.BatchNorm(use_running_average=not train)(nn.Dense(16)(x))
        return nn.Dense(self.num_classes)(nn.Dropout(0.5)(hidden, not train))


class LinenTrain(Linen):
    @nn.compact
    def __call__(self, x, train=False):
        return self.layers(x, train)


class LinenTraining(Linen):
    @nn.compact
    def __call__(self, x, training: bool):
        return self.layers(x, training)


class LinenIsTraining(Linen):
    @nn.compact
    def __call__(self, x, is_training=False):
        return self.layers(x, is_training)


class LinenDeterministic(Linen):
    @nn.compact
    def __call__(self, x, deterministic=True):
        return self.layers(x, not deterministic)


class LinenRunningAverage(Linen):
    @nn.compact
    def __call__(self, x, use_running_average=True):
        return self.layers(x, not use_running_average)


class LinenUnknownFlag(Linen):
    @nn.compact
    def __call__(self, x, learning=False):
        return self.layers(x, learning)


class LinenStuckDropout(Linen):
    @nn.compact
    def __call__(self, x, train=False):
        return nn.Dense(self.num_classes)(nn.Dropout(0.5, deterministic=True)(nn.Dense(16)(x)))


class LinenAlwaysTraining(Linen):
    @nn.compact
    def __call__(self, x, learning=True):
        return self.layers(x, learning)


def linen(module):
    return lambda input_shape, num_classes: module(num_classes)


linen_train, linen_training, linen_is_training, linen_deterministic, linen_running_average = map(
    linen, (LinenTrain, LinenTraining, LinenIsTraining, LinenDeterministic, LinenRunningAverage)
)
linen_unknown_flag, linen_stuck_dropout, linen_always_training = map(
    linen, (LinenUnknownFlag, LinenStuckDropout, LinenAlwaysTraining)
)


class SownLinen(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x):
        self.sow("losses", "size", x.sum())
        return nn.Dense(self.num_classes)(x)


class NoWeights(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x):
        return x[:, : self.num_classes]


sown_linen, no_weights_linen = linen(SownLinen), linen(NoWeights)


class Sown(nnx.Module):
    def __init__(self, input_shape, num_classes, rngs):
        self.dense = nnx.Linear(input_shape[0], num_classes, rngs=rngs)

    def __call__(self, x):
        hidden = self.dense(x)
        self.kept = nnx.Intermediate(hidden)
        return hidden


class NoWeightsNnx(nnx.Module):
    def __init__(self, input_shape, num_classes, rngs):
        self.num_classes = num_classes

    def __call__(self, x):
        return x[:, : self.num_classes]


class BreaksInInit(nnx.Module):
    def __init__(self, input_shape, num_classes, rngs):
        raise RuntimeError("no such layer")


class BreaksInCall(Sown):
    def __call__(self, x):
        return self.dense(x) @ jnp.ones((17, 2))


def plain(apply, state=()):
    """A factory of a linear model with another `apply` than usual."""

    def factory(input_shape, num_classes):
        def init(key):
            return {"w": jnp.zeros((input_shape[0], num_classes))}, state

        return Model(init, lambda params, state, x, key, train: apply(x @ params["w"], state))

    return factory


def no_weights(input_shape, num_classes):
    return Model(lambda key: ({}, {}), lambda params, state, x, key, train: (x[:, :num_classes], state))


one_logit = plain(lambda logits, state: (logits[:, :1], state))
too_few = plain(lambda logits, state: (logits[:, :-1], state))
extra_axis = plain(lambda logits, state: (logits[:, None], state))
transposed = plain(lambda logits, state: (logits.T, state))
a_tuple = plain(lambda logits, state: ((logits, logits), state))
a_dict = plain(lambda logits, state: ({"logits": logits}, state))
whole_numbers = plain(lambda logits, state: (logits.argsort(), state))
only_logits = plain(lambda logits, state: logits)
half = plain(lambda logits, state: (logits.astype(jnp.bfloat16), state))
other_type = plain(lambda logits, state: (logits, state.astype(jnp.float32)), jnp.int32(0))
other_shape = plain(lambda logits, state: (logits, state[None]), jnp.float32(0))
more_state = plain(lambda logits, state: (logits, {**state, "more": logits.sum()}), {"one": jnp.float32(0)})
tied = plain(lambda logits, state: (jax.nn.relu(logits) + jnp.arange(3.0), state))


class KeysInCall(Flagged):
    """Its dropout has no random keys of its own."""

    def __init__(self, input_shape, num_classes, *, rngs):
        super().__init__(input_shape, num_classes, rngs=rngs)
        self.dropout = nnx.Dropout(0.5)
        self.keys = rngs["dropout"].fork()

    def __call__(self, x, train=False):
        return self.head(self.dropout(self.norm(self.dense(x)), deterministic=not train, rngs=self.keys))


class KeysInVain(KeysInCall):
    def __call__(self, x):
        return self.head(self.dropout(self.norm(self.dense(x)), deterministic=True, rngs=self.keys))


class Layer(nnx.Module):
    def __init__(self, rngs):
        self.dense = nnx.Linear(16, 16, rngs=rngs)
        self.norm = nnx.BatchNorm(16, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)

    def __call__(self, x):
        return self.dropout(self.norm(self.dense(x)))


class Scanned(nnx.Module):
    """Sound: three layers of one form, whose state has an axis of layers."""

    def __init__(self, input_shape, num_classes, *, rngs):
        self.dense = nnx.Linear(input_shape[0], 16, rngs=rngs)
        self.layers = nnx.split_rngs(splits=3)(nnx.vmap(Layer, in_axes=(0,), out_axes=0))(rngs)
        self.head = nnx.Linear(16, num_classes, rngs=rngs)

    def __call__(self, x):
        one_after_the_other = nnx.scan(lambda layer, x: layer(x), in_axes=(0, nnx.Carry), out_axes=nnx.Carry)
        return self.head(one_after_the_other(self.layers, self.dense(x)))


def wrapped(module):
    return lambda input_shape, num_classes: from_nnx(lambda rngs: module(input_shape, num_classes, rngs=rngs))


wrapped_nnx, wrapped_unknown_flag = wrapped(Train), wrapped(UnknownFlag)


def wrapped_stuck_linen(input_shape, num_classes):
    return from_linen(LinenStuckDropout(num_classes), input_shape)
