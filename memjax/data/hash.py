"""One number for the content of a data set, however it was loaded."""

import hashlib

import numpy as np

from memjax.types import Dataset


def content_hash(dataset: Dataset) -> str:
    """SHA-256, in hex, over type, shape and values of inputs and labels, train and test.

    Names, source rows and the record of changed labels do not count; the labels as they are now do.
    """
    digest = hashlib.sha256(b"memjax content 1")
    for array in (
        dataset.train_inputs,
        dataset.train_labels.astype(np.int64),
        dataset.test_inputs,
        dataset.test_labels.astype(np.int64),
    ):
        digest.update(f"/{array.dtype.name} {array.shape}/".encode())
        little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(little_endian.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
