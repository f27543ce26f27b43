"""How far is training from what the machine can do: its rate against that of bare products of the same shapes?

A training step is counted by hand from the layers: forward, gradient of the weights and gradient of the inputs (none
for the first layer), 2 x rows x size_in x size_out each, a convolution being a product of 3 x 3 patches.  All else
(ReLU, pooling, bias, loss, optimiser, batches, evaluation) counts as no work at all.  The limit is the time that these
products take as bare matrix products, operands lying as each product wants them, on all devices at once, each at the
fastest of: one model or a pack, with or without oneDNN.  A training at 0.5 of the limit could be made twice as fast;
a convolution that is not done as a product of patches may go beyond it.

    python -m benchmarks.limit
"""

import itertools
import json
import math
import time
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import tyro

from benchmarks.contestants import memjax_sides
from benchmarks.sides import facts, markdown, run_side
from benchmarks.workloads import CNN, DIGITS, FELDMAN_ZHANG, Workload
from memjax.machine import environment

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
class Benchmark:
    """Rate of training against the rate of its products."""

    workloads: tuple[str, ...] = tuple(WORKLOADS)
    precisions: tuple[str, ...] = ("float32", "bfloat16")
    devices: int = 2
    packs: dict[str, int] = field(default_factory=lambda: {"digits": 8, "feldman_zhang": 1, "cnn": 1})
    repeats: int = 5
    """Times that each product is timed; the fastest counts."""


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
            left = left.at[0, 0, 0].set(last)  # or the product, being the same each time, would be taken once
            out = jax.lax.optimization_barrier(left @ right)
            return (left, out[0, 0, 0] * 1e-6), None

        return jax.lax.scan(step, (left, left[0, 0, 0]), None, length=steps)[0][1]

    left = jnp.full((devices, pack, product.rows, product.inner), 0.01, dtype)
    right = jnp.full((devices, pack, product.inner, product.columns), 0.01, dtype)
    try:
        program = jax.jit(jax.pmap(run), compiler_options=options).lower(left, right).compile()
    except Exception:  # an XLA that does not know the option raises what it likes
        return 0.0
    left, right = jax.device_put((left, right), program.input_shardings[0])
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        jax.block_until_ready(program(left, right))
        seconds.append(time.perf_counter() - started)
    return devices * pack * steps * product.flop / min(seconds[1:])


def training_step(name: str, workload: Workload, precision: str, benchmark: Benchmark) -> float:
    """Seconds a step of one model, as memjax trains, in a process of its own."""
    options = (*workload.ours(10**6), "--calls", CALLS[name], "--timed-epochs", *EPOCHS[name])
    (side,) = memjax_sides(options, benchmark.devices, (precision,), (benchmark.packs[name],))
    found = run_side(side)
    if "epoch_s" not in found:
        raise SystemExit(f"{side.how}: {found}")
    return found["epoch_s"] / -(-SEEN[name] // workload.batch_size)


def row(name: str, precision: str, benchmark: Benchmark) -> list[str]:
    """One network in one precision; each product is printed as a JSON line."""
    workload = WORKLOADS[name]
    parts = products(workload.model, SHAPES[name], workload.batch_size)
    flop = sum(product.flop for product in parts)
    taken = training_step(name, workload, precision, benchmark)
    least = 0.0
    for product in parts:
        rate = best_rate(product, precision, benchmark.devices, benchmark.packs[name], benchmark.repeats)
        least += product.flop / rate
        line = {"workload": name, "precision": precision, "product": product, "gflop_a_second": round(rate / 1e9, 1)}
        print(json.dumps(line), flush=True)
    steps = workload.epochs * -(-SEEN[name] // workload.batch_size)
    cells = [f"{flop / 1e6:.1f}", f"{steps * flop / 1e9:.1f}", f"{1000 * taken:.3g}"]
    cells += [f"{flop / taken / 1e9:.0f}", f"{flop / least / 1e9:.0f}", f"{least / taken:.2f}"]
    return [workload.name, precision, *cells]


def main(benchmark: Benchmark) -> None:
    environment.start_jax(benchmark.devices)
    header = ["training", "precision", "MFLOP a step", "GFLOP a model", "ms a model-step"]
    rows = [[*header, "GFLOP/s", "GFLOP/s of its products", "part of the limit"]]
    rows += [row(name, precision, benchmark) for name in benchmark.workloads for precision in benchmark.precisions]
    print(f"\n{markdown(rows)}\n\nn = 1 training, fastest of {benchmark.repeats} of each product\n{facts()}")


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
