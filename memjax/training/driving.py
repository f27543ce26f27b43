"""Training on a stream: the host reads the next batch while the devices train on the one before."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from memjax.training.single import State
from memjax.training.stream import Batch, Stream
from memjax.training.streamed import StreamedTraining


def drive(
    step: Callable[..., State], put: Callable[[Batch], Batch], place: Callable[[np.ndarray], Any],
    training: StreamedTraining, ids: np.ndarray, masks: np.ndarray, state: State, stream: Stream, first: np.ndarray,
    last: np.ndarray,
) -> State:  # fmt: skip
    """Trains the models of each device through its legs first .. last - 1; all devices get the same batches.

    The next batch is read and sent while the devices train on the one before; at most two batches are on a device.
    """
    on_devices = place(masks)
    for begin, end, active in spans(first, last):
        steps = begin * training.leg, min(end * training.leg, training.num_steps)
        batches = map(put, stream.training(*steps))
        batch = next(batches, None)
        while batch is not None:
            state = step(ids, on_devices, state, active, batch)
            batch = next(batches, None)
            jax.block_until_ready(state.step)
    return state


def spans(first: np.ndarray, last: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Ranges of legs, in order, in which the same devices are active."""
    edges = sorted({*first.tolist(), *last.tolist()})
    for begin, end in itertools.pairwise(edges):
        active = (first <= begin) & (end <= last)
        if active.any():
            yield begin, end, active
