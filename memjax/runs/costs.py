"""What a run takes on machines that are named, before it is started there."""

import itertools
import math
import time
from typing import NamedTuple

from memjax.config.run_config import RunConfig
from memjax.config.specs import FleetSpec
from memjax.machine.debugging import pinned
from memjax.runs.build_training import make_examples, make_single
from memjax.runs.network import network_of
from memjax.runs.pack_size import chosen_pack_size, guessed_pack_size
from memjax.subsets import make_design
from memjax.types import Dataset

TRIAL_EPOCHS = (2, 8)
LEAST = 3  # calls of a trial, and seconds that it lasts at least
ENOUGH = 2.0


class Costs(NamedTuple):
    """What the training of a run takes, from the first model to the last.

    Attributes:
      models_per_second: of one device.
      devices: of all hosts.
      rounds: ceil(blocks / devices), packs that the busiest device trains.
      seconds: rounds * pack_size / models_per_second.
      device_hours: seconds / 3600 * devices, what is paid for.
      idle: 1 - blocks / (rounds * devices), the share of that in which a device trains nothing new.
      price: of the device-hours; NaN where none was given.
    """

    models_per_second: float
    pack_size: int
    blocks: int
    devices: int
    rounds: int
    seconds: float
    device_hours: float
    idle: float
    price: float


@pinned()
def plan_costs(config: RunConfig, dataset: Dataset, fleet: FleetSpec) -> Costs:
    """What a run takes on these machines.  If their speed is not given, their devices are as fast as those here."""
    import jax

    network_of(config, dataset)  # a network that cannot be used is refused
    if fleet.models_per_second:
        size, rate = guessed_pack_size(config, dataset), fleet.models_per_second
    else:
        size, rate = measured_speed(config, dataset)
    return costs(config.num_models, size, rate, fleet.hosts * (fleet.devices or jax.local_device_count()), fleet.price)


def costs(num_models: int, pack_size: int, models_per_second: float, devices: int, price: float | None) -> Costs:
    """The sums; arguments as in `Costs`, but the price is that of a device for an hour.

    >>> costs(100, 8, 2.0, 4, None)[2:6]
    (13, 4, 4, 16.0)
    """
    blocks = -(-num_models // pack_size)
    rounds = -(-blocks // devices)
    seconds = rounds * pack_size / models_per_second
    hours = seconds / 3600 * devices
    idle = 1 - blocks / (rounds * devices)
    whole_price = math.nan if price is None else hours * price
    return Costs(models_per_second, pack_size, blocks, devices, rounds, seconds, hours, idle, whole_price)


def measured_speed(config: RunConfig, dataset: Dataset) -> tuple[int, float]:
    """The pack size of a run on this machine, and the number of models that one device trains per second.

    The rate is that of two short trainings: what an epoch takes, and what all else takes.
    """
    import jax

    from memjax.training import train_many

    design = make_design(config.subset, dataset.num_train, config.seed)
    size, devices = chosen_pack_size(config, dataset, design), jax.local_devices()

    def seconds_a_model(epochs: int) -> float:
        """Of one device, all of them at work."""
        single = make_single(config.shortened(epochs), dataset, design)
        examples = make_examples(config, dataset)
        blocks, times = itertools.cycle(range(4 * len(devices))), []

        def enough() -> bool:
            return len(times) >= LEAST and times[-1] - times[0] >= ENOUGH

        packs = train_many(single, config.seed, design.masks, examples, blocks, size, stop=enough)
        # The first call compiles; its packs are handed out while the second is under way, so count from there.
        for place, _ in enumerate(packs):
            if place % len(devices) == 0:
                times.append(time.monotonic())
        return (times[-1] - times[0]) / (len(times) - 1) / size

    short, longer = TRIAL_EPOCHS
    first, second = seconds_a_model(short), seconds_a_model(longer)
    epoch = max(second - first, 0) / (longer - short)
    return size, 1 / (second + epoch * (config.train.epochs - longer) if config.train.epochs > longer else second)
