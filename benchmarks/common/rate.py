"""How long does memjax take to train a model in a given setting?

    python -m benchmarks.common.rate --epochs 30 --pack-size 8 --cpu-devices 2

Takes the options of `python -m memjax.run` and prints one JSON line:

    model_s       seconds per model: training and evaluation; models/s is 1 / model_s
    epoch_s       seconds per epoch of one model, without evaluation (with --timed-epochs only)
    first_s       seconds to the end of the first call, which compiles; it does not count otherwise
    peak_mib      largest memory of the process

With --timed-epochs SHORT LONG it trains for these two numbers of epochs instead.  The difference of the two times says
what an epoch takes, so that a long recipe is timed in a short time.
"""

import json
import os
import time
from dataclasses import dataclass, field, replace

import tyro

from benchmarks.common.machine import peak_mib
from memjax.config.run_config import RunConfig
from memjax.machine import environment


@dataclass(frozen=True)
class Settings:
    """What is trained, and how it is timed."""

    config: RunConfig = field(default_factory=RunConfig)
    calls: int = 4
    """Calls timed after the first, each of one batch of models per device."""
    timed_epochs: tuple[int, int] | None = None
    """Two numbers of epochs to train for instead of all."""
    cores: int | None = None
    """Bind the process to so many cores."""


def timed(config: RunConfig, calls: int) -> tuple[float, float]:
    """Seconds a model, and seconds of the first call."""
    import jax

    from benchmarks.common.training import models_per_device, packs

    started = time.monotonic()
    devices = len(jax.local_devices())
    # A call hands out its packs, one per device, when it is done and the next call runs.
    ends = [time.monotonic() for _ in packs(config, calls + 1)][::devices]
    return (ends[-1] - ends[0]) / (calls * devices * models_per_device(config)), ends[0] - started


def measure(settings: Settings) -> dict[str, float]:
    """The numbers of one setting, in this process."""
    config = settings.config
    if settings.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: settings.cores])
    environment.start_jax(config.cpu_devices)
    if settings.timed_epochs and max(settings.timed_epochs) < config.train.epochs:
        found = _in_short(config, settings.calls, *settings.timed_epochs)
    else:
        seconds, first = timed(config, settings.calls)
        found = {"model_s": seconds, "first_s": first}
    return found | {"peak_mib": peak_mib()}


def _in_short(config: RunConfig, calls: int, short: int, long: int) -> dict[str, float]:
    def trained_for(epochs: int) -> tuple[float, float]:
        return timed(replace(config, train=replace(config.train, epochs=epochs)), calls)

    (quick, first), (slow, _) = trained_for(short), trained_for(long)
    epoch = (slow - quick) / (long - short)
    return {"model_s": slow + epoch * (config.train.epochs - long), "epoch_s": epoch, "first_s": first}


if __name__ == "__main__":
    print(json.dumps(measure(tyro.cli(tyro.conf.OmitArgPrefixes[Settings]))))
