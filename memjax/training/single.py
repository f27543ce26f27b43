"""One model's training: no model axis, no device."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from memjax import prng
from memjax.training.augment import Augment, unchanged
from memjax.training.batches import epoch_batches, members
from memjax.training.probes import NOTHING, Probe, Record
from memjax.types import Dataset, Model, TrainOutput, Tree

CHUNK = 1024  # examples evaluated at once in the end
SMALL_CHUNK = 128  # and on the way, where it counts: what lies between the layers of a pack then stays in the cache


class Examples(NamedTuple):
    """A data set as the training program holds it: as stored, with the two numbers that scale it."""

    train_inputs: Shaped[Array, "train ..."]
    train_labels: Int[Array, " train"]
    test_inputs: Shaped[Array, "test ..."]
    test_labels: Int[Array, " test"]
    mean: Float[Array, "..."]
    scale: Float[Array, "..."]


def examples_of(dataset: Dataset, scaling: str = "standard") -> Examples:
    """The arrays of a data set, with what scales them.

    Inputs on disk are read, all of them.

    standard: to mean 0 and deviation 1 over the training inputs; images a colour channel at a time, vectors a feature
    at a time, since features differ in unit.  unit: divided by the largest training input, 255 for most images.
    """
    train_inputs, test_inputs = dataset.train_inputs[:], dataset.test_inputs[:]
    if scaling == "unit":
        largest = np.float32(max(np.abs(train_inputs).max(), 1e-30))
        mean, scale = np.float32(0), 1 / largest
    else:
        mean, spread = _mean_and_deviation(train_inputs)
        varies = spread > 1e-6 * np.abs(mean)  # what does not, but for rounding, is left as it is
        scale = np.float32(1) / np.where(varies, spread, np.float32(1))
    return Examples(
        jnp.asarray(train_inputs),
        jnp.asarray(dataset.train_labels, jnp.int32),
        jnp.asarray(test_inputs),
        jnp.asarray(dataset.test_labels, jnp.int32),
        jnp.asarray(mean),
        jnp.asarray(scale, jnp.float32),
    )


def _mean_and_deviation(inputs: Shaped[np.ndarray, "train ..."]) -> tuple[np.ndarray, np.ndarray]:
    """In float64, a chunk at a time: a float copy of all images would not fit where the images do."""
    axes = (0, 1, 2) if inputs.ndim > 2 else (0,)
    chunks = [inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK)]
    count = math.prod(inputs.shape[axis] for axis in axes)
    mean = sum(chunk.sum(axes, dtype=np.float64) for chunk in chunks) / count
    variance = sum(np.square(chunk - mean).sum(axes) for chunk in chunks) / count
    return np.asarray(mean, np.float32), np.asarray(np.sqrt(variance), np.float32)


class State(NamedTuple):
    """A model in the middle of its training, and what has been recorded of it."""

    params: Tree
    model_state: Tree
    optimizer_state: Tree
    step: Int[Array, ""]
    record: Record


@dataclass(frozen=True, eq=False)
class Training:
    """The training of one model as pure functions, in three parts, so that it can be laid down after any epoch.

    Calling it, `training(key, mask, examples)`, goes from the start to the finish.

    Attributes:
      start: key -> the model before its first step.
      advance: (key, mask, state, examples, first, last) -> the model after the epochs first .. last - 1.
      finish: (state, examples) -> what is kept of it.
      num_epochs: epochs in all.
    """

    start: Callable[[Key[Array, ""]], State]
    advance: Callable[..., State]
    finish: Callable[[State, Examples], TrainOutput]
    num_epochs: int

    def __call__(self, key: Key[Array, ""], mask: Bool[Array, " train"], examples: Examples) -> TrainOutput:
        return self.finish(self.advance(key, mask, self.start(key), examples, 0, self.num_epochs), examples)


def make_train(
    model: Model,
    optimizer: optax.GradientTransformation,
    keep: dict[str, Callable[[Array, Array], Array]],
    max_size: int,
    epochs: int,
    batch_size: int,
    augment: Augment = unchanged,
    label_smoothing: float = 0.0,
    probe: Probe = NOTHING,
) -> Training:
    """The training of one model, `training(key, mask, examples) -> TrainOutput`.

    Args:
      model: the network.
      optimizer: any optax optimiser; its state starts afresh with every model.
      keep: metrics by name, see `memjax.metrics`; each is taken of all training and all test examples at the end.
      max_size: examples in the largest subset; the number of steps is the same for every model.
      epochs: passes over the subset.
      batch_size: examples a step.
      augment: what is done to the scaled inputs of each step, see `training.augment`.
      label_smoothing: part of each label that is spread evenly over all classes.
      probe: what is recorded of all training examples on the way.
    """

    def start(key: Key[Array, ""]) -> State:
        params, model_state = model.init(jax.random.fold_in(key, prng.INIT))
        return State(params, model_state, optimizer.init(params), jnp.uint32(0), probe.blank())

    def advance(
        key: Key[Array, ""], mask: Bool[Array, " train"], state: State, examples: Examples, first: Any, last: Any
    ) -> State:
        rows, size = members(mask, max_size), mask.sum()
        held_out = members(~mask, len(mask) - max_size)
        order_key, dropout_key, augment_key = (
            jax.random.fold_in(key, purpose) for purpose in (prng.ORDER, prng.DROPOUT, prng.AUGMENT)
        )

        def step(state, batch):
            params, model_state, optimizer_state, count, record = state
            inputs, labels = _scaled(examples, examples.train_inputs[batch]), examples.train_labels[batch]
            inputs = augment(jax.random.fold_in(augment_key, count), inputs)

            def loss(params):
                key = jax.random.fold_in(dropout_key, count)
                logits, new_state = model.apply(params, model_state, inputs, key, True)
                return _cross_entropy(logits, labels, label_smoothing), (new_state, logits)

            gradient, (model_state, logits) = jax.grad(loss, has_aux=True)(params)
            update, optimizer_state = optimizer.update(gradient, optimizer_state, params)
            params = optax.apply_updates(params, update)
            return State(params, model_state, optimizer_state, count + 1, record), seen_in(logits, labels)

        def epoch(number, state):
            state = looked_at(
                state, number, lambda: logits_of(state, examples, examples.train_inputs, SMALL_CHUNK), examples
            )
            batches = epoch_batches(jax.random.fold_in(order_key, number), rows, size, batch_size)
            state, seen = jax.lax.scan(step, state, batches)
            return with_met(state, number + 1, batches, seen, held_out, examples)

        return jax.lax.fori_loop(first, last, epoch, state)

    def seen_in(logits: Float[Array, "batch classes"], labels: Int[Array, " batch"]) -> Record:
        return probe.measured(logits, labels) if probe.when_met else {}

    def with_met(state: State, number: Any, batches: Array, seen: Record, held_out: Array, examples: Examples) -> State:
        if not probe.when_met:
            return state

        def logits() -> Array:
            return logits_of(state, examples, examples.train_inputs, SMALL_CHUNK, held_out)

        record = probe.join(state.record, number, batches, seen, held_out, logits, examples.train_labels)
        return state._replace(record=record)

    def looked_at(state: State, number: Any, logits: Callable[[], Array], examples: Examples) -> State:
        return state._replace(record=probe.look(state.record, number, logits, examples.train_labels))

    def logits_of(
        state: State,
        examples: Examples,
        inputs: Shaped[Array, "examples ..."],
        chunk: int = CHUNK,
        rows: Int[Array, " rows"] | None = None,
    ) -> Float[Array, "rows classes"]:
        rows = jnp.arange(len(inputs)) if rows is None else rows
        return _logits(model, state.params, state.model_state, examples, inputs, rows, chunk)

    def finish(state: State, examples: Examples) -> TrainOutput:
        train, test = (logits_of(state, examples, inputs) for inputs in (examples.train_inputs, examples.test_inputs))
        state = looked_at(state, epochs, lambda: train, examples)
        return TrainOutput(
            train={name: metric(train, examples.train_labels) for name, metric in keep.items()},
            test={name: metric(test, examples.test_labels) for name, metric in keep.items()},
            finite=jnp.isfinite(train).all() & jnp.isfinite(test).all(),
            record=state.record,
        )

    return Training(start, advance, finish, epochs)


def _cross_entropy(
    logits: Float[Array, "batch classes"], labels: Int[Array, " batch"], smoothing: float
) -> Float[Array, ""]:
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
    if not smoothing:
        return loss
    return (1 - smoothing) * loss - smoothing * jax.nn.log_softmax(logits).mean()


def _scaled(examples: Examples, inputs: Shaped[Array, "batch ..."]) -> Float[Array, "batch ..."]:
    return (inputs.astype(jnp.float32) - examples.mean) * examples.scale


def _logits(
    model: Model,
    params: Tree,
    state: Tree,
    examples: Examples,
    inputs: Shaped[Array, "examples ..."],
    rows: Int[Array, " rows"],
    chunk: int,
) -> Float[Array, "rows classes"]:
    """The network's answers to some of the inputs, a chunk at a time."""
    if not len(rows):  # there are no test examples
        one = jax.ShapeDtypeStruct((1, *inputs.shape[1:]), jnp.float32)
        like = jax.eval_shape(lambda inputs: model.apply(params, state, inputs, None, False)[0], one)
        return jnp.zeros((0, like.shape[-1]), like.dtype)
    chunk = max(1, min(chunk, len(rows)))
    count = -(-len(rows) // chunk)
    chunks = rows[jnp.arange(count * chunk) % len(rows)].reshape(count, chunk)  # the last chunk is topped up

    def logits_of_rows(rows):
        return model.apply(params, state, _scaled(examples, inputs[rows]), None, False)[0]

    logits = jax.lax.map(logits_of_rows, chunks)
    return logits.reshape(count * chunk, logits.shape[-1])[: len(rows)]
