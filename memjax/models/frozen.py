"""Networks of which only some parameters are trained, and what then has to be computed only once.

The frozen parameters are no parameters of the network that is made here, so that gradients and optimisers never see
them.  All of it computes as in evaluation: nothing is dropped, and batch statistics stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import accumulate, pairwise
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun  # pyright: ignore[reportPrivateImportUsage]
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.types import Model, Tree

SHOWN = 12  # names in a message
_PARTS = ("params", "state", "frozen")  # what may stand before the name of an array


def arrays_by_name(tree: Tree) -> dict[str, Any]:
    """The arrays of a tree of parameters or of state by their place in the network, such as layers/0/kernel."""
    leaves, name = jax.tree_util.tree_leaves_with_path(tree), jax.tree_util.keystr
    return {name(path, simple=True, separator="/").removesuffix("/value"): leaf for path, leaf in leaves}


def plain(name: str, known: Iterable[str]) -> str:
    """The name of an array as the network knows it: without params or state before it, and with / for dots.

    >>> plain("params/layers.0.kernel", ["layers/0/kernel"])
    'layers/0/kernel'
    """
    name = name.replace(".", "/").removesuffix("/value")
    while name not in known and name.partition("/")[0] in _PARTS:
        name = name.partition("/")[2]
    return name


def drawn(model: Model, key: Array, given: Mapping[str, Any] | None) -> tuple[Tree, Tree]:
    """(params, state) of a network: parameters that are given by name, and random ones elsewhere."""
    params, state = model.init(key)

    def with_given(tree: Tree) -> Tree:
        leaves = [(given or {}).get(plain(name, given or {}), leaf) for name, leaf in arrays_by_name(tree).items()]
        return jax.tree.unflatten(jax.tree.structure(tree), leaves)

    return with_given(params), with_given(state)


def to_train(model: Model, example: jax.ShapeDtypeStruct, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the parameters that are trained: all, those of the last layer for head, or those at or below names.

    Args:
      example: shape and type of one example.

    Raises:
      InputError: no parameter has such a name, or it is not clear which layer is the last one.
    """
    names, found = list(arrays_by_name(jax.eval_shape(model.init, jax.random.key(0))[0])), set[str]()
    for word in asked:
        place = plain(word, ()).rstrip("/")
        below = {name for name in names if word == "all" or f"{name}/".startswith(f"{place}/")}
        found |= {*last_layer(model, example)} if word == "head" and not below else below
        if word != "head" and not below:
            some = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
            raise InputError(f"--train {word}: no parameter has this name; give all, head, or some of: {some}")
    return tuple(name for name in names if name in found)


def last_layer(model: Model, example: jax.ShapeDtypeStruct) -> tuple[str, ...]:
    """The names of the parameters in the layer that is the last to use parameters of its own."""
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    names = list(arrays_by_name(params))
    program = jax.make_jaxpr(lambda params, state, inputs: model.apply(params, state, inputs, None, False)[0])(
        params, state, jax.ShapeDtypeStruct((2, *example.shape), example.dtype)
    ).jaxpr
    owners = {variable: {name} for variable, name in zip(program.invars, names, strict=False)}
    of_inputs, last = {program.invars[-1]}, set[str]()
    for step in program.eqns:
        given = [variable for variable in step.invars if not isinstance(variable, Literal)]
        used = set[str]().union(*(owners.get(variable, ()) for variable in given))
        if of_inputs.isdisjoint(given):
            owners |= dict.fromkeys(step.outvars, used)
            continue
        of_inputs |= {*step.outvars}
        last = used or last
    layers = {name.rpartition("/")[0] for name in last}
    if len(layers) != 1 or "" in layers:
        raise InputError(
            f"--train head: which layer is the last one is not clear ({', '.join(sorted(last)[:SHOWN])} are used "
            "together); give the names of its parameters instead"
        )
    return tuple(name for name in names if name.rpartition("/")[0] in layers)


