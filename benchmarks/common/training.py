"""Training as the benchmarks time it: the only file here that knows how memjax trains."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import jax
import numpy as np

from memjax.config.run_config import RunConfig
from memjax.data import load_dataset
from memjax.runs.build_training import make_examples, make_single
from memjax.subsets import make_design
from memjax.training import Pack, compile_any, replicate, train_many
from memjax.types import SubsetDesign


class Call(NamedTuple):
    """One call of the compiled training, on all devices at once.

    Attributes:
      seconds, processor_seconds: its time, by the clock and of the processor.
      masks: (devices, models, train), who was trained on what.
      output: what the models gave, with the same first two axes.
    """

    seconds: float
    processor_seconds: float
    masks: np.ndarray
    output: Any


def packs(config: RunConfig, calls: int) -> Iterator[Pack]:
    """The finished batches of models of `calls` calls over all devices, as a run trains them."""
    design, single, examples = _parts(config)
    blocks = range(calls * len(jax.local_devices()))
    return train_many(single, config.seed, design.masks, examples, blocks, models_per_device(config))


def calls(config: RunConfig) -> Iterator[Call]:
    """One call after the other without end, each of new models; compiled before the first, which warms up."""
    design, single, examples = _parts(config)
    devices, pack = jax.local_devices(), models_per_device(config)
    on_devices = replicate(examples, devices)
    programs = compile_any(single, config.seed, on_devices, pack, devices)
    for number in count():
        ids = np.arange(len(devices) * pack, dtype=np.uint32).reshape(len(devices), pack)
        ids += np.uint32(number * ids.size)
        masks = np.stack([design.masks(row) for row in ids])
        clock, processor = time.perf_counter(), time.process_time()
        output = jax.block_until_ready(programs(ids, masks, on_devices))
        seconds = time.perf_counter() - clock, time.process_time() - processor
        yield Call(*seconds, masks, jax.tree.map(np.asarray, output))


def models_per_device(config: RunConfig) -> int:
    return config.pack_size or 8


def _parts(config: RunConfig) -> tuple[SubsetDesign, Any, Any]:
    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    return design, make_single(config, dataset, design), make_examples(config, dataset)


def accuracies(masks: np.ndarray, train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """In-sample, held-out and test accuracy of each model, from (..., examples) arrays of what was right."""
    return {
        "in-sample": train.mean(-1, where=masks).ravel(),
        "held-out": train.mean(-1, where=~masks).ravel(),
        "test": test.mean(-1).ravel(),
    }
