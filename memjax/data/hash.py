"""A hash of the content of a data set, however it was loaded."""

import hashlib

import numpy as np

from memjax.data.check import EXAMPLES_AT_ONCE
from memjax.disk_inputs import Stored
from memjax.types import Dataset


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
