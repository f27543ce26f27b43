"""Loads the examples: reads, selects, corrupts and checks them."""

import hashlib

import numpy as np

from memjax.config.specs import DataSpec
from memjax.data.check import EXAMPLES_AT_ONCE
from memjax.data.check import check as _check
from memjax.data.corruptions.inputs import noisy_inputs, random_inputs, shuffled_pixels
from memjax.data.corruptions.labels import flip_labels, pair_labels, random_labels
from memjax.data.corruptions.parse import corrupt
from memjax.data.select import select as _select
from memjax.data.select import take_rows
from memjax.data.sources import read_source
from memjax.disk_inputs import Stored
from memjax.types import Dataset


def load_dataset(spec: DataSpec, source: Dataset | None = None) -> Dataset:
    """The examples that `spec` asks for, after selection, label noise, corruptions and checks.

    Args:
      source: the examples before selection; by default the data set that `spec` names.

    Raises:
      InputError: the source is unknown, missing or damaged, a corruption is unknown, or the examples cannot be used.
    """
    dataset = _select(read_source(spec) if source is None else source, spec)
    dataset = flip_labels(dataset, spec.label_noise, spec.data_seed)
    dataset = corrupt(dataset, spec.corrupt, spec.data_seed, spec.corrupt_test)
    _check(dataset)
    return dataset


def content_hash(dataset: Dataset) -> str:
    """SHA-256, in hex, of the type, shape and values of inputs and labels, training and test.

    Names, source rows and the marks of changed labels are not hashed; the changed labels themselves are.  For inputs on
    disk that name their source, its name and the selected rows are hashed instead of the values.
    """
    digest = hashlib.sha256(b"memjax content 1")
    for array in (
        dataset.train_inputs,
        dataset.train_labels.astype(np.int64),
        dataset.test_inputs,
        dataset.test_labels.astype(np.int64),
    ):
        digest.update(f"/{array.dtype.name} {array.shape}/".encode())
        if isinstance(array, Stored) and array.identity:
            digest.update(f"{array.identity}/".encode())
            array = array.rows.astype(np.int64)
        for start in range(0, len(array), EXAMPLES_AT_ONCE):
            part = array[start : start + EXAMPLES_AT_ONCE]
            little_endian = np.ascontiguousarray(part, dtype=part.dtype.newbyteorder("<"))
            digest.update(little_endian.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
