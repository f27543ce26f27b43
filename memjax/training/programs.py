"""The compiled training of a batch of models on each device."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from memjax.training.single import Examples
from memjax.training.stream import Stream
from memjax.types import TrainOutput, Tree


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

    def __call__(self, model_ids: np.ndarray, masks: np.ndarray, examples: Examples | Stream) -> TrainOutput:
        first, last = (np.full(self.num_devices, epoch, np.int32) for epoch in (0, self.num_epochs))
        state = self.advance(model_ids, masks, self.start(model_ids), examples, first, last)
        return self.finish(masks, state, examples)
