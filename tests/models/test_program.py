"""The program of a network says what it computes, and nothing of how its code is written."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from memjax.models.checked import trace

SAME = {
    "other names": lambda x, w: jnp.tanh(x @ w) * 2,
    "in a jit": lambda x, w: jax.jit(lambda first, second: jnp.tanh(first @ second))(x, w) * 2,
    "in two lines": lambda x, w: (lambda hidden: hidden * 2)(jnp.tanh(x @ w)),
    "in a remat": lambda x, w: jax.checkpoint(lambda x, w: jnp.tanh(x @ w))(x, w) * 2,
}
OTHER = {
    "another activation": lambda x, w: jax.nn.sigmoid(x @ w) * 2,
    "another constant": lambda x, w: jnp.tanh(x @ w) * 3,
    "another array": lambda x, w: jnp.tanh(x @ w) * jnp.asarray(np.full(2, 2, np.float32)),
    "another order": lambda x, w: jnp.tanh(x @ w * 2),
    "another axis": lambda x, w: jnp.tanh(x @ w).sum(0) * 2,
}


def program(function):
    traced = trace(function, jax.ShapeDtypeStruct((3, 4), jnp.float32), jax.ShapeDtypeStruct((4, 2), jnp.float32))
    return traced.lines, traced.outputs


def first(a, b):
    # a comment
    hidden = jnp.tanh(a @ b)
    return hidden * 2


@pytest.mark.parametrize("name", SAME)
def test_how_the_code_is_written_changes_nothing(name):
    assert program(SAME[name]) == program(first)


@pytest.mark.parametrize("name", OTHER)
def test_what_is_computed_changes_it(name):
    assert program(OTHER[name]) != program(first)


def test_arrays_count_by_their_values():
    one, other = (np.arange(6, dtype=np.float32) + shift for shift in (0, 1))

    assert program(lambda x, w: (x @ w) @ one.reshape(2, 3)) != program(lambda x, w: (x @ w) @ other.reshape(2, 3))
    assert program(lambda x, w: (x @ w) @ one.reshape(2, 3)) == program(lambda x, w: (x @ w) @ one.reshape(2, 3).copy())


def test_the_inside_of_a_loop_counts():
    def looped(function):
        return lambda x, w: jax.lax.scan(lambda carry, _: (function(carry), None), x @ w, None, 3)[0]

    assert program(looped(jnp.tanh)) != program(looped(jnp.sin))
    assert program(looped(jnp.tanh)) == program(looped(lambda carry: jnp.tanh(carry)))


def test_the_derivative_of_a_function_with_its_own_counts():
    def scaled(factor):
        @jax.custom_vjp
        def function(x):
            return x * 2

        function.defvjp(lambda x: (function(x), None), lambda _, gradient: (gradient * factor,))
        return lambda x, w: jax.grad(lambda x: function(x @ w).sum())(x)

    assert program(scaled(2)) != program(scaled(3))
    assert program(scaled(2)) == program(scaled(2))


def test_an_output_that_is_an_input_has_its_word():
    traced = trace(lambda x, y: (y, x + 1), 1.0, 2.0)

    assert traced.outputs[0] == traced.inputs[1]
    assert traced.outputs[1] not in traced.inputs


def test_the_program_is_the_same_in_another_process():
    code = (
        "from memjax.models.checked import check_own; from memjax.config.specs import ModelSpec; "
        "print([check_own(ModelSpec(f'tests.models.zoo:{name}'), (4,), 3) for name in ('Noisy', 'linen_net', 'bare')])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(printed) == 1
