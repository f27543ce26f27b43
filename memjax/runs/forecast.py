"""What this machine is, and what a run of a given size will take and reach on it."""

import itertools
import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax.config.run_config import RunConfig
from memjax.config.specs import FleetSpec
from memjax.machine import environment
from memjax.machine.debugging import pinned, without_debugging
from memjax.runs import disk_space
from memjax.runs.build_training import make_examples, make_single, network_of
from memjax.runs.pack_size import chosen_pack_size, guessed_pack_size
from memjax.runs.request import Request
from memjax.subsets import Coverage, coverage, lemma_bound, make_design
from memjax.types import Dataset

CLASSES_NAMED = 10  # with their numbers of examples, the largest first
DRAWN_MOST = 100_000  # models whose subsets are drawn for a prediction
TOO_IDLE = 0.2  # share of paid time without work from which advice is printed
TRIAL_EPOCHS = (2, 8)
LEAST = 3  # calls of a trial, and seconds that it lasts at least
ENOUGH = 2.0


class Costs(NamedTuple):
    """What the training of a run takes, from the first model to the last."""

    models_per_second: float  # of one device
    pack_size: int
    blocks: int
    devices: int  # of all hosts
    rounds: int  # ceil(blocks / devices), packs that the busiest device trains
    seconds: float  # rounds * pack_size / models_per_second
    device_hours: float  # seconds / 3600 * devices, what is paid for
    idle: float  # 1 - blocks / (rounds * devices), the share of that in which a device trains nothing new
    price: float  # of the device-hours; NaN where none was given


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


def machine(folder: Path) -> list[tuple[str, str]]:
    """Versions, devices, memory and free disk, as rows of name and text."""
    import jax

    devices = jax.local_devices()
    limit = (devices[0].memory_stats() or {}).get("bytes_limit")
    place, free = disk_space.disk_of(folder)
    return [
        ("versions", ", ".join(f"{name} {value}" for name, value in environment.versions().items())),
        ("devices", f"{len(devices)} x {environment.device_kind()}; cores {environment.usable_cores()}"),
        ("memory", f"{limit / 2**30:.1f} GiB per device" if limit else f"{environment.memory() / 2**30:.1f} GiB"),
        ("free disk", f"{free / 2**30:.1f} GiB at {place}"),
    ]


@without_debugging()
def forecast(request: Request, fleet: FleetSpec) -> tuple[list[tuple[str, str]], Costs]:
    """Time, disk and standard error of a run before it starts, as rows of name and text, and the sums of its training.

    The time comes from training a few packs for 2 and for 8 epochs, unless the fleet's speed is given.
    """
    request.check_inputs()
    config, dataset, design = request.config, request.dataset, request.design
    # Beyond DRAWN_MOST models the coverage is in proportion to that of so many.
    drawn, times = coverage(design, min(config.num_models, DRAWN_MOST)), max(1.0, config.num_models / DRAWN_MOST)
    num_in = (drawn.num_in * times).astype(int)
    counts = Coverage(num_in, config.num_models - num_in, drawn.stderr_bound / math.sqrt(times))
    disk = disk_space.bytes_of(config, dataset, config.num_models)
    costs = plan_costs(config, dataset, fleet)
    largest, until = float(counts.stderr_bound[np.isfinite(counts.stderr_bound)].max(initial=0)), []
    if config.goal and not config.goal.decides:  # rates of one half have the largest errors
        most = math.ceil(config.num_models * (largest / config.goal.value) ** 2)
        until = [(f"until {config.goal}", f"at most about {most:,} models, if every example were as hard as can be")]
    rows = [
        ("run", f"{config.num_models} models {config.model.model} on {dataset.name}; {design.name}"),
        *_time(costs, fleet),
        ("run folder", f"about {disk / 2**20:.0f} MiB"),
        ("each example", f"in {_range(counts.num_in)} models, out of {_range(counts.num_out)}"),
        ("standard error", f"up to about {largest:.3f} a score; most will be far smaller"),
        ("lemma 2.1", f"root mean squared error at most {lemma_bound(design.include_prob, config.num_models):.3f}"),
        *until,
        ("without a score", f"{counts.undefined} examples, always in or always out" if counts.undefined else "none"),
    ]
    return rows, costs


def data_rows(request: Request) -> list[tuple[str, str]]:
    """What is understood of the examples, as rows of name and text."""
    dataset, given = request.dataset, request.given
    counts = np.bincount(dataset.train_labels, minlength=dataset.num_classes)
    order = np.argsort(-counts, kind="stable")
    named = ", ".join(f"{dataset.class_names[label]} {counts[label]:,}" for label in order[:CLASSES_NAMED])
    more = f" and {dataset.num_classes - CLASSES_NAMED:,} more" if dataset.num_classes > CLASSES_NAMED else ""
    shape = " x ".join(map(str, dataset.input_shape))
    rows = [
        ("data", f"{dataset.name}: {dataset.num_train:,} training and {dataset.num_test:,} test examples"),
        ("inputs", f"{shape}, {dataset.train_inputs.dtype}; --scaling {request.config.train.scaling}"),
        ("classes", f"{dataset.num_classes:,}: {named}{more}")
        if dataset.train_targets is None
        else ("targets", f"{dataset.kinds}, {dataset.train_targets.min():g} to {dataset.train_targets.max():g}"),
    ]
    if given and given.table:
        rows.append(("columns", f"{len(given.table.names):,}: {', '.join(given.table.names)}"))
    return rows + [("note", notice) for notice in request.notices]


def _time(costs: Costs, fleet: FleetSpec) -> list[tuple[str, str]]:
    """Of the training alone; imports, compilation and estimates come on top."""
    rate = costs.models_per_second
    if not fleet.plan:
        return [("time", f"about {duration(costs.seconds)} of training, {rate * costs.devices:.1f} models/s")]
    origin = "as given" if fleet.models_per_second else f"measured on {environment.device_kind()}"
    rows = [
        ("machines", f"hosts {fleet.hosts} x devices {costs.devices // fleet.hosts}"),
        ("speed", f"{rate:.4g} models/s per device, {origin}; {costs.pack_size} models per pack"),
        ("time", f"about {duration(costs.seconds)} of training: {costs.rounds} packs per device"),
        ("device-hours", f"{costs.device_hours:.4g}, of which {costs.idle:.0%} idle at the end"),
    ]
    if costs.idle > TOO_IDLE:
        advice = f"{costs.blocks} packs for {costs.devices} devices: take fewer devices, or a smaller --pack-size"
        rows.append(("advice", advice))
    return rows if fleet.price is None else [*rows, ("price", f"{costs.price:,.2f}")]


def duration(seconds: float) -> str:
    """A time in the largest unit of which there are two."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} seconds" if seconds < 10 else f"{seconds:.0f} seconds"


def _range(counts: np.ndarray) -> str:
    return f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
