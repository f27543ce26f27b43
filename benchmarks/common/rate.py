"""How long does memjax take to train a model in a given setting?

    python -m benchmarks.common.rate --epochs 30 --pack-size 8 --cpu-devices 2

Takes the options of `python -m memjax.run` and prints one JSON line:

    model_s       seconds a model: training and evaluation; models/s is 1 / model_s
    epoch_s       seconds an epoch of one model, without evaluation (with --timed-epochs only)
    first_s       seconds to the end of the first call, which compiles; it does not count otherwise
    peak_mib      largest memory of the process

With --timed-epochs SHORT LONG it trains for those many epochs instead and takes what an epoch and all else take from
the difference, so that long recipes can be timed in short.
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
class Setting:
    """One setting to time."""

    config: RunConfig = field(default_factory=RunConfig)
    calls: int = 4
    """Calls timed, each of one pack a device, after the first."""
    timed_epochs: tuple[int, int] | None = None
    """Train for so many epochs, and for so many, instead of all."""
    cores: int | None = None
    """Bind the process to so many cores."""


def timed(config: RunConfig, calls: int) -> tuple[float, float]:
    """Seconds a model, and seconds of the first call."""
    import jax

    from benchmarks.common.training import packs

    started = time.monotonic()
    devices = len(jax.local_devices())
    # The packs of a call are handed out when it is done and the next is under way; there is one a device.
    ends = [time.monotonic() for _ in packs(config, calls + 1)][::devices]
    return (ends[-1] - ends[0]) / (calls * devices * config.pack_size), ends[0] - started


def measure(setting: Setting) -> dict[str, float]:
    """The numbers of one setting, in this process."""
    config = replace(setting.config, pack_size=setting.config.pack_size or 8)
    if setting.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: setting.cores])
    environment.start_jax(config.cpu_devices)
    if setting.timed_epochs and max(setting.timed_epochs) < config.train.epochs:
        found = _in_short(config, setting.calls, *setting.timed_epochs)
    else:
        seconds, first = timed(config, setting.calls)
        found = {"model_s": seconds, "first_s": first}
    return found | {"peak_mib": peak_mib()}


def _in_short(config: RunConfig, calls: int, short: int, long: int) -> dict[str, float]:
    def trained_for(epochs: int) -> tuple[float, float]:
        return timed(replace(config, train=replace(config.train, epochs=epochs)), calls)

    (quick, first), (slow, _) = trained_for(short), trained_for(long)
    epoch = (slow - quick) / (long - short)
    return {"model_s": slow + epoch * (config.train.epochs - long), "epoch_s": epoch, "first_s": first}


if __name__ == "__main__":
    print(json.dumps(measure(tyro.cli(tyro.conf.OmitArgPrefixes[Setting]))))
