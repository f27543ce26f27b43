"""How much slower is training from data on disk than from data in memory?

Fashion-MNIST is written to a folder of arrays.  One side loads them, the other streams them with `--stream`; the sides
take turns, in one process, after a first call each that compiles.  Subsets and initial weights are the same.  The
batches are not, since all models share them in a stream (`tests/training/test_streamed.py` has both sides on the same
batches).  A batch of the stream is larger, so that a model's own share of it is --batch-size.

    python -m benchmarks.streaming
    python -m benchmarks.streaming --per-class 6000 --model cnn --epochs 5 --pack-size 4 --rounds 5
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.contestants import exported
from benchmarks.common.tables import markdown, mean_and_error, number, spread
from benchmarks.common.training import accuracies, calls
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.machine import environment

COST = "a few seconds"
RESIDENT, STREAMED = "resident", "streamed"


@dataclass(frozen=True)
class Settings:
    """What is trained, and how often."""

    per_class: int = 100
    test_per_class: int = 20
    model: str = "mlp:64"
    epochs: int = 3
    batch_size: int = 64
    pack_size: int = 4
    rounds: int = 3


class Result(NamedTuple):
    """By side: seconds per model, an entry per round; accuracies, an entry per model."""

    seconds: dict[str, list[float]]
    accuracies: dict[str, dict[str, np.ndarray]]

    def __str__(self) -> str:
        names = list(self.accuracies[RESIDENT])
        rows = [["data", "models/s", *(f"{name} accuracy" for name in names)]]
        for side, times in self.seconds.items():
            cells = [mean_and_error(self.accuracies[side][name]) for name in names]
            rows.append([side, number(float(1 / np.median(times))), *cells])
        ratios = np.divide(self.seconds[STREAMED], self.seconds[RESIDENT]).tolist()
        return f"{markdown(rows)}\n\nresident is faster by {spread(ratios)} times, n = {len(ratios)}"


def config_of(settings: Settings, folder: Path, side: str) -> RunConfig:
    stream = side == STREAMED
    batch = round(settings.batch_size / 0.7) if stream else settings.batch_size
    train = TrainSpec(epochs=settings.epochs, batch_size=batch, scaling="unit")
    data = DataSpec(f"npy:{folder}", stream=stream)
    return RunConfig(data=data, model=ModelSpec(settings.model), train=train, pack_size=settings.pack_size)


def write_arrays(settings: Settings, folder: Path) -> None:
    """The data set as memjax reads it from a folder."""
    spec = DataSpec("fashion_mnist", per_class=settings.per_class, test_per_class=settings.test_per_class)
    with exported(spec) as source:
        for split in ("train", "test"):
            (source / f"{split}_inputs.npy").rename(folder / f"x_{split}.npy")
            (source / f"{split}_labels.npy").rename(folder / f"y_{split}.npy")


def run(settings: Settings) -> Result:
    environment.start_jax()
    seconds: dict[str, list[float]] = {RESIDENT: [], STREAMED: []}
    right: dict[str, list[dict[str, np.ndarray]]] = {side: [] for side in seconds}
    with tempfile.TemporaryDirectory() as name:
        write_arrays(settings, Path(name))
        sides = {side: calls(config_of(settings, Path(name), side)) for side in seconds}
        for number_of_round in range(settings.rounds + 1):
            for side, trainings in sides.items():
                call = next(trainings)
                right[side].append(accuracies(call.masks, call.output.train["correct"], call.output.test["correct"]))
                if number_of_round:  # the first call warms up
                    seconds[side].append(call.seconds / call.masks[..., 0].size)
                    log(round=number_of_round, side=side, seconds_a_model=seconds[side][-1])
    joined = {side: {name: np.concatenate([one[name] for one in all_calls]) for name in all_calls[0]}
              for side, all_calls in right.items()}  # fmt: skip
    return Result(seconds, joined)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
