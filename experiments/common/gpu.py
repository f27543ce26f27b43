"""The least time that a GPU takes for what an experiment trains, as `memjax doctor` says it from the data sheet.

Models whose run folder was there before are not counted, as the seconds of an experiment do not count them.
"""

from pathlib import Path
from typing import Any

import numpy as np

import memjax
from memjax.config.run_config import RunConfig
from memjax.config.specs import TrainSpec
from memjax.machine.chips import slice_named
from memjax.runs import compile_ahead
from memjax.runs.pack_size import operations
from memjax.subsets.designs import everything
from memjax.types import Dataset, Model

GPU = "h100"
least: list[float] = []  # hours of each run of this process


def fit(*args: Any, run: Path | str | None = None, count: bool = True, **options: Any) -> memjax.Result:
    """`memjax.fit`; the hours of its models are added to `least` if they are to be counted."""
    new = run is None or not Path(run).exists()
    found = memjax.fit(*args, run=run, **options)
    if new and count:
        _, facts = compile_ahead.for_chip(found.config, found.dataset, slice_named(GPU), [])
        least.extend(facts.get("hours", [])[:1])  # none where the models do not fit
    return found


def add(model: Model, dataset: Dataset, spec: TrainSpec, masks: np.ndarray) -> None:
    """Adds the hours of models that are trained outside a run folder, one on each row of `masks`, (models, train)."""
    design = everything(masks.shape[1])._replace(max_size=int(masks.sum(1).max()))
    one = operations(model, dataset.input_shape, RunConfig(train=spec), design)
    least.append(len(masks) * one / (slice_named(GPU).chip.peak / 2) / 3600)
