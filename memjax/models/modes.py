"""Train and evaluation mode of Flax modules: the flags of their calls, and layers that these flags do not reach."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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


def moving(state: Tree, module: nnx.Module | None) -> dict[int, str]:
    """Which arrays of a state change in training and not in evaluation: place among the leaves -> name of the layer.

    They are batch statistics, and the counters of dropout layers; the latter are in the state of NNX modules only.
    """
    if module is None:
        paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(state)]
        words = [[str(getattr(key, "key", key)) for key in path] for path in paths]
        return {place: "/".join(path[1:-1]) for place, path in enumerate(words) if path[:1] == ["batch_stats"]}
    kinds = {nnx.Dropout: "rate", nnx.MultiHeadAttention: "dropout_rate"}
    parts = nnx.iter_modules(module)
    rates = {
        path: getattr(part, name) for path, part in parts for kind, name in kinds.items() if isinstance(part, kind)
    }
    found = {}
    for place, (path, variable) in enumerate(nnx.to_flat_state(state)):
        layer = path[:-1] if isinstance(variable, nnx.BatchStat) else path[:-2]
        if isinstance(variable, nnx.BatchStat) or (isinstance(variable, nnx.RngCount) and 0 < rates.get(layer, 0) < 1):
            found[place] = ".".join(map(str, layer))
    return found
