"""Checks a network of the user's own before a run begins, and describes what it computes.

A traced function is text that says what is computed, and nothing of names, places in files or memory addresses.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models.from_flax import FLAGS, flags, idle_linen_dropout, moving
from memjax.models.user import in_words, user_model
from memjax.types import Model, Tree

# Calls whose inner program is written in their place, and where it is: whether a function has its own jit says nothing.
_CALLS = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "checkpoint": "jaxpr",
    "remat2": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
}  # fmt: skip


class Program(NamedTuple):
    """What a function computes."""

    lines: tuple[str, ...]  # one operation a line
    # inputs, outputs: a word for each array, by which `lines` know it; an output that is an input has the same
    # word
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    result: Tree  # shapes and types of what the function returns


def trace(function: Callable[..., Tree], *arguments: Tree) -> Program:
    """The program of a function for arguments with these shapes and types; their values do not matter."""
    closed, result = jax.make_jaxpr(function, return_shape=True)(*arguments)
    inputs = [f"in{number}" for number in range(len(closed.jaxpr.invars))]
    lines: list[str] = []
    outputs = _write(lines, closed.jaxpr, closed.consts, inputs)
    return Program(tuple(lines), tuple(inputs), tuple(outputs), result)


def _write(lines: list[str], jaxpr: Any, consts: Sequence[Any], given: Sequence[str]) -> list[str]:
    """Adds the operations of a jaxpr to the lines; returns the words of its outputs."""
    known = dict(zip(jaxpr.invars, given, strict=True)) | dict(zip(jaxpr.constvars, map(_value, consts), strict=True))

    def word(atom: Any) -> str:
        return _value(atom.val) if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        name, words = equation.primitive.name, list(map(word, equation.invars))
        inner = equation.params.get(_CALLS.get(name, ""))
        if inner is None:
            outputs = [f"{len(lines)}.{place}" for place in range(len(equation.outvars))]
            types = " ".join(str(variable.aval) for variable in equation.outvars)
            lines.append(f"{name} {_setting(equation.params)} {' '.join(words)} -> {types}")
        else:
            outputs = _write(lines, *_parts(inner), words)
        known |= dict(zip(equation.outvars, outputs, strict=True))
    return list(map(word, jaxpr.outvars))


def _parts(inner: Any) -> tuple[Any, Sequence[Any]]:
    return (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())


def _setting(value: Any) -> str:
    """The setting of an operation.  Functions are left out: they hold derivatives, which are traced by themselves."""
    if hasattr(value, "eqns"):
        lines: list[str] = []
        jaxpr, consts = _parts(value)
        outputs = _write(lines, jaxpr, consts, [f"in{number}" for number in range(len(jaxpr.invars))])
        return f"{{{'; '.join(lines)} -> {' '.join(outputs)}}}"
    if isinstance(value, dict):
        kept = sorted((name, each) for name, each in value.items() if name not in ("name", "debug_info"))
        return f"[{' '.join(f'{name}={_setting(each)}' for name, each in kept)}]"
    if type(value) in (tuple, list):
        return f"({' '.join(map(_setting, value))})"
    if isinstance(value, (np.ndarray, jax.Array)):
        return _value(value)
    if callable(value) and not isinstance(value, type):
        return "function"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _value(constant: Any) -> str:
    if isinstance(constant, jax.Array) and jax.numpy.issubdtype(constant.dtype, jax.dtypes.prng_key):
        constant = jax.random.key_data(constant)
    array = np.asarray(constant)
    return f"{array.dtype}{list(array.shape)}:{_digest(array.tobytes())}"


def checksum(*programs: Program) -> str:
    """A checksum of what some programs compute."""
    return _digest("\n".join(word for each in programs for word in (*each.lines, *each.outputs)).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def check_own(
    spec: ModelSpec, input_shape: tuple[int, ...], num_classes: int, input_type: Any = jnp.float32
) -> dict[str, Any]:
    """Traces a network that is not built in, without computing anything.

    Returns:
      What the network computes.  tree: name, type and shape of each parameter and each array of the state.  programs:
      checksums of its initialisation and of its calls with their gradient.  Names in its code, comments and places in
      files do not matter; a width, an activation, a dropout rate or a constant does.

    Raises:
      InputError: the network fails, has no parameters, returns another shape than (batch, classes), or (batch, length,
        vocabulary) for tokens, or no floats,
        changes shape or type of its state, or holds dropout or batch statistics that its mode does not reach.
    """
    name = spec.model
    model, sides = user_model(name, input_shape, num_classes, input_type), input_shape if input_type == np.int32 else ()
    its_call, module = (getattr(model.apply, each, None) for each in ("call", "module"))
    key = jax.eval_shape(lambda: jax.random.key(0, impl="threefry2x32"))
    inputs = jax.ShapeDtypeStruct((num_classes + 1, *input_shape), input_type)  # as many examples as no other axis
    with in_words(name, "when its weights are drawn"):
        start = trace(lambda key: _pair(name, model.init(key), "init", "(params, state)"), key)
    params, state = start.result
    if not jax.tree.leaves(params):
        raise InputError(f"--model {name} has no parameters: there is nothing to train; give it a layer with weights")

    def call(params: Tree, state: Tree, inputs: Any, key: Any, train: bool) -> tuple[Any, Tree]:
        return _pair(name, model.apply(params, state, inputs, key, train), "apply", "(logits, state)")

    def step(params: Tree, state: Tree, inputs: Any, key: Any) -> Tree:
        def total(params: Tree) -> tuple[Any, Tree]:
            logits, after = call(params, state, inputs, key, True)
            _check_logits(name, logits, (inputs.shape[0], *sides, num_classes))
            return logits.astype(jnp.float32).sum(), (logits, after)

        gradient, (logits, after) = jax.grad(total, has_aux=True)(params)
        return logits, after, gradient

    noise = key if module is None else None  # an NNX module has its own, and counts what each layer draws from it
    with in_words(name, "when it is called in training"), idle_linen_dropout() as idle:
        training = trace(step, params, state, inputs, noise)
    lacks = f" (its __call__ has no flag named {', '.join(FLAGS)})" if its_call and not flags(its_call, True) else ""
    with in_words(name, f"when it is called in evaluation{lacks}"):
        evaluation = trace(partial(call, train=False), params, state, inputs, None)
    _check_logits(name, evaluation.result[0], (inputs.shape[0], *sides, num_classes))
    old, new = arrays_of(state), arrays_of(training.result[1])
    if old != new or jax.tree.structure(state) != jax.tree.structure(training.result[1]):
        gone, come = (", ".join(sorted({*one} - {*other})) for one, other in ((old, new), (new, old)))
        raise InputError(
            f"--model {name} changes the form of its state in a call: it begins with {gone or 'other containers'} and "
            f"ends with {come or 'other containers'}; expected the same names, types "
            "and shapes in each call: keep shapes and types as they begin, and leave out sow"
        )
    _check_modes(name, model, (params, state), training, evaluation, idle)
    return {
        "tree": [*arrays_of(params), *(f"state: {line}" for line in old)],
        "programs": {"init": checksum(start), "apply": checksum(training, evaluation)},
    }


def arrays_of(tree: Tree) -> list[str]:
    """One line for each array: its name, type and shape."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [
        f"{'.'.join(str(getattr(key, 'key', getattr(key, 'idx', key))) for key in path).removesuffix('..value')} "
        f"{jax.typeof(leaf).str_short()}"
        for path, leaf in leaves
    ]


