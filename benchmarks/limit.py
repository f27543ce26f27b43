"""How far is training from what the machine can do?

The rate of training is compared with that of bare matrix products of the same shapes.  A training step is counted by
hand from the layers: forward, gradient of the weights and gradient of the inputs (none for the first layer), 2 x rows x
size_in x size_out each; a convolution counts as a product of 3 x 3 patches.  All else (ReLU, pooling, bias, loss,
optimiser, batches, evaluation) counts as no work at all.  The limit is the time that these products take as bare matrix
products, on all devices at once, with operands in the layout that is best for each product; each product runs at the
fastest of: one model or a batch of models, with or without oneDNN.  A training at 0.5 of the limit could be made twice
as fast.  A convolution that is not done as a product of patches may go beyond the limit.

    python -m benchmarks.limit
    python -m benchmarks.limit --workloads digits --precisions float32 --repeats 1
"""

import itertools
import math
import time
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from benchmarks.common.command import log, measure
from benchmarks.common.contestants import memjax_sides
from benchmarks.common.sides import must_run
from benchmarks.common.tables import markdown, number
from benchmarks.common.workloads import CNN, DIGITS, FELDMAN_ZHANG, Workload
from memjax.machine import environment

COST = "not measured"
OPTIONS = ({}, {"xla_cpu_experimental_onednn_custom_call": True})
WORKLOADS = {"digits": DIGITS, "feldman_zhang": FELDMAN_ZHANG, "cnn": CNN}
SEEN = {"digits": 1005, "feldman_zhang": 42000, "cnn": 3840}  # training examples of a model
SHAPES = {"digits": (64,), "feldman_zhang": (784,), "cnn": (28, 28)}
EPOCHS = {"digits": (5, 25), "feldman_zhang": (1, 2), "cnn": (1, 2)}  # of the two trainings whose difference counts
CALLS = {"digits": 8, "feldman_zhang": 2, "cnn": 2}


class Product(NamedTuple):
    """(rows, inner) @ (inner, columns)."""

    rows: int
    inner: int
    columns: int

    @property
    def flop(self) -> int:
        return 2 * self.rows * self.inner * self.columns


@dataclass(frozen=True)
class Settings:
    """What is trained, and how its products are timed."""

    workloads: tuple[str, ...] = tuple(WORKLOADS)
    precisions: tuple[str, ...] = ("float32", "bfloat16")
    devices: int = 2
    packs: dict[str, int] = field(default_factory=lambda: {"digits": 8, "feldman_zhang": 1, "cnn": 1})
    repeats: int = 5
    """How often each product is timed; the fastest time counts."""


class Rate(NamedTuple):
    """One training against its products.

    Attributes:
      step_flop, model_flop: operations of the products of one step, and of a whole training.
      step_s: seconds that memjax takes for a step of one model.
      least_s: seconds that its products alone take.
    """

    training: str
    precision: str
    step_flop: int
    model_flop: int
    step_s: float
    least_s: float


class Result(NamedTuple):
    """A rate for each network and precision."""

    rates: list[Rate]

    def __str__(self) -> str:
        header = ["training", "precision", "MFLOP a step", "GFLOP a model", "ms a model-step"]
        rows = [[*header, "GFLOP/s", "GFLOP/s of its products", "part of the limit"]]
        for rate in self.rates:
            cells = [rate.step_flop / 1e6, rate.model_flop / 1e9, 1000 * rate.step_s]
            cells += [rate.step_flop / rate.step_s / 1e9, rate.step_flop / rate.least_s / 1e9]
            rows.append([rate.training, rate.precision, *map(number, cells), f"{rate.least_s / rate.step_s:.2f}"])
        return f"{markdown(rows)}\n\nn = 1 training"


def products(model: str, shape: tuple[int, ...], batch: int) -> list[Product]:
    """The products of one training step of one model with ten classes."""
    kind, _, text = model.partition(":")
    sizes = [int(word) for word in text.split(",")]
    if kind == "mlp":
        layers = [Product(batch, *pair) for pair in itertools.pairwise([math.prod(shape), *sizes, 10])]
    else:
        pixels = [math.prod(side >> depth for side in shape) for depth in range(len(sizes) + 1)]
        channels = itertools.pairwise([1, *sizes])
        layers = [
            Product(batch * size, 9 * before, after) for size, (before, after) in zip(pixels, channels, strict=False)
        ]
        layers.append(Product(batch, pixels[-1] * sizes[-1], 10))
    weights = [Product(inner, rows, columns) for rows, inner, columns in layers]
    inputs = [Product(rows, columns, inner) for rows, inner, columns in layers[1:]]
    return layers + weights + inputs


@cache
def best_rate(product: Product, dtype: str, devices: int, pack: int, repeats: int) -> float:
    """FLOP a second of all devices together, in the fastest way."""
    ways = itertools.product(OPTIONS, sorted({1, pack}))
    return max(_rate(product, dtype, devices, models, options, repeats) for options, models in ways)


def _rate(product: Product, dtype: str, devices: int, pack: int, options: dict, repeats: int) -> float:
    import jax
    import jax.numpy as jnp

    steps = max(2, int(5e9 / (pack * product.flop)))

    def run(left, right):
        def step(carry, _):
            left, last = carry
            left = left.at[0, 0, 0].set(last)  # or XLA would take the product once, since it is the same each time
            out = jax.lax.optimization_barrier(left @ right)
            return (left, out[0, 0, 0] * 1e-6), None

        return jax.lax.scan(step, (left, left[0, 0, 0]), None, length=steps)[0][1]

    left = jnp.full((devices, pack, product.rows, product.inner), 0.01, dtype)
    right = jnp.full((devices, pack, product.inner, product.columns), 0.01, dtype)
    try:
        program = jax.jit(jax.pmap(run), compiler_options=options).lower(left, right).compile()
    except Exception:  # an XLA that does not know the option raises errors of many kinds
        return 0.0
    left, right = jax.device_put((left, right), program.input_shardings[0])
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        jax.block_until_ready(program(left, right))
        seconds.append(time.perf_counter() - started)
    return devices * pack * steps * product.flop / min(seconds[1:])


def training_step(name: str, workload: Workload, precision: str, settings: Settings) -> float:
    """Seconds a step of one model, as memjax trains, in a process of its own."""
    options = (*workload.ours(10**6), "--calls", CALLS[name], "--timed-epochs", *EPOCHS[name])
    (side,) = memjax_sides(options, settings.devices, (precision,), (settings.packs[name],))
    return must_run(side)["epoch_s"] / steps_an_epoch(name, workload)


def steps_an_epoch(name: str, workload: Workload) -> int:
    return -(-SEEN[name] // workload.batch_size)


def rate_of(name: str, precision: str, settings: Settings) -> Rate:
    """One network in one precision."""
    workload = WORKLOADS[name]
    parts = products(workload.model, SHAPES[name], workload.batch_size)
    flop = sum(product.flop for product in parts)
    taken = training_step(name, workload, precision, settings)
    least = 0.0
    for product in parts:
        rate = best_rate(product, precision, settings.devices, settings.packs[name], settings.repeats)
        least += product.flop / rate
        log(workload=name, precision=precision, product=product, gflop_a_second=round(rate / 1e9, 1))
    steps = workload.epochs * steps_an_epoch(name, workload)
    return Rate(workload.name, precision, flop, steps * flop, taken, least)


def run(settings: Settings) -> Result:
    environment.start_jax(settings.devices)
    return Result([rate_of(name, precision, settings) for name in settings.workloads
                   for precision in settings.precisions])  # fmt: skip


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
