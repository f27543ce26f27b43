"""Converts Flax modules, NNX or Linen, to a `memjax.Model`: a pair of pure functions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen
import jax
from flax import nnx

from memjax.models.convolutions import convolution
from memjax.models.modes import flags
from memjax.types import Model


def from_nnx(build: Callable[[nnx.Rngs], nnx.Module]) -> Model:
    """The model of an NNX module.

    Parameters are the module's `nnx.Param`; everything else (batch statistics, random counters) is state.  train
    chooses between `module.train()` and `module.eval()`, and sets those of the arguments train, training, is_training,
    deterministic and use_running_average that `__call__` has.  Every `nnx.Conv` with XLA's convolution gets memjax's,
    which is faster for many models at once (see `models.convolutions`).
    """

    def made(rngs: nnx.Rngs) -> nnx.Module:
        module = build(rngs)
        for _, part in nnx.iter_modules(module):
            if isinstance(part, nnx.Conv) and part.conv_general_dilated is jax.lax.conv_general_dilated:
                part.conv_general_dilated = convolution
        return module

    module = nnx.eval_shape(lambda: made(nnx.Rngs(0)))
    call = type(module).__call__

    graphs = {}
    for train in (True, False):
        module.train() if train else module.eval()
        graphs[train] = nnx.split(module, nnx.Param, ...)[0]

    def init(key):
        _, params, state = nnx.split(made(nnx.Rngs(key)), nnx.Param, ...)
        return params, state

    def apply(params, state, inputs, key, train):
        module = nnx.merge(graphs[train], params, state, copy=True)  # without a copy, modules may share variables
        if train and key is not None:
            nnx.reseed(module, policy="match_shape", default=key, dropout=key)
        logits = module(inputs, **flags(call, train))
        return logits, nnx.state(module, nnx.Not(nnx.Param))

    vars(apply).update(call=call, module=module)  # for `checked`; the module is without its numbers
    return Model(init, apply)


def from_linen(module: flax.linen.Module, input_shape: tuple[int, ...]) -> Model:
    """The model of a Linen module.

    Its `__call__` takes the inputs and, if it has such arguments, train, training, is_training, deterministic and
    use_running_average.
    """
    mode = partial(flags, type(module).__call__)

    def init(key):
        inputs = jax.numpy.zeros((1, *input_shape))
        state = dict(module.init({"params": key}, inputs, **mode(False)))
        return state.pop("params", {}), state

    def apply(params, state, inputs, key, train):
        rngs = {"dropout": key} if train and key is not None else {}
        variables = {"params": params, **state}
        output: Any = module.apply(variables, inputs, rngs=rngs, mutable=list(state) if train else False, **mode(train))
        return (output[0], {**state, **output[1]}) if train else (output, state)

    vars(apply).update(call=type(module).__call__)
    return Model(init, apply)
