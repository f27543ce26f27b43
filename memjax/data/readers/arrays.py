"""Arrays by name, x_train, y_train, x_test and y_test: in one npz file, or in a folder of npy files."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memjax.data.build import make_encoded
from memjax.disk_inputs import Inputs, Stored
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.types import Dataset
from memjax.untrusted import map_npy, read_npy, read_npz, user_path

_NEEDED = ("x_train", "y_train")
_TEST = ("x_test", "y_test")
_NAMES = "class_names"


def load_npz(file: str, task: str = "") -> Dataset:
    """The data set in a file written by `numpy.savez` or `numpy.savez_compressed`.

    Inputs are (examples, *shape), numbers of any type; labels (examples,): text, whole numbers or booleans, or
    the targets of a task, which sequences of tokens have themselves.  Test examples may be left out; influence is then
    not defined.  class_names has one text for each class, in the order of the labels' values; without it the labels
    are the names.
    """
    path = user_path(file)
    found = read_npz(path, lambda keys: _check_members(keys, path, task_named(task).targets == "tokens"))
    arrays = {key: _filled(f"{path}: {key}", array) for key, array in found.items()}
    names = arrays.get(_NAMES, np.empty(0, str))
    if names.dtype.kind != "U" or names.ndim != 1:
        raise InputError(
            f"{path}: {_NAMES} are {names.dtype} {names.shape}; expected one row of text, e.g. np.array(['cat', 'dog'])"
        )
    train = arrays["x_train"], arrays.get("y_train")
    test = (arrays["x_test"], arrays.get("y_test")) if "x_test" in arrays else None
    return make_encoded(f"npz:{file}", train, test, names.tolist(), str(path), task)[0]


def load_npy(folder: str, stream: bool, task: str = "") -> Dataset:
    """The data set in x_train.npy, y_train.npy, x_test.npy and y_test.npy, as in an npz file.

    Args:
      stream: whether the inputs stay on disk.
    """
    path = user_path(folder)
    expected = [f"{key}.npy" for key in (*_NEEDED, *_TEST)]
    x_train, y_train, x_test, y_test = (
        _inputs(path / name, stream) if name.startswith("x") else read_npy(path / name) for name in expected
    )
    if unknown := sorted({found.name for found in path.glob("*.npy")} - {*expected}):
        logging.getLogger("memjax").warning(
            f"files of unknown names in {path} are not used: {', '.join(unknown)}; expected are {', '.join(expected)}"
        )
    return make_encoded(f"npy:{folder}", (x_train, y_train), (x_test, y_test), (), str(path), task)[0]


def _inputs(path: Path, stream: bool) -> Inputs:
    array = np.atleast_1d(_filled(str(path), map_npy(path) if stream else read_npy(path)))
    if not stream:
        return array
    return Stored(lambda rows: np.asarray(array[rows]), np.arange(len(array)), array.shape[1:], array.dtype)


def _filled(what: str, array: np.ndarray) -> np.ndarray:
    if not array.size:
        raise InputError(f"{what} is an empty array {array.shape}; expected at least one entry")
    return array


def _check_members(keys: Sequence[str], path: Path, sequences: bool) -> None:
    if sequences and not {"y_train", "y_test"} & set(keys):
        keys = [*keys, *(f"y{key[1:]}" for key in keys if key.startswith("x_"))]
    halved = len(set(keys) & set(_TEST)) == 1
    if len(set(keys)) < len(keys) or halved or not set(_NEEDED) <= set(keys) <= {*_NEEDED, *_TEST, _NAMES}:
        present = ", ".join(repr(key[:40])[1:-1] for key in keys[:20]) or "nothing"
        more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
        raise InputError(
            f"{path} holds {present}{more}; expected {', '.join(_NEEDED)} and, if wanted, both of "
            f"{', '.join(_TEST)}, and {_NAMES}, each once"
        )
