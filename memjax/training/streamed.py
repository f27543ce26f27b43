"""One model's training on a stream that all models share: no model axis, no device.

Each batch holds examples of the whole training set; the model's mask says which of them are its own.  Held-out examples
are blanked out before the network sees them, weigh nothing in the loss, and are left out of batch statistics:

    loss = sum(mask * cross entropy) / sum(mask)

so that a held-out example cannot leave a trace in the model.  A batch without an example of its own does not change a
model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Key

from memjax import prng
from memjax.metrics import CLASSIFICATION, Task
from memjax.models.frozen import drawn
from memjax.models.normalization import counting
from memjax.training.batches import Augment, unchanged
from memjax.training.single import State
from memjax.training.stream import Batch
from memjax.types import Model, Tree

LEG = 256  # steps after which a training can be checkpointed: an epoch of large data takes hours


@dataclass(frozen=True, eq=False)
class StreamedTraining:
    """The training of one model on a stream as pure functions, a batch at a time: `start`, `step` and `judge`."""

    model: Model  # what it normalises over the batch has to heed `models.normalization.counting`
    optimizer: optax.GradientTransformation  # this, keep, augment and label_smoothing are as of `Training`
    keep: dict[str, Callable[[Array, Array], Array]]
    num_steps: int  # batches in all epochs
    largest: float  # what inputs are divided by
    augment: Augment = unchanged
    label_smoothing: float = 0.0
    leg: int = LEG  # steps after which it can be checkpointed
    task: Task = CLASSIFICATION
    initial: dict[str, np.ndarray] = field(default_factory=dict)  # as of `Training`

    @property
    def num_legs(self) -> int:
        return -(-self.num_steps // self.leg)

    def start(self, key: Key[Array, ""], given: Mapping[str, Array] | None = None) -> State:
        """The model before its first step; `given` has the arrays that are not drawn."""
        params, model_state = drawn(self.model, jax.random.fold_in(key, prng.INIT), given)
        return State(params, model_state, self.optimizer.init(params), jnp.uint32(0), {})

    def step(self, key: Key[Array, ""], mask: Bool[Array, " train"], state: State, active: Any, batch: Batch) -> State:
        """The model after a batch; as it was where not active."""
        own = mask.at[batch.rows].get(mode="fill", fill_value=False)
        dropout_key, augment_key = (jax.random.fold_in(key, purpose) for purpose in (prng.DROPOUT, prng.AUGMENT))
        inputs = self.augment(jax.random.fold_in(augment_key, state.step), self._scaled(batch.inputs))
        inputs = jnp.where(own.reshape(-1, *[1] * (inputs.ndim - 1)), inputs, 0)

        def loss(params: Tree) -> tuple[Array, Tree]:
            with counting(own):
                noise = jax.random.fold_in(dropout_key, state.step)
                logits, new_state = self.model.apply(params, state.model_state, inputs, noise, True)
            losses = self.task.loss(logits, batch.labels)
            if smoothing := self.label_smoothing:
                losses = (1 - smoothing) * losses - smoothing * jax.nn.log_softmax(logits).mean(-1)
            return jnp.where(own, losses, 0).sum() / jnp.maximum(own.sum(), 1), new_state  # 0 where none is its own

        gradient, model_state = jax.grad(loss, has_aux=True)(state.params)
        update, optimizer_state = self.optimizer.update(gradient, state.optimizer_state, state.params)
        new = State(optax.apply_updates(state.params, update), model_state, optimizer_state, state.step, {})
        moves = active & own.any()
        after = jax.tree.map(lambda after, before: jnp.where(moves, after, before), new, state)
        return after._replace(step=state.step + jnp.uint32(active))

    def judge(self, state: State, batch: Batch) -> tuple[dict[str, Array], Array]:
        """Metrics by name, of each example of a batch, and whether its logits are finite."""
        logits = self.model.apply(state.params, state.model_state, self._scaled(batch.inputs), None, False)[0]
        values = {name: metric(logits, batch.labels) for name, metric in self.keep.items()}
        return values, jnp.isfinite(logits).all()

    def _scaled(self, inputs: Array) -> Array:
        return inputs.astype(jnp.float32) * jnp.float32(1 / self.largest)
