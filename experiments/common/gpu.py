"""The least time that a GPU takes for what an experiment trains, as `memjax doctor` says it from the data sheet."""

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


def add_run(found: memjax.Result) -> None:
    """Adds the hours of a run's models; none where they do not fit."""
    _, facts = compile_ahead.for_chip(found.config, found.dataset, slice_named(GPU), [])
    least.extend(facts.get("hours", [])[:1])


def add(model: Model, dataset: Dataset, spec: TrainSpec, masks: np.ndarray) -> None:
    """Adds the hours of models that are trained outside a run folder, one on each row of `masks`, (models, train)."""
    design = everything(masks.shape[1])._replace(max_size=int(masks.sum(1).max()))
    one = operations(model, dataset.input_shape, RunConfig(train=spec), design)
    least.append(len(masks) * one / (slice_named(GPU).chip.peak / 2) / 3600)
