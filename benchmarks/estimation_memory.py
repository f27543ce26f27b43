"""How much memory and time do the estimates of a run take?

Run folders of made-up models, correctness and probability stored, are written and estimated, each in a process of its
own.  The peak is the largest memory of the process less that before the estimation, with jax and the data set there.

    python -m benchmarks.estimation_memory --models 500 2000
    python -m benchmarks.estimation_memory --models 40 --num-train 200 --num-test 20
"""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.machine import peak_mib
from benchmarks.common.sides import Side, must_run, one_call
from benchmarks.common.tables import markdown, number, spread
from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.subsets import make_design

COST = "about a minute"


@dataclass(frozen=True)
class Settings:
    """How large the runs are, and how often each is estimated."""

    models: tuple[int, ...] = (500, 2000)
    num_train: int = 20_000
    num_test: int = 2_000
    classes: int = 10
    pack_size: int = 20
    rounds: int = 1


class Result(NamedTuple):
    """By number of models: seconds and MiB, an entry per round."""

    seconds: dict[int, list[float]]
    peak_mib: dict[int, list[float]]

    def __str__(self) -> str:
        rows = [["models", "n", "peak, MiB", "s: median (min to max)"]]
        for models, times in self.seconds.items():
            rows.append(
                [f"{models:,}", str(len(times)), number(float(np.median(self.peak_mib[models]))), spread(times)]
            )
        return markdown(rows)


def write_data(path: Path, settings: Settings) -> None:
    """Labels in turn, and a single number as input."""
    sides = {"train": settings.num_train, "test": settings.num_test}
    inputs: dict[str, Any] = {f"x_{side}": np.arange(count, dtype=np.float32)[:, None] for side, count in sides.items()}
    labels: dict[str, Any] = {f"y_{side}": np.arange(count) % settings.classes for side, count in sides.items()}
    np.savez(path, **inputs, **labels)


def write_run(folder: Path, data: Path, num_models: int, settings: Settings) -> None:
    """One block of trained models, then made-up ones in the same form up to `num_models`."""
    config = RunConfig(
        run=str(folder), num_models=settings.pack_size, data=DataSpec(f"npz:{data}"), keep=("correct", "probability"),
        model=ModelSpec("mlp:1"), train=TrainSpec(epochs=1, batch_size=1000), pack_size=settings.pack_size,
    )  # fmt: skip
    memjax.fit(config=config, estimate=False, progress=False)
    plan = store.read_plan(folder)
    assert plan is not None
    plan = store.extend_plan(folder, plan, num_models)
    make_block = MadeUp(config, settings)
    for number_of_block in plan.blocks[1:]:
        store.write_block(folder, number_of_block, make_block(number_of_block), plan.fingerprint, {"made": "up"})


class MadeUp:
    """Models of which a fifth of the examples is memorized; each of these helps one test example of its class."""

    def __init__(self, config: RunConfig, settings: Settings):
        self.settings, self.rng = settings, np.random.default_rng(0)
        self.design = make_design(config.subset, settings.num_train, config.seed)
        self.memorized = self.rng.random(settings.num_train) < 0.2
        rows = self.rng.integers(0, settings.num_train // settings.classes, settings.num_test) * settings.classes
        self.helper = rows + np.arange(settings.num_test) % settings.classes

    def __call__(self, block: int) -> store.Block:
        ids = np.arange(block * self.settings.pack_size, (block + 1) * self.settings.pack_size)
        masks = self.design.masks(ids)
        helped = masks[:, self.helper] & self.memorized[self.helper]
        train = self._outputs(np.where(masks, 0.98, np.where(self.memorized, 0.4, 0.9)))
        test = self._outputs(np.where(helped, 0.9, 0.6))
        return store.Block(ids, masks, np.ones(len(ids), bool), train, test)

    def _outputs(self, means: np.ndarray) -> dict[str, np.ndarray]:
        probability = np.clip(means + self.rng.normal(0, 0.3, means.shape), 0, 1).astype(np.float32)
        return {"correct": probability > 0.5, "probability": probability}


def estimate(folder: str) -> dict[str, float]:
    """Called in a process of its own."""
    import jax

    result = memjax.open(folder)
    jax.numpy.zeros(1).block_until_ready()
    before, started = peak_mib(), time.perf_counter()
    _ = result.memorization
    return {"seconds": time.perf_counter() - started, "peak_mib": peak_mib() - before}


def run(settings: Settings) -> Result:
    result = Result({models: [] for models in settings.models}, {models: [] for models in settings.models})
    with tempfile.TemporaryDirectory() as scratch:
        data, copy = Path(scratch) / "data.npz", Path(scratch) / "copy"
        write_data(data, settings)
        for models in settings.models:
            folder = Path(scratch) / str(models)
            write_run(folder, data, models, settings)
            for _ in range(settings.rounds):
                shutil.copytree(folder, copy)
                found = must_run(Side("", "", one_call("benchmarks.estimation_memory:estimate", folder=str(copy))))
                result.seconds[models].append(found["seconds"])
                result.peak_mib[models].append(found["peak_mib"])
                log(models=models, **found)
                shutil.rmtree(copy)
    return result


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
