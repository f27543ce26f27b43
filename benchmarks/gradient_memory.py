"""How much memory do per-example gradients and the TRAK scores of many examples take?

Random images, so that nothing is loaded, and networks with the parameters of their start: neither changes what is
computed.  Each budget is measured in a process of its own.  The peak is the largest memory of the process less that
before, with jax, the network and the inputs there.

    python -m benchmarks.gradient_memory
    python -m benchmarks.gradient_memory --num-train 2000 --num-test 20 --budgets 16      (a small form)
"""

import time
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.machine import peak_mib
from benchmarks.common.sides import Side, must_run, one_call
from benchmarks.common.tables import markdown, number

COST = "a minute"
MIB = 2**20


@dataclass(frozen=True)
class Settings:
    """How many examples, of what size, and the network."""

    num_train: int = 60_000
    num_test: int = 100
    pixels: int = 28
    classes: int = 10
    model: str = "mlp:64"
    dims: int = 512
    budgets: tuple[int, ...] = (256,)
    """MiB of gradients that may exist at one time."""


class Result(NamedTuple):
    """What each process measured."""

    rows: list[dict[str, float]]

    def __str__(self) -> str:
        names = {
            "budget": "budget of gradients, MiB", "kept": "their projections, MiB", "bound": "both",
            "gradients": "peak of the gradients", "trak": "peak with TRAK", "whole": "all gradients at once",
            "seconds": "s",
        }  # fmt: skip
        return markdown([list(names.values()), *([number(row[name]) for name in names] for row in self.rows)])


def measured(budget: int, settings: dict[str, Any]) -> dict[str, float]:
    """MiB of one budget.  Called in a process of its own."""
    import jax

    from memjax.config.specs import ModelSpec
    from memjax.estimators.attribution.gradients import per_example_gradients
    from memjax.estimators.attribution.trak import trak
    from memjax.models import make_model

    of = Settings(**settings)
    rng, shape = np.random.default_rng(0), (of.pixels, of.pixels, 1)
    network = make_model(ModelSpec(of.model), shape, of.classes)
    sides = [(rng.random((count, *shape), np.float32), rng.integers(0, of.classes, count))
             for count in (of.num_train, of.num_test)]  # fmt: skip
    params, state = jax.tree.map(lambda leaf: np.asarray(leaf)[None], network.init(jax.random.key(0)))
    size = sum(leaf.size for leaf in jax.tree.leaves(params))

    def logits(params, state, inputs):
        return network.apply(params, state, inputs, None, False)[0]

    before, started = peak_mib(), time.perf_counter()
    train, test = (
        per_example_gradients(logits, params, state, *side, dims=of.dims, memory=budget * MIB) for side in sides
    )
    gradients = peak_mib() - before
    trak(train, test, np.full(of.num_train, 0.5))
    kept = (train.nbytes + test.nbytes) / MIB
    return {"budget": budget, "kept": kept, "bound": budget + kept, "gradients": gradients, "trak": peak_mib() - before,
            "whole": 4 * size * of.num_train / MIB, "seconds": time.perf_counter() - started}  # fmt: skip


def run(settings: Settings) -> Result:
    """One process after the other."""
    rows = []
    for budget in settings.budgets:
        call = one_call("benchmarks.gradient_memory:measured", budget=budget, settings=asdict(settings))
        rows.append(must_run(Side("", "", call)))
        log(**rows[-1])
    return Result(rows)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
