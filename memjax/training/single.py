"""One model's training: no model axis, no device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Integer, Key, Shaped

from memjax import prng
from memjax.data.scaling import Scaling, narrowed, scaling_of
from memjax.data.targets import input_type, targets_of
from memjax.metrics import CLASSIFICATION, Task
from memjax.models.frozen import drawn
from memjax.models.platform import traced_for
from memjax.training.batches import Augment, epoch_batches, members, unchanged
from memjax.training.probes import NOTHING, Measured, Probe
from memjax.types import Dataset, Model, TrainOutput, Tree

MANY = 1024  # examples evaluated at once after training
FEW = 128  # examples evaluated at once during training: the activations of a pack then stay in the cache
SCALED_MOST = 2**30  # bytes of scaled inputs, beyond which a TPU scales each batch
CLASSES_MOST = 2**26  # probabilities of every class, beyond which they are not stored


class Examples(NamedTuple):
    """A data set on the device: inputs as stored, with mean and scale to standardise a batch."""

    train_inputs: Shaped[Array, "train ..."]
    train_labels: Shaped[Array, "train ..."]  # class numbers, or the targets that are numbers
    test_inputs: Shaped[Array, "test ..."]
    test_labels: Shaped[Array, "test ..."]
    mean: Shaped[Array, "..."]  # mean, scale: whole numbers, 0 and 1, where inputs are tokens, which stay what they are
    scale: Shaped[Array, "..."]


def examples_of(dataset: Dataset, scaling: str = "standard") -> Examples:
    """The arrays of a data set for the device, and how to scale its inputs there.  Inputs on disk are all read.

    standard: to mean 0 and deviation 1 over the training inputs; images a colour channel at a time, vectors a feature
    at a time, since features differ in unit.  unit: divided by the largest training input, 255 for most images.
    Inputs that float32 would round away are scaled here already; see `data.scaling`.
    """
    train_inputs, test_inputs = narrowed(dataset.train_inputs[:], dataset.test_inputs[:])
    train_targets, test_targets = targets_of(dataset)
    if dataset.tokens:
        found = Scaling(None, np.int32(0), np.int32(1))
    else:
        found = scaling_of(train_inputs, scaling, test_inputs)
    if found.origin is not None:
        train_inputs, test_inputs = found(train_inputs), found(test_inputs)
        found = Scaling(None, np.float32(0), np.float32(1))
    scale = np.asarray(found.scale, input_type(dataset))
    return Examples(*map(jnp.asarray, (train_inputs, train_targets, test_inputs, test_targets, found.mean, scale)))


def with_features(examples: Examples, features: Callable[[Array], Array]) -> Examples:
    """The examples with features in the place of inputs, computed once for all models."""
    compute = jax.jit(lambda inputs: features(_scaled(examples, inputs)))

    def of(inputs: Array) -> Array:
        parts = [compute(inputs[start : start + MANY]) for start in range(0, len(inputs), MANY)]
        return jnp.concatenate(parts or [jnp.zeros((0, *compute(examples.train_inputs[:1]).shape[1:]))])

    return Examples(
        of(examples.train_inputs), examples.train_labels, of(examples.test_inputs), examples.test_labels,
        jnp.float32(0), jnp.float32(1),
    )  # fmt: skip


class State(NamedTuple):
    """A model in training, and what has been recorded of it."""

    params: Tree
    model_state: Tree
    optimizer_state: Tree
    step: Int[Array, ""]
    record: Measured


@dataclass(frozen=True, eq=False)
class Training:
    """The training of one model as pure functions: `start`, `advance` by some epochs, `finish`.

    In three parts, so that it can be checkpointed after any epoch.  `training(key, mask, examples)` does all three.

    Attributes:
      model: the network.
      optimizer: any optax optimiser; its state starts afresh with every model.
      keep: functions of metrics by name; each is computed for all training and all test examples at the end.
      max_size: examples in the largest subset; the number of steps is the same for every model.
      num_epochs: passes over the subset.
      batch_size: examples per step.
      augment: what is done to the scaled inputs of each step, see `training.make_augment`.
      label_smoothing: part of each label that is spread evenly over all classes.
      probe: what is recorded of all training examples during training.
      task: has the loss, and what is averaged over held-out models.
      initial: name of an array -> what models begin with instead of drawing it, (models, ...); see `initial_of`.
    """

    model: Model
    optimizer: optax.GradientTransformation
    keep: dict[str, Callable[[Array, Array], Array]]
    max_size: int
    num_epochs: int
    batch_size: int
    augment: Augment = unchanged
    label_smoothing: float = 0.0
    probe: Probe = NOTHING
    task: Task = CLASSIFICATION
    initial: dict[str, np.ndarray] = field(default_factory=dict)

    def __call__(self, key: Key[Array, ""], mask: Bool[Array, " train"], examples: Examples) -> TrainOutput:
        return self.finish(self.advance(key, mask, self.start(key), examples, 0, self.num_epochs), examples)

    def start(self, key: Key[Array, ""], given: Mapping[str, Array] | None = None) -> State:
        """The model before its first step; `given` has the arrays that are not drawn."""
        params, model_state = drawn(self.model, jax.random.fold_in(key, prng.INIT), given)
        return State(params, model_state, self.optimizer.init(params), jnp.uint32(0), self.probe.blank())

    def advance(
        self, key: Key[Array, ""], mask: Bool[Array, " train"], state: State, examples: Examples, first: Any, last: Any
    ) -> State:
        """The model after the epochs first .. last - 1."""
        inputs, labels = examples.train_inputs, examples.train_labels
        rows, size = members(mask, self.max_size), mask.sum()
        everyone, held_out = jnp.arange(len(mask)), members(~mask, len(mask) - self.max_size)
        order_key, dropout_key, augment_key = (
            jax.random.fold_in(key, purpose) for purpose in (prng.ORDER, prng.DROPOUT, prng.AUGMENT)
        )
        ready = _as_rows(examples) if traced_for.value == "tpu" else examples
        step = partial(self._step, ready, inputs.shape[1:], dropout_key, augment_key)

        def epoch(number: Array, before: State) -> State:
            logits = partial(self._logits, before, examples, inputs, labels, everyone, FEW)
            before = before._replace(record=self.probe.after_epoch(before.record, number, logits, labels))
            batches = epoch_batches(jax.random.fold_in(order_key, number), rows, size, self.batch_size)
            after, measured = jax.lax.scan(step, before, batches)
            logits = partial(self._logits, after, examples, inputs, labels, held_out, FEW)
            record = self.probe.after_batches(after.record, number + 1, batches, measured, held_out, logits, labels)
            return after._replace(record=record)

        return jax.lax.fori_loop(first, last, epoch, state)

    def finish(self, state: State, examples: Examples) -> TrainOutput:
        """The outputs of the trained model that are stored."""
        train, test = (
            self._logits(state, examples, inputs, labels, jnp.arange(len(inputs)), MANY)
            for inputs, labels in (
                (examples.train_inputs, examples.train_labels), (examples.test_inputs, examples.test_labels)
            )
        )  # fmt: skip
        averages = self.task.targets != "tokens"  # there would be a number for each word of the vocabulary
        return TrainOutput(
            train={name: metric(train, examples.train_labels) for name, metric in self.keep.items()},
            test={name: metric(test, examples.test_labels) for name, metric in self.keep.items()},
            finite=reduce(jnp.logical_and, (jnp.isfinite(leaf).all() for leaf in jax.tree.leaves((train, test)))),
            record=self.probe.after_epoch(state.record, self.num_epochs, lambda: train, examples.train_labels),
            classes=self.task.expected(train) if averages and train.size <= CLASSES_MOST else None,
        )

    def _step(
        self, examples: Examples, sides: tuple[int, ...], dropout_key: Array, augment_key: Array, state: State,
        batch: Int[Array, " batch"],
    ) -> tuple[State, Measured]:  # fmt: skip
        """The model after one step, and what the probe records of the batch; an input has the shape `sides`."""
        inputs, labels = _scaled(examples, examples.train_inputs[batch]), examples.train_labels[batch]
        inputs = inputs.reshape(-1, *sides)
        inputs = self.augment(jax.random.fold_in(augment_key, state.step), inputs)

        def loss(params: Tree) -> tuple[Array, tuple[Tree, Array]]:
            key = jax.random.fold_in(dropout_key, state.step)
            logits, model_state = self.model.apply(params, state.model_state, inputs, key, True)
            return _mean_loss(self.task, logits, labels, self.label_smoothing), (model_state, logits)

        gradient, (model_state, logits) = jax.grad(loss, has_aux=True)(state.params)
        update, optimizer_state = self.optimizer.update(gradient, state.optimizer_state, state.params)
        params = optax.apply_updates(state.params, update)
        after = State(params, model_state, optimizer_state, state.step + 1, state.record)
        return after, self.probe.measured(logits, labels) if self.probe.own == "met" else {}

    def _logits(
        self, state: State, examples: Examples, inputs: Shaped[Array, "examples ..."],
        labels: Shaped[Array, "examples ..."], rows: Int[Array, " rows"], at_once: int,
    ) -> Tree:  # fmt: skip
        """The network's logits for some of the inputs, or what the task reduces them to, computed in parts."""
        if not len(inputs):  # there are no test examples: one for the shapes, which no row asks for
            inputs, labels = (jnp.zeros((1, *side.shape[1:]), side.dtype) for side in (inputs, labels))
        at_once = max(1, min(at_once, len(rows)))
        count = -(-len(rows) // at_once)
        parts = rows[jnp.arange(count * at_once) % len(rows)].reshape(count, at_once)  # the last part is topped up

        def logits_of_rows(rows: Int[Array, " part"]) -> Tree:
            logits = self.model.apply(state.params, state.model_state, _scaled(examples, inputs[rows]), None, False)[0]
            return self.task.reduced(logits, labels[rows]) if self.task.reduced else logits

        found = jax.lax.map(logits_of_rows, parts)
        return jax.tree.map(lambda part: part.reshape(count * at_once, *part.shape[2:])[: len(rows)], found)


make_train = Training


def initial_of(initial: Mapping[str, np.ndarray], model_ids: Integer[np.ndarray, "*shape"]) -> dict[str, np.ndarray]:
    """What some models begin with: arrays for one model go to all, else model t gets number t, and again from 0."""
    return {name: array[model_ids % len(array)] for name, array in initial.items()}


def _mean_loss(
    task: Task, logits: Float[Array, "batch ..."], labels: Shaped[Array, "batch ..."], smoothing: float
) -> Float[Array, ""]:
    """The loss of a batch; smoothing is for classes."""

    def loss(logits: Array) -> Array:
        loss = task.loss(logits, labels).mean()
        if not smoothing:
            return loss
        return (1 - smoothing) * loss - smoothing * jax.nn.log_softmax(logits).mean()

    def gradient(logits: Array, slope: Array) -> tuple[Array]:
        wanted = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype), smoothing)
        return (jax.lax.optimization_barrier((jax.nn.softmax(logits) - wanted) * (slope / len(logits))),)

    if traced_for.value != "tpu" or task is not CLASSIFICATION:
        return loss(logits)
    once = jax.custom_vjp(loss)  # XLA would compute the softmax again for the gradient of each weight
    once.defvjp(lambda logits: (loss(logits), logits), gradient)
    return once(logits)


def _scaled(examples: Examples, inputs: Shaped[Array, "batch ..."]) -> Shaped[Array, "batch ..."]:
    return (inputs.astype(examples.scale.dtype) - examples.mean) * examples.scale


def _as_rows(examples: Examples) -> Examples:
    """The training inputs as rows, scaled once if that takes little memory.

    In the tiles of a TPU's memory, images of few channels are mostly padding, so that scaling a batch of them takes
    longer than the training step of a small network.
    """
    sides = examples.train_inputs.shape[1:]
    mean, scale = (jnp.broadcast_to(value, sides).reshape(-1) for value in (examples.mean, examples.scale))
    rows = examples.train_inputs.reshape(len(examples.train_inputs), -1)
    found = examples._replace(train_inputs=rows, mean=mean, scale=scale)
    if 4 * rows.size > SCALED_MOST:
        return found
    once = jax.lax.optimization_barrier(_scaled(found, rows))
    return found._replace(train_inputs=once, mean=jnp.zeros_like(scale[0]), scale=jnp.ones_like(scale[0]))
