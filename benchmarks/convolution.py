"""In which form is a convolution of several models fastest on this backend?

Forward pass, gradient of the inputs and gradient of the kernel of one 3 x 3 layer in float32, for --models models with
inputs of their own, in a `lax.scan` over --steps steps as in training, by one device.

    python -m benchmarks.convolution
    python -m benchmarks.convolution --models 2 --batch 8 --steps 1 --rounds 1 --slow 1

    grouped   XLA's convolution under vmap: one convolution with a group a model
    mapped    XLA's convolution under lax.map: one model after the other
    patches   all 3 x 3 squares as rows of a matrix, and one batched product under vmap
    memjax    memjax.models.convolution under vmap
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from benchmarks.common.command import log, measure
from benchmarks.common.tables import markdown, spread
from memjax.models.convolutions import IMAGES, convolution
from memjax.training.programs import compiler_options

COST = "not measured"
Layer = tuple[int, int, int]  # side of the image, channels, features
LAYERS: list[Layer] = [(28, 1, 32), (14, 32, 64), (7, 64, 64)]


@dataclass(frozen=True)
class Settings:
    """Size and repetitions."""

    models: int = 4
    batch: int = 128
    steps: int = 2
    rounds: int = 5
    slow: float = 60.0
    """Seconds after which a form is not run again."""


class Result(NamedTuple):
    """Milliseconds a model and step, an entry per round, by form and layer."""

    times: dict[str, dict[Layer, list[float]]]

    def __str__(self) -> str:
        header = ["form", *(f"{side} x {side}, {channels} to {features}" for side, channels, features in LAYERS)]
        rows = [[form, *map(spread, layers.values())] for form, layers in self.times.items()]
        rounds = max(len(times) for layers in self.times.values() for times in layers.values())
        return f"{markdown([header, *rows])}\n\nms a model and step: median (min to max), n = {rounds} at most"


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


def milliseconds(form: str, layer: Layer, settings: Settings) -> list[float]:
    """A model and step, an entry per round; the first call, which compiles, does not count."""
    (side, channels, features), (conv, over_models) = layer, FORMS[form]
    draw = partial(jax.random.normal, jax.random.key(0))
    inputs = draw((settings.models, settings.batch, side, side, channels))
    kernels = draw((settings.models, 3, 3, channels, features))

    def step(inputs, kernel):
        return jax.grad(lambda inputs, kernel: (conv(inputs, kernel) ** 2).sum(), (0, 1))(inputs, kernel)

    def steps(carry, _):
        to_inputs, to_kernels = over_models(step)(*carry)
        return (carry[0] + 1e-9 * to_inputs, carry[1] + 1e-9 * to_kernels), None

    lowered = jax.jit(lambda *carry: jax.lax.scan(steps, carry, length=settings.steps)[0]).lower(inputs, kernels)
    program = lowered.compile(compiler_options(lowered.as_text(), jax.default_backend()))
    times: list[float] = []
    jax.block_until_ready(program(inputs, kernels))
    while len(times) < settings.rounds and sum(times) < settings.slow:
        started = time.perf_counter()
        jax.block_until_ready(program(inputs, kernels))
        times.append(time.perf_counter() - started)
    return [1000 * each / settings.steps / settings.models for each in times]


def run(settings: Settings) -> Result:
    times: dict[str, dict[Layer, list[float]]] = {form: {} for form in FORMS}
    for form, layers in times.items():
        for layer in LAYERS:
            layers[layer] = milliseconds(form, layer, settings)
            log(form=form, layer=layer, ms=[round(each, 2) for each in layers[layer]])
    return Result(times)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
