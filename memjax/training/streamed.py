"""One model's training on a stream that it shares with others: no model axis, no device.

Each batch holds examples of the whole training set; the model's mask says which of them are its own.  The others are
blanked out before the network sees them, weigh nothing in the loss, and are left out of batch statistics:

    loss = sum(mask * cross entropy) / sum(mask)

so that a held-out example cannot leave a trace in the model.  A batch without an example of its own leaves a model as
it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from memjax import prng
from memjax.models.normalization import counting
from memjax.training.augment import Augment, unchanged
from memjax.training.single import State
from memjax.training.stream import Batch
from memjax.types import Model

LEG = 256  # steps after which a training can be laid down: an epoch of large data takes hours


@dataclass(frozen=True, eq=False)
class StreamedTraining:
    """The training of one model as pure functions, a batch at a time.

    Attributes:
      start: key -> the model before its first step.
      step: (key, mask, state, active, batch) -> the model after it; as it was where not active.
      judge: (state, batch) -> (metrics by name, whether the logits are finite), of each example of the batch.
      num_steps: steps in all.
      leg: steps after which it can be laid down.
    """

    start: Callable[[Key[Array, ""]], State]
    step: Callable[..., State]
    judge: Callable[..., tuple[dict[str, Array], Array]]
    num_steps: int
    leg: int = LEG

    @property
    def num_legs(self) -> int:
        return -(-self.num_steps // self.leg)


def make_streamed(
    model: Model,
    optimizer: optax.GradientTransformation,
    keep: dict[str, Callable[[Array, Array], Array]],
    num_steps: int,
    largest: float,
    augment: Augment = unchanged,
    label_smoothing: float = 0.0,
) -> StreamedTraining:
    """The training of one model on a stream.

    Args:
      model: the network; what it normalises over the batch has to heed `models.normalization.counting`.
      optimizer, keep, augment, label_smoothing: as of `make_train`.
      num_steps: batches in all epochs.
      largest: what inputs are divided by.
    """

    def scaled(inputs: Array) -> Array:
        return inputs.astype(jnp.float32) * jnp.float32(1 / largest)

    def start(key: Key[Array, ""]) -> State:
        params, model_state = model.init(jax.random.fold_in(key, prng.INIT))
        return State(params, model_state, optimizer.init(params), jnp.uint32(0), {})

    def step(key: Key[Array, ""], mask: Bool[Array, " train"], state: State, active: Any, batch: Batch) -> State:
        own = mask.at[batch.rows].get(mode="fill", fill_value=False)
        dropout_key, augment_key = (jax.random.fold_in(key, purpose) for purpose in (prng.DROPOUT, prng.AUGMENT))
        inputs = augment(jax.random.fold_in(augment_key, state.step), scaled(batch.inputs))
        inputs = jnp.where(own.reshape(-1, *[1] * (inputs.ndim - 1)), inputs, 0)

        def loss(params):
            with counting(own):
                noise = jax.random.fold_in(dropout_key, state.step)
                logits, new_state = model.apply(params, state.model_state, inputs, noise, True)
            return weighted_loss(logits, batch.labels, own, label_smoothing), new_state

        gradient, model_state = jax.grad(loss, has_aux=True)(state.params)
        update, optimizer_state = optimizer.update(gradient, state.optimizer_state, state.params)
        new = State(optax.apply_updates(state.params, update), model_state, optimizer_state, state.step, {})
        moves = active & own.any()
        kept = jax.tree.map(lambda after, before: jnp.where(moves, after, before), new, state)
        return kept._replace(step=state.step + jnp.uint32(active))

    def judge(state: State, batch: Batch) -> tuple[dict[str, Array], Array]:
        logits = model.apply(state.params, state.model_state, scaled(batch.inputs), None, False)[0]
        values = {name: metric(logits, batch.labels) for name, metric in keep.items()}
        return values, jnp.isfinite(logits).all()

    return StreamedTraining(start, step, judge, num_steps)


def weighted_loss(
    logits: Float[Array, "batch classes"],
    labels: Int[Array, " batch"],
    own: Bool[Array, " batch"],
    smoothing: float = 0.0,
) -> Float[Array, ""]:
    """Mean cross entropy of the examples that are the model's own; 0 where there are none."""
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    if smoothing:
        losses = (1 - smoothing) * losses - smoothing * jax.nn.log_softmax(logits).mean(-1)
    return jnp.where(own, losses, 0).sum() / jnp.maximum(own.sum(), 1)
