"""Converts Flax modules, NNX or Linen, to a `memjax.Model`, a pair of pure functions; their modes and precision."""

import inspect
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import flax.linen
import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from memjax.models.convolutions import convolution
from memjax.models.platform import traced_for
from memjax.types import Model, Tree

# Arguments of `__call__` that choose the mode, and their values in training.
FLAGS = {"train": True, "training": True, "is_training": True, "deterministic": False, "use_running_average": False}


def flags(call: Callable, train: bool) -> dict[str, Any]:
    """The arguments that switch a module's `__call__` between training and evaluation, of those in `FLAGS`."""
    known = inspect.signature(call).parameters
    return {name: value == train for name, value in FLAGS.items() if name in known}


@contextmanager
def idle_linen_dropout() -> Iterator[list[str]]:
    """Collects the names of the dropout layers of Linen modules that are called within, and drop nothing."""
    idle: list[str] = []

    def watch(following: Callable, args: tuple, kwargs: dict[str, Any], context: Any) -> Any:
        output, layer = following(*args, **kwargs), context.module
        if context.method_name == "__call__" and _is_idle(layer, args, kwargs, output):
            idle.append("/".join(layer.path) or type(layer).__name__)
        return output

    with flax.linen.intercept_methods(watch):
        yield idle


def _is_idle(layer: flax.linen.Module, args: tuple, kwargs: dict[str, Any], output: Any) -> bool:
    if isinstance(layer, flax.linen.Dropout):
        return 0 < layer.rate < 1 and any(output is given for given in (*args, *kwargs.values()))
    if isinstance(layer, flax.linen.MultiHeadDotProductAttention) and layer.dropout_rate > 0:
        given = inspect.signature(type(layer).__call__).bind(layer, *args, **kwargs).arguments.get("deterministic")
        return bool(layer.deterministic if given is None else given)
    return False


class Moving(NamedTuple):
    """Arrays of a state that change in training and not in evaluation, by their place among its leaves."""

    layers: dict[int, str]  # place -> name of the layer: batch statistics, and counters of draws of NNX dropout layers
    counters: list[int]  # places of all counters of draws
    # NNX dropout layers that have no counter of their own, because they are given random keys in the call
    without: list[str]


def moving(state: Tree, module: nnx.Module | None) -> Moving:
    """What has to change in a network's state; `module` is its NNX module, if it is known."""
    if not isinstance(state, nnx.State):
        paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(state)]
        words = [[str(getattr(key, "key", key)) for key in path] for path in paths]
        layers = {place: "/".join(path[1:-1]) for place, path in enumerate(words) if path[:1] == ["batch_stats"]}
        return Moving(layers, [], [])
    kinds = {nnx.Dropout: "rate", nnx.MultiHeadAttention: "dropout_rate"}
    parts = list(nnx.iter_modules(module)) if module else []
    random = {path for path, part in parts for kind, rate in kinds.items()
              if isinstance(part, kind) and 0 < getattr(part, rate) < 1}  # fmt: skip
    flat = list(nnx.to_flat_state(state))
    layers = {place: path[:-1] for place, (path, each) in enumerate(flat) if isinstance(each, nnx.BatchStat)}
    counters = {place: path[:-2] for place, (path, each) in enumerate(flat) if isinstance(each, nnx.RngCount)}
    layers |= {place: path for place, path in counters.items() if path in random}
    named = {place: ".".join(map(str, path)) for place, path in sorted(layers.items())}
    return Moving(named, list(counters), [".".join(map(str, path)) for path in random - {*counters.values()}])


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


def from_linen(module: flax.linen.Module, input_shape: tuple[int, ...], input_type: Any = jnp.float32) -> Model:
    """The model of a Linen module, on inputs of this shape and type.

    Its `__call__` takes the inputs and, if it has such arguments, train, training, is_training, deterministic and
    use_running_average.
    """
    mode = partial(flags, type(module).__call__)

    def init(key):
        inputs = jax.numpy.zeros((1, *input_shape), input_type)
        state = dict(module.init({"params": key}, inputs, **mode(False)))
        return state.pop("params", {}), state

    def apply(params, state, inputs, key, train):
        rngs = {"dropout": key} if train and key is not None else {}
        variables = {"params": params, **state}
        output: Any = module.apply(variables, inputs, rngs=rngs, mutable=list(state) if train else False, **mode(train))
        return (output[0], {**state, **output[1]}) if train else (output, state)

    vars(apply).update(call=type(module).__call__)
    return Model(init, apply)


def in_precision(model: Model, precision: str) -> Model:
    """The network with weights and inputs rounded to `precision`, and logits in float32.

    The weights, their gradients and the optimiser stay float32, so small steps are not lost.  State such as batch
    statistics is not rounded, because Flax computes means in float32 anyway.  Layers with `dtype` float32 compute in
    float32.  There is no forward-mode derivative.
    """
    if precision == "float32":
        return model
    dtype = jnp.dtype(precision)

    @jax.custom_vjp
    def round_off(leaf: Array) -> Array:
        return leaf.astype(dtype)

    # Without the barrier, oneDNN would add the gradient to the optimiser's momentum in `precision`.
    round_off.defvjp(
        lambda leaf: (round_off(leaf), None),
        lambda _, gradient: (jax.lax.optimization_barrier(gradient).astype(jnp.float32),),
    )

    def rounded(tree: Tree, exact: Container = ()) -> Tree:
        def of(path: tuple, leaf: Array) -> Array:
            return round_off(leaf) if leaf.dtype == jnp.float32 and path[:-2] not in exact else leaf

        return jax.tree_util.tree_map_with_path(of, tree)

    def apply(params, state, inputs, key, train):
        # On a TPU what follows from the scales of batch norm is one kernel only if it is all of one precision.
        exact = {path[:-2] for path, _ in jax.tree.leaves_with_path(state)} if traced_for.value == "tpu" else ()
        logits, state = model.apply(rounded(params, exact), state, rounded(inputs), key, train)
        return logits.astype(jnp.float32), state

    return Model(model.init, apply)
