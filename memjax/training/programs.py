"""The compiled training of a batch of models on each device: options of the compiler, and how a stream drives it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import numpy as np

from memjax.training.single import Examples, State
from memjax.training.stream import Batch, Stream, StreamedTraining
from memjax.types import TrainOutput, Tree

ONEDNN = {"xla_cpu_experimental_onednn_custom_call": True}


def compiler_options(program: str, platform: str) -> dict[str, Any]:
    """What to compile a training program with, given its text before compilation and a platform such as cpu or gpu.

    On a CPU, convolutions and products in bfloat16 go to oneDNN: the former a quarter faster, the latter 3 to 7 times
    where there are matrix units (AMX).  jax 0.10 accepts the option without effect.  Programs without either get no
    option: they gain nothing, and programs that call oneDNN cannot be stored in the compile cache.
    """
    pays = "stablehlo.convolution" in program or "xbf16>" in program
    return ONEDNN if platform == "cpu" and pays and _known() else {}


@cache
def _known() -> bool:
    try:
        jax.jit(lambda number: number + 1, compiler_options=ONEDNN).lower(1.0).compile()
    except Exception:  # what XLA raises at an option that it does not know has changed before
        return False
    return True


@dataclass(frozen=True, eq=False)
class Programs:
    """The training of a pack on each device, compiled.

    `programs(model_ids, masks, examples)` does the whole training.  model_ids is (devices, models), uint32; masks
    (devices, models, train); states and the output have those two axes in front.
    """

    start: Callable[..., Tree]  # model_ids -> state
    # (model_ids, masks, state, examples, first, last) -> state after the epochs first .. last - 1 of each device; the
    # memory of the given state is reused.
    advance: Callable[..., Tree]
    finish: Callable[..., TrainOutput]  # of (masks, state, examples)
    like: Tree  # shapes, types and placement of the state
    num_devices: int
    num_epochs: int
    num_bytes: int  # memory that a device needs, by the compiler's estimate; 0 where it gives none

    def __call__(
        self, model_ids: np.ndarray, masks: np.ndarray, examples: Examples | Stream, keep: tuple[int, ...] = ()
    ) -> TrainOutput:
        """The output, with the parameters after the epochs in `keep`, of which the last is that of the training."""
        state, begin, kept = self.start(model_ids), 0, []
        for end in (*keep[:-1], self.num_epochs):
            first, last = (np.full(self.num_devices, epoch, np.int32) for epoch in (begin, end))
            state, begin = self.advance(model_ids, masks, state, examples, first, last), end
            kept.append(parameters_of(state) if keep else None)
        output = self.finish(masks, state, examples)
        return output._replace(parameters=dict(zip(keep, kept, strict=True))) if keep else output


def parameters_of(state: State) -> Tree:
    """Parameters and state of networks in host memory, since the next step takes over the memory on the device."""
    return jax.tree.map(np.array, without_key_types((state.params, state.model_state)))


def without_key_types(tree: Tree) -> Tree:
    """Random keys, a type of jax, as plain numbers."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if is_key(leaf) else leaf, tree)


def is_key(leaf: Any) -> bool:
    return jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


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
