"""In which form is a convolution of several models fastest on this backend?

Forward, gradient of the inputs and gradient of the kernel of one 3 x 3 layer in float32, for --models models with
inputs of their own, in a `lax.scan` over --steps steps as in training, by one device; milliseconds a model and a step.

    python -m benchmarks.convolution

    grouped   XLA's convolution under vmap: one convolution with a group a model
    mapped    XLA's convolution under lax.map: one model after the other
    patches   all 3 x 3 squares as rows of a matrix, and one batched product under vmap
    memjax    memjax.models.convolution under vmap

Prints a JSON line a form and a table.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import tyro

from benchmarks.sides import facts, markdown
from memjax.models.convolutions import IMAGES, convolution
from memjax.training.compiler import compiler_options

LAYERS = [(28, 1, 32), (14, 32, 64), (7, 64, 64)]  # side of the image, channels, features


@dataclass(frozen=True)
class Benchmark:
    """Forms of a convolution of several models."""

    models: int = 4
    batch: int = 128
    steps: int = 2
    rounds: int = 5
    slow: float = 60.0
    """Seconds after which a form is not run again."""


def xla(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(inputs, kernel, (1, 1), "SAME", dimension_numbers=IMAGES)


def patches(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    count, height, width, channels = inputs.shape
    padded = jnp.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)))
    squares = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    rows = jnp.concatenate(squares, -1).reshape(-1, 9 * channels)
    return (rows @ kernel.reshape(9 * channels, -1)).reshape(count, height, width, -1)


def ours(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    return convolution(inputs, kernel, (1, 1), "SAME", dimension_numbers=IMAGES)


FORMS: dict[str, tuple[Callable, Callable]] = {
    "grouped": (xla, jax.vmap),
    "mapped": (xla, lambda step: lambda *arrays: jax.lax.map(lambda array: step(*array), arrays)),
    "patches": (patches, jax.vmap),
    "memjax": (ours, jax.vmap),
}


def seconds(form: str, layer: tuple[int, int, int], benchmark: Benchmark) -> list[float]:
    """Seconds a model and a step, a round an entry; the first call, which compiles, is left out."""
    (side, channels, features), (conv, over_models) = layer, FORMS[form]
    draw = partial(jax.random.normal, jax.random.key(0))
    inputs = draw((benchmark.models, benchmark.batch, side, side, channels))
    kernels = draw((benchmark.models, 3, 3, channels, features))

    def step(inputs, kernel):
        return jax.grad(lambda inputs, kernel: (conv(inputs, kernel) ** 2).sum(), (0, 1))(inputs, kernel)

    def steps(carry, _):
        to_inputs, to_kernels = over_models(step)(*carry)
        return (carry[0] + 1e-9 * to_inputs, carry[1] + 1e-9 * to_kernels), None

    lowered = jax.jit(lambda *carry: jax.lax.scan(steps, carry, length=benchmark.steps)[0]).lower(inputs, kernels)
    program = lowered.compile(compiler_options(lowered.as_text(), jax.default_backend()))
    times: list[float] = []
    jax.block_until_ready(program(inputs, kernels))
    while len(times) < benchmark.rounds and sum(times) < benchmark.slow:
        started = time.perf_counter()
        jax.block_until_ready(program(inputs, kernels))
        times.append(time.perf_counter() - started)
    return [each / benchmark.steps / benchmark.models for each in times]


def main(benchmark: Benchmark) -> None:
    rows = [["form", *(f"{side} x {side}, {channels} to {features}" for side, channels, features in LAYERS)]]
    for form in FORMS:
        rows.append([form])
        for layer in LAYERS:
            times = [1000 * each for each in seconds(form, layer, benchmark)]
            print(json.dumps({"form": form, "layer": layer, "ms": [round(each, 2) for each in times]}), flush=True)
            rows[-1].append(f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})")
    print(markdown(rows))
    print(f"ms a model and a step, {benchmark.models} models, batch {benchmark.batch}, n = {benchmark.rounds}")
    print(facts())


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
