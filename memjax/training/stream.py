"""The stream of a training set: one order of batches for all models, which Grain reads ahead on the host."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Shaped

from memjax.data.targets import targets_of
from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.prng import host_permutation
from memjax.training.batches import num_batches
from memjax.types import Dataset

AHEAD = 4  # batches that are read in advance, each by its own thread


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
