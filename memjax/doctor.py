"""What this machine is, and what a run of a given size will take and reach on it."""

import math
import shutil
import time
from pathlib import Path

import numpy as np

from memjax import calibration, environment, pipeline
from memjax.config import RunConfig
from memjax.data import load_dataset
from memjax.recipe import make_single
from memjax.subsets import coverage, lemma_bound, make_design
from memjax.types import Dataset

TRIAL_EPOCHS = (2, 8)


def machine(folder: Path) -> list[tuple[str, str]]:
    """Versions, devices, memory and free disk, as rows of name and text."""
    import jax

    devices = jax.local_devices()
    limit = (devices[0].memory_stats() or {}).get("bytes_limit")
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    return [
        ("versions", ", ".join(f"{name} {value}" for name, value in environment.versions().items())),
        ("devices", f"{len(devices)} x {environment.device_kind()}; cores {environment.usable_cores()}"),
        ("memory", f"{limit / 2**30:.1f} GiB a device" if limit else f"{environment.memory() / 2**30:.1f} GiB"),
        ("free disk", f"{shutil.disk_usage(place).free / 2**30:.1f} GiB at {place}"),
    ]


def forecast(config: RunConfig) -> list[tuple[str, str]]:
    """Time, disk and standard error of a run before it starts, as rows of name and text.

    The time comes from training a few packs for 2 and for 8 epochs.
    """
    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    counts = coverage(design, config.num_models)
    seconds = _seconds_a_model(config, dataset)
    disk = config.num_models * pipeline.bytes_a_model(config, dataset)
    if pipeline.writes_all_pairs(config, dataset):
        disk += pipeline.matrix_bytes(dataset)
    defined = counts.stderr_bound[np.isfinite(counts.stderr_bound)]
    return [
        ("run", f"{config.num_models} models {config.model.model} on {dataset.name}; {design.name}"),
        ("time", f"about {_duration(seconds * config.num_models)} of training, {1 / seconds:.1f} models/s"),
        ("run folder", f"about {disk / 2**20:.0f} MiB"),
        ("each example", f"in {_range(counts.num_in)} models, out of {_range(counts.num_out)}"),
        ("standard error", f"up to about {defined.max(initial=0):.3f} a score; most will be far smaller"),
        ("lemma 2.1", f"root mean squared error at most {lemma_bound(design.include_prob, config.num_models):.3f}"),
        *_until(config, counts.stderr_bound),
        ("without a score", f"{counts.undefined} examples, always in or always out" if counts.undefined else "none"),
    ]


def _seconds_a_model(config: RunConfig, dataset: Dataset) -> float:
    """From two short trainings: what an epoch takes, and what all else takes."""
    short, longer = TRIAL_EPOCHS
    first, second = (_timed(config, dataset, epochs) for epochs in TRIAL_EPOCHS)
    epoch = max(second - first, 0) / (longer - short)
    return second + epoch * (config.train.epochs - longer) if config.train.epochs > longer else second


def _timed(config: RunConfig, dataset: Dataset, epochs: int) -> float:
    import jax

    from memjax.training import examples_of, train_many

    devices = jax.local_devices()
    short = config.shortened(epochs)
    design = make_design(config.subset, dataset.num_train, config.seed)
    single = make_single(short, dataset, design)
    size = calibration.pack_size(config, dataset, design)
    examples = examples_of(dataset, config.train.scaling)
    packs = train_many(single, config.seed, design.masks, examples, range(4 * len(devices)), size)
    # The first call compiles; its packs are handed out while the second is under way, so count from there.
    times = [time.monotonic() for _ in packs][:: len(devices)]
    return (times[-1] - times[0]) / 3 / (size * len(devices))


def _until(config: RunConfig, bound: np.ndarray) -> list[tuple[str, str]]:
    """What --until-stderr may take at the most: rates of one half have the largest errors."""
    if config.until_stderr is None:
        return []
    largest = float(bound[np.isfinite(bound)].max(initial=0))
    most = math.ceil(config.num_models * (largest / config.until_stderr) ** 2)
    return [
        (f"until {config.until_stderr:g}", f"at most about {most:,} models, if every example were as hard as can be")
    ]


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def _range(counts: np.ndarray) -> str:
    return f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
