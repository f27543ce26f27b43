"""A folder with one file for each array.  Large arrays can stay on disk."""

import logging
from pathlib import Path

import numpy as np

from memjax.data.build import make_encoded
from memjax.disk_inputs import Inputs, Stored
from memjax.errors import InputError
from memjax.types import Dataset
from memjax.untrusted import map_npy, read_npy, user_path


def load_npy(folder: str, stream: bool) -> Dataset:
    """The data set in x_train.npy, y_train.npy, x_test.npy and y_test.npy, written by `numpy.save`.

    Inputs are (examples, *shape), numbers of any type; labels (examples,): text, whole numbers or booleans.
    Nothing is unpickled.

    Args:
      stream: whether the inputs stay on disk.

    Raises:
      InputError: a file is missing or damaged, or its array has another type or shape.
    """
    path = user_path(folder)
    train, test = (
        (_inputs(path / f"x_{part}.npy", stream), read_npy(path / f"y_{part}.npy")) for part in ("train", "test")
    )
    expected = [f"{kind}_{part}.npy" for part in ("train", "test") for kind in "xy"]
    if unknown := sorted({found.name for found in path.glob("*.npy")} - {*expected}):
        logging.getLogger("memjax").warning(
            f"files of unknown names in {path} are not used: {', '.join(unknown)}; expected are {', '.join(expected)}"
        )
    return make_encoded(f"npy:{folder}", train, test, (), str(path))[0]


def _inputs(path: Path, stream: bool) -> Inputs:
    array = map_npy(path) if stream else read_npy(path)
    if not array.ndim or not array.size:
        raise InputError(f"{path} is an empty array {array.shape}; expected at least one entry")
    if not stream:
        return array
    return Stored(lambda rows: np.asarray(array[rows]), np.arange(len(array)), array.shape[1:], array.dtype)
