"""Train and evaluation mode of Flax modules: the flags of their calls, and layers that these flags do not reach."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import flax.linen
import jax
from flax import nnx

from memjax.types import Tree

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
    """Arrays of a state that change in training and not in evaluation, by their place among its leaves.

    Attributes:
      layers: place -> name of the layer: batch statistics, and counters of draws of NNX dropout layers.
      counters: places of all counters of draws.
      without: NNX dropout layers that have no counter of their own, because they are given random keys in the call.
    """

    layers: dict[int, str]
    counters: list[int]
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
