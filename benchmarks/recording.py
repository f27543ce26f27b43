"""What does it cost to record metrics while models train?

The time of a model with one record per epoch over the time without.  Rounds with and without recording take turns, and
seconds are those of the processor, so that other work on the machine falls on both alike.  Takes the options of
`python -m memjax.run`.

    python -m benchmarks.recording                               digits, mlp:128, the default recipe
    python -m benchmarks.recording --dataset fashion_mnist --per-class 600 --model mlp:512,256
    python -m benchmarks.recording --per-class 20 --epochs 2 --rounds 2
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from benchmarks.common.command import log, measure
from benchmarks.common.training import calls
from memjax.config.run_config import RunConfig
from memjax.machine import environment

COST = "not measured"


@dataclass(frozen=True)
class Settings:
    """What is trained, and how often."""

    config: RunConfig = field(default_factory=lambda: RunConfig(record=("correct", "loss", "margin")))
    rounds: int = 5


class Result(NamedTuple):
    """Seconds of processor time a model, an entry per round, without recording and with it."""

    records: int
    without: np.ndarray
    recorded: np.ndarray

    def __str__(self) -> str:
        cost = 100 * (self.recorded / self.without - 1)
        return (
            f"{self.records} records: {cost.mean():.1f} % ± {cost.std(ddof=1):.1f} % (mean ± sd, n = {len(cost)}); "
            f"{self.without.mean():.4f} s a model without, {self.recorded.mean():.4f} s with"
        )


def run(settings: Settings) -> Result:
    environment.start_jax(settings.config.cpu_devices)
    sides = [calls(replace(settings.config, record=record)) for record in ((), settings.config.record)]
    for side in sides:
        next(side)  # warms up
    times = []
    for number in range(settings.rounds):
        two = [next(side) for side in sides]
        times.append([call.processor_seconds / call.masks[..., 0].size for call in two])
        log(round=number, without_s=times[-1][0], with_s=times[-1][1])
    return Result(len(settings.config.recorded_epochs), *np.transpose(times))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
