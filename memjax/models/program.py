"""A traced function as text that says what is computed, and nothing of names, places in files or memory addresses."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend import core

from memjax.types import Tree

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
