"""How much faster is a head on a frozen trunk trained than the whole network?

The time of a model with `--train all` over that with `--train head`, both from the same `--init`.  The two take turns,
and seconds are those of the processor, so that other work on the machine falls on both alike.  What the trunk computes
is computed once for all models; its time is given beside the ratio and is not in it, and neither is compilation.
Takes the options of `python -m memjax.run`.

    python -m benchmarks.frozen_trunk                               Fashion-MNIST, cnn, 600 examples, 10 epochs
    python -m benchmarks.frozen_trunk --model mlp:512,256
    python -m benchmarks.frozen_trunk --dataset digits --per-class 20 --epochs 2 --rounds 2
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.training import Call, calls
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.data import load_dataset
from memjax.machine import environment
from memjax.models import make_model
from memjax.models.frozen import arrays_by_name

COST = "2 minutes"


@dataclass(frozen=True)
class Settings:
    """What is trained, and how often."""

    config: RunConfig = field(
        default_factory=lambda: RunConfig(
            data=DataSpec("fashion_mnist", per_class=60, test_per_class=10), model=ModelSpec("cnn"),
            train=TrainSpec(epochs=10),
        )
    )  # fmt: skip
    rounds: int = 5


class Result(NamedTuple):
    """Seconds of processor time a model, an entry per round, of the whole network and of the head."""

    whole: np.ndarray
    head: np.ndarray
    before: float  # seconds until the first model of the head has been trained: features, compilation and warm-up

    def __str__(self) -> str:
        ratio = self.whole / self.head
        return (
            f"a head is trained {np.median(ratio):.1f} times faster than the whole network ({ratio.min():.1f} to "
            f"{ratio.max():.1f}, n = {len(ratio)}); {self.whole.mean():.4f} s a model and {self.head.mean():.5f} s; "
            f"{self.before:.1f} s before the first model of the head"
        )


def run(settings: Settings) -> Result:
    environment.start_jax(settings.config.cpu_devices)
    with tempfile.TemporaryDirectory() as folder:
        config = with_trunk(settings.config, Path(folder) / "trunk.npz")
        sides: list[Iterator[Call]] = []
        for part in ("all", "head"):
            started = time.monotonic()
            sides.append(calls(replace(config, train=replace(config.train, train=(part,)))))
            next(sides[-1])  # warms up
    before, times = time.monotonic() - started, []
    for number in range(settings.rounds):
        two = [next(side) for side in sides]
        times.append([call.processor_seconds / call.masks[..., 0].size for call in two])
        log(round=number, whole_s=times[-1][0], head_s=times[-1][1])
    return Result(*np.transpose(times), before)


def with_trunk(config: RunConfig, path: Path) -> RunConfig:
    """The settings with parameters to begin with, drawn once: how they were trained does not change the time."""
    dataset = load_dataset(config.data)
    model = make_model(config.model, dataset.input_shape, dataset.num_classes)
    params, state = map(arrays_by_name, model.init(jax.random.key(0)))
    numbers = {name: each for name, each in (params | state).items() if jax.numpy.issubdtype(each.dtype, np.floating)}
    np.savez(path, **{name: np.asarray(each) for name, each in numbers.items()})
    return replace(config, model=replace(config.model, init=str(path)))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