def _pair(name: str, given: Any, function: str, expected: str) -> tuple[Any, Any]:
    if not isinstance(given, tuple) or len(given) != 2:
        raise InputError(f"--model {name}: {function} returned a {type(given).__name__}; expected the pair {expected}")
    return given


def _check_logits(name: str, logits: Any, shape: tuple[int, ...]) -> None:
    columns = "a column per class" if len(shape) == 2 else "at each token a column for each of the vocabulary"
    expected = f"expected one array of floats of shape {shape}, a row for each example, {columns}"
    if not hasattr(logits, "dtype"):
        raise InputError(f"--model {name} returns a {type(logits).__name__}; {expected}: return the logits alone")
    if logits.shape != shape or not jnp.issubdtype(logits.dtype, jnp.floating):
        raise InputError(
            f"--model {name} returns {logits.dtype} {tuple(logits.shape)} for {shape[0]} examples of {shape[-1]} "
            f"classes; {expected}: the last layer has num_classes outputs, without softmax"
        )


def _check_modes(
    name: str, model: Model, given: tuple[Tree, Tree], training: Program, evaluation: Program, idle: list[str]
) -> None:
    """Refuses layers that do nothing in training, or do in evaluation what belongs to training."""
    params, state = given
    call, module = (getattr(model.apply, each, None) for each in ("call", "module"))
    first, count = len(jax.tree.leaves(params)), len(jax.tree.leaves(state))
    before = training.inputs[first : first + count]
    trained, evaluated = training.outputs[1 : 1 + count], evaluation.outputs[1 : 1 + count]
    layers, counters, without = moving(state, module)
    idle = [*idle, *(layer for place, layer in layers.items() if trained[place] == before[place])]
    if all(trained[place] == before[place] for place in counters):
        idle += without
    # A sum is a counter plus one, or a running mean; other arrays may come unchanged out of a loop.
    lines = {place: evaluated[place].partition(".")[0] for place in layers}
    sums = {place for place, line in lines.items() if line.isdigit() and evaluation.lines[int(line)].startswith("add ")}
    busy = [layer for place, layer in layers.items() if place in sums]
    if not idle and not busy:
        return
    where, does = (idle[0], "do nothing in training") if idle else (busy[0], "are in training mode in evaluation")
    has = ", ".join(flags(call, True)) if call else "that apply is given"
    problem = f"the flag {has} does not reach it" if has else f"__call__ has no flag named {', '.join(FLAGS)}"
    raise InputError(
        f"--model {name}: dropout or batch statistics {does}, in layer {where or 'itself'}: {problem}; give __call__ "
        "an argument train and hand it on, as in deterministic=not train and use_running_average=not train, or take "
        "out a layer that is not used"
    )
