"""How large the files of a run become, and whether there is room for them."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from memjax.config.run_config import RunConfig
from memjax.data.targets import num_outputs
from memjax.errors import InputError
from memjax.metrics import METRICS
from memjax.runs.parameters import parameter_bytes
from memjax.store.plan import MODELS_MOST
from memjax.types import Dataset

FULL_MATRIX = 2**30  # bytes up to which influence.npy is written without being asked for


def matrix_bytes(dataset: Dataset) -> int:
    """Size of influence.npy: float32 for every train-test pair."""
    return 4 * dataset.num_train * dataset.num_test


def writes_all_pairs(config: RunConfig, dataset: Dataset) -> bool:
    """Whether a run writes influence.npy: if asked to, or, by default, if it stays small."""
    return config.influence == "all" or (config.influence == "auto" and matrix_bytes(dataset) <= FULL_MATRIX)


def bytes_of(config: RunConfig, dataset: Dataset, num_models: int) -> float:
    """What a run of so many models takes on disk."""
    width = dataset.input_shape[0] if dataset.tokens else num_outputs(dataset)
    each, an_epoch = (
        sum(METRICS[name].num_bytes(width) for name in names) for names in (config.kept_metrics, config.record)
    )
    recorded = an_epoch * len(config.recorded_epochs)
    outputs = (1 / 8 + recorded) * dataset.num_train + each * (dataset.num_train + dataset.num_test)
    every_pair = matrix_bytes(dataset) if writes_all_pairs(config, dataset) else 0
    return num_models * (outputs + parameter_bytes(config, dataset)) + every_pair


def disk_of(folder: Path) -> tuple[Path, int]:
    """The folder itself or, if it is not there yet, the nearest one above it, and the free bytes of its disk."""
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    return place, shutil.disk_usage(place).free


def check_room(folder: Path, num_models: int, config: RunConfig, dataset: Dataset) -> None:
    """Raises InputError if the disk of a run folder, which may not exist yet, has no room for so many models more."""
    needed, (_, free) = bytes_of(config, dataset, num_models), disk_of(folder)
    if needed > free or num_models > MODELS_MOST:
        most = f"; a run has at most {MODELS_MOST:,} models" if num_models > MODELS_MOST else ""
        raise InputError(
            f"{folder} needs about {needed:,.0f} bytes more, and its disk has {free:,} left, for {num_models:,} models "
            f"more{most}. Free some, or give another --run, fewer --num-models or --influence same-class"
        )


def check_disk(folder: Path, num_models: int, config: RunConfig, dataset: Dataset) -> None:
    """Raises InputError where a run folder cannot be written to, or has no room for so many models more."""
    with suppress(OSError):
        (folder / "blocks").mkdir(exist_ok=True)  # git, rsync -m and object stores drop empty folders
    writable = all(os.access(place, os.W_OK) for place in (folder, folder / "blocks"))
    if not folder.is_dir():
        raise InputError(f"{folder} was removed or renamed meanwhile; start the same command again")
    if not writable:
        raise InputError(f"{folder} cannot be written to; change its permissions or give another --run")
    check_room(folder, num_models, config, dataset)