def freeze(model: Model, trained: tuple[str, ...], fixed: tuple[Tree, Tree] | None = None) -> Model:
    """A network whose parameters are those named, by their names; all others and the state stay as they begin.

    Args:
      fixed: (params, state) that all models share, as constants.  By default each model draws its own and has them in
        its state.
    """
    like = jax.eval_shape(model.init, jax.random.key(0))[0]
    order, shape = list(arrays_by_name(like)), jax.tree.structure(like)

    def init(key):
        params, state = model.init(key)
        own = arrays_by_name(params)
        frozen = {name: array for name, array in own.items() if name not in trained}
        return {name: own[name] for name in trained}, {} if fixed else {"frozen": frozen, "state": state}

    def apply(params, state, inputs, key, train):
        frozen, rest = (arrays_by_name(fixed[0]), fixed[1]) if fixed else (state["frozen"], state["state"])
        whole = jax.tree.unflatten(shape, [(params if name in trained else frozen)[name] for name in order])
        return model.apply(whole, rest, inputs, None, False)[0], state

    return Model(init, apply)


class OnFeatures(NamedTuple):
    """A network in two parts: inputs -> features, which need no parameter, and a network that takes the features."""

    features: Callable[[Array], Float[Array, "batch features"]]
    model: Model
    width: int  # how many features


def on_features(model: Model, example: jax.ShapeDtypeStruct) -> OnFeatures | None:
    """A network without state in its two parts.

    None where nothing can be computed without parameters, or something that does not have one row for each example.
    """
    params, _ = jax.eval_shape(model.init, jax.random.key(0))

    def halves(batch: int) -> tuple[ClosedJaxpr, ClosedJaxpr, list[Any]]:
        """What needs no parameter, what does, and shapes and types of what the first hands on to the second."""
        like = jax.ShapeDtypeStruct((batch, *example.shape), example.dtype)
        program = jax.make_jaxpr(lambda params, inputs: model.apply(params, {}, inputs, None, False)[0])(params, like)
        *trained, inputs = program.jaxpr.invars
        of_params, of_inputs, first, second, edge = {*trained}, {inputs}, [], [], {}
        for step in program.jaxpr.eqns:
            given = [variable for variable in step.invars if not isinstance(variable, Literal)]
            if not of_params.isdisjoint(given):
                of_params |= {*step.outvars}
                edge |= {variable: None for variable in given if variable in of_inputs}
            else:
                first.append(step)
                if not of_inputs.isdisjoint(given):
                    of_inputs |= {*step.outvars}
                    continue
            second.append(step)
        edge |= {variable: None for variable in program.jaxpr.outvars if variable in of_inputs}
        unnamed = program.jaxpr.debug_info._replace(arg_names=None, result_paths=None)
        part = partial(program.jaxpr.replace, debug_info=unnamed)
        return (
            ClosedJaxpr(part(invars=[inputs], outvars=[*edge], eqns=first), program.consts),
            ClosedJaxpr(part(invars=[*trained, *edge], eqns=second), program.consts),
            [] if [*edge] == [inputs] else [variable.aval for variable in edge],
        )

    sides = [each.shape[1:] for each in halves(3)[2]]
    for batch in (3, 5):
        found = [(each.shape, jnp.issubdtype(each.dtype, jnp.floating)) for each in halves(batch)[2]]
        if not sides or found != [((batch, *rest), True) for rest in sides]:
            return None
    ends = [0, *accumulate(map(prod, sides))]

    def features(inputs: Array) -> Array:
        parts = jaxpr_as_fun(halves(len(inputs))[0])(inputs)
        return jnp.concatenate([part.reshape(len(inputs), -1).astype(jnp.float32) for part in parts], 1)

    def apply(params, state, inputs, key, train):
        _, second, edge = halves(len(inputs))
        parts = [
            inputs[:, start:end].reshape(like.shape).astype(like.dtype)
            for like, (start, end) in zip(edge, pairwise(ends), strict=True)
        ]
        return jaxpr_as_fun(second)(*jax.tree.leaves(params), *parts)[0], state

    return OnFeatures(features, Model(model.init, apply), ends[-1])
