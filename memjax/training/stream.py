"""A stream of batches that all models share, which Grain reads ahead on the host, and one model's training on it.

Each batch holds examples of the whole training set; the model's mask says which of them are its own.  Held-out examples
are blanked out before the network sees them, weigh nothing in the loss, and are left out of batch statistics:

    loss = sum(mask * cross entropy) / sum(mask)

so that a held-out example cannot leave a trace in the model.  A batch without an example of its own does not change a
model.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Key, Shaped

from memjax import prng
from memjax.data.targets import targets_of
from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.metrics import CLASSIFICATION, Task
from memjax.models.frozen import drawn
from memjax.models.normalization import counting
from memjax.prng import host_permutation
from memjax.training.batches import Augment, num_batches, unchanged
from memjax.training.single import State
from memjax.types import Dataset, Model, Tree

AHEAD = 4  # batches that are read in advance, each by its own thread
LEG = 256  # steps after which a training can be checkpointed: an epoch of large data takes hours


class Batch(NamedTuple):
    """Examples for all models of all devices: NumPy arrays until they are sent to the devices, then jax arrays."""

    inputs: Any  # (batch, *shape), as stored
    labels: Any  # (batch,) int32, or targets that are numbers
    rows: Any  # (batch,) int32, rows of the split; those that only fill up the last batch are past its end


@dataclass(frozen=True, eq=False)
class Stream:
    """A data set that stays on the host, and the order of its examples.

    Each epoch is one permutation of the training set, a function of the run's seed and of the epoch alone, so that
    training can start at any step.
    """

    train_inputs: Inputs
    train_labels: Shaped[np.ndarray, "train ..."]
    test_inputs: Inputs
    test_labels: Shaped[np.ndarray, "test ..."]
    seed: int
    batch_size: int

    @property
    def steps_an_epoch(self) -> int:
        return num_batches(len(self.train_labels), self.batch_size)

    def training(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of the steps first .. last - 1, counted over all epochs."""
        return _read_ahead(_Batches(self.train_inputs, self.train_labels, self._rows, first, last))

    def in_order(self, part: str) -> Iterator[Batch]:
        """All examples of a part, `train` or `test`, once."""
        inputs, labels = getattr(self, f"{part}_inputs"), getattr(self, f"{part}_labels")

        def rows(step: int) -> np.ndarray:
            return self._filled(np.arange(len(labels))[step * self.batch_size :][: self.batch_size], len(labels))

        return _read_ahead(_Batches(inputs, labels, rows, 0, num_batches(len(labels), self.batch_size)))

    def like(self) -> Batch:
        """Shapes and types of a batch."""
        rows = np.zeros(self.batch_size, np.int32)
        inputs = np.empty((self.batch_size, *self.train_inputs.shape[1:]), self.train_inputs.dtype)
        labels = np.zeros((self.batch_size, *self.train_labels.shape[1:]), self.train_labels.dtype)
        return Batch(_for_devices(inputs), labels, rows)

    def _rows(self, step: int) -> np.ndarray:
        epoch, place = divmod(step, self.steps_an_epoch)
        order = _order(self.seed, epoch, len(self.train_labels))
        return self._filled(order[place * self.batch_size :][: self.batch_size], len(order))

    def _filled(self, rows: np.ndarray, count: int) -> np.ndarray:
        return np.pad(rows, (0, self.batch_size - len(rows)), constant_values=count)


def stream_of(dataset: Dataset, seed: int, batch_size: int) -> Stream:
    """The stream of a data set."""
    train, test = targets_of(dataset)
    return Stream(dataset.train_inputs, train, dataset.test_inputs, test, seed, batch_size)


def check_reader() -> None:
    """Raises InputError where Grain is not installed."""
    if importlib.util.find_spec("grain") is None:
        raise InputError("--stream reads with Grain, which is not installed; pip install 'memjax[stream]'")


def largest_input(dtype: np.dtype) -> float:
    """What a streamed input is divided by: the largest number of a type of integers, 1 for floats and truth values.

    It depends on no example, so that none can leave a trace here.
    """
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def _for_devices(inputs: np.ndarray) -> np.ndarray:
    """Numbers of 64 bits as float32: devices would keep their lower 32 bits."""
    return inputs.astype(np.float32) if inputs.dtype.itemsize > 4 else inputs


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> np.ndarray:
    return host_permutation(seed, "stream", epoch, count)


@dataclass(frozen=True, eq=False)
class _Batches:
    """Batches by number: a random-access source for Grain."""

    inputs: Inputs
    labels: np.ndarray
    rows: Callable[[int], np.ndarray]
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, number: int) -> Batch:
        rows = self.rows(self.first + number)
        valid = np.minimum(rows, len(self.labels) - 1)  # the last example fills up, with weight 0
        return Batch(_for_devices(self.inputs[valid]), self.labels[valid], rows.astype(np.int32))


def _read_ahead(batches: Any) -> Iterator[Batch]:
    import grain  # pyright: ignore[reportMissingImports]

    options = grain.ReadOptions(num_threads=AHEAD, prefetch_buffer_size=AHEAD)
    return iter(grain.MapDataset.source(batches).to_iter_dataset(options))


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
