"""Batches of a stream through compiled programs: read on the host while the devices are at work."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from memjax.training.single import State
from memjax.training.stream import Batch, Stream
from memjax.training.streamed import StreamedTraining
from memjax.types import TrainOutput


def drive(
    step: Callable[..., State], put: Callable[[Batch], Batch], place: Callable[[np.ndarray], Any],
    training: StreamedTraining, ids: np.ndarray, masks: np.ndarray, state: State, stream: Stream, first: np.ndarray,
    last: np.ndarray,
) -> State:  # fmt: skip
    """Takes the models of each device through its legs first .. last - 1; all devices see the same batches.

    The next batch is read, and sent, while the devices are at work on the one before; no more are in flight.
    """
    on_devices = place(masks)
    for begin, end, active in spans(first, last):
        steps = begin * training.leg, min(end * training.leg, training.num_steps)
        batches = _sent(stream.training(*steps), put)
        batch = next(batches, None)
        while batch is not None:
            state = step(ids, on_devices, state, active, batch)
            batch = next(batches, None)
            jax.block_until_ready(state.step)
    return state


def spans(first: np.ndarray, last: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Stretches of legs, in order, in which the same devices are active."""
    edges = sorted({*first.tolist(), *last.tolist()})
    for begin, end in itertools.pairwise(edges):
        active = (first <= begin) & (end <= last)
        if active.any():
            yield begin, end, active


def gather(
    judge: Callable[..., tuple[dict[str, Array], Array]], put: Callable[[Batch], Batch], shape: tuple[int, int],
    state: State, stream: Stream,
) -> TrainOutput:  # fmt: skip
    """The metrics of all models on all examples, each read once; `shape` is (devices, models)."""
    finite, found = np.ones(shape, bool), []
    for part, count in (("train", len(stream.train_labels)), ("test", len(stream.test_labels))):
        metrics: dict[str, np.ndarray] = {}
        start = 0
        for batch in _sent(stream.in_order(part), put):
            values, all_finite = jax.tree.map(np.asarray, judge(state, batch))
            real = min(stream.batch_size, count - start)
            for name, value in values.items():
                if not start:
                    metrics[name] = np.empty((*shape, count, *value.shape[3:]), value.dtype)
                metrics[name][:, :, start : start + real] = value[:, :, :real]
            finite &= all_finite
            start += real
        found.append(metrics)
    return TrainOutput(found[0], found[1], finite, {})


def _sent(batches: Iterator[Batch], put: Callable[[Batch], Batch]) -> Iterator[Batch]:
    """On the devices."""
    return (put(batch) for batch in batches)
