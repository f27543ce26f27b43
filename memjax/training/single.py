"""One model's training: no model axis, no device."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from memjax import prng
from memjax.training.batches import epoch_batches, members
from memjax.types import Dataset, Model, TrainOutput, Tree

CHUNK = 1024  # examples evaluated at once


class Examples(NamedTuple):
    """A data set as the training program holds it: as stored, with the two numbers that standardise it."""

    train_inputs: Shaped[Array, "train ..."]
    train_labels: Int[Array, " train"]
    test_inputs: Shaped[Array, "test ..."]
    test_labels: Int[Array, " test"]
    mean: Float[Array, "..."]
    scale: Float[Array, "..."]


def examples_of(dataset: Dataset) -> Examples:
    """The arrays of a data set, to be standardised by the mean and deviation of the training inputs.

    Images: one mean and one deviation a colour channel.  Vectors: one a feature, since features differ in unit.
    """
    mean, spread = _mean_and_deviation(dataset.train_inputs)
    varies = spread > 1e-6 * np.abs(mean)  # what does not, but for rounding, is left as it is
    scale = np.float32(1) / np.where(varies, spread, np.float32(1))
    return Examples(
        jnp.asarray(dataset.train_inputs),
        jnp.asarray(dataset.train_labels, jnp.int32),
        jnp.asarray(dataset.test_inputs),
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


def make_train(
    model: Model,
    optimizer: optax.GradientTransformation,
    keep: dict[str, Callable[[Array, Array], Array]],
    max_size: int,
    epochs: int,
    batch_size: int,
) -> Callable[[Key[Array, ""], Bool[Array, " train"], Examples], TrainOutput]:
    """The training of one model as a pure function `train(key, mask, examples) -> TrainOutput`.

    Args:
      model: the network.
      optimizer: any optax optimiser; its state starts afresh with every model.
      keep: metrics by name, see `memjax.metrics`; each is taken of all training and all test examples at the end.
      max_size: examples in the largest subset; the number of steps is the same for every model.
      epochs: passes over the subset.
      batch_size: examples a step.
    """

    def train(key: Key[Array, ""], mask: Bool[Array, " train"], examples: Examples) -> TrainOutput:
        rows, size = members(mask, max_size), mask.sum()
        params, state = model.init(jax.random.fold_in(key, prng.INIT))
        start = (params, state, optimizer.init(params), jnp.uint32(0))
        order_key, dropout_key = jax.random.fold_in(key, prng.ORDER), jax.random.fold_in(key, prng.DROPOUT)

        def step(carry, batch):
            params, state, opt_state, count = carry
            inputs, labels = _standardised(examples, examples.train_inputs[batch]), examples.train_labels[batch]

            def loss(params):
                logits, new_state = model.apply(params, state, inputs, jax.random.fold_in(dropout_key, count), True)
                return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), new_state

            gradient, state = jax.grad(loss, has_aux=True)(params)
            update, opt_state = optimizer.update(gradient, opt_state, params)
            return (optax.apply_updates(params, update), state, opt_state, count + 1), None

        def epoch(carry, number):
            batches = epoch_batches(jax.random.fold_in(order_key, number), rows, size, batch_size)
            return jax.lax.scan(step, carry, batches)[0], None

        (params, state, _, _), _ = jax.lax.scan(epoch, start, jnp.arange(epochs, dtype=jnp.uint32))
        return _evaluate(model, params, state, keep, examples)

    return train


def _standardised(examples: Examples, inputs: Shaped[Array, "batch ..."]) -> Float[Array, "batch ..."]:
    return (inputs.astype(jnp.float32) - examples.mean) * examples.scale


def _evaluate(
    model: Model, params: Tree, state: Tree, keep: dict[str, Callable[[Array, Array], Array]], examples: Examples
) -> TrainOutput:
    def logits_of(inputs):
        chunk = min(CHUNK, len(inputs))
        count = -(-len(inputs) // chunk)
        rows = (jnp.arange(count * chunk) % len(inputs)).reshape(count, chunk)  # the last chunk is topped up

        def logits_of_rows(rows):
            return model.apply(params, state, _standardised(examples, inputs[rows]), None, False)[0]

        logits = jax.lax.map(logits_of_rows, rows)
        return logits.reshape(count * chunk, -1)[: len(inputs)]

    train_logits, test_logits = logits_of(examples.train_inputs), logits_of(examples.test_inputs)
    return TrainOutput(
        train={name: metric(train_logits, examples.train_labels) for name, metric in keep.items()},
        test={name: metric(test_logits, examples.test_labels) for name, metric in keep.items()},
        finite=jnp.isfinite(train_logits).all() & jnp.isfinite(test_logits).all(),
    )
