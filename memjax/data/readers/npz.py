"""A file of named arrays: x_train, y_train, x_test, y_test and, if wanted, class_names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memjax.data.adapters import as_inputs
from memjax.data.build import Parts, Split, clean_names, make_dataset
from memjax.data.labels import encode_labels
from memjax.errors import InputError
from memjax.types import Dataset
from memjax.untrusted import read_npz, user_path

_NEEDED = ("x_train", "y_train")
_TEST = ("x_test", "y_test")
_NAMES = "class_names"


def load_npz(file: str) -> Dataset:
    """The data set in a file written by `numpy.savez` or `numpy.savez_compressed`.

    Inputs are (examples, *shape), numbers of any type; floats become float32.  Labels are (examples,): text, whole
    numbers or booleans.  Test examples may be left out: influence is then not defined.  Class names are an array of
    text, one for each label in the order of their values, else the labels themselves.  Nothing is ever unpickled.

    Raises:
      InputError: the file is not there or damaged, or its arrays are not these.
    """
    path = user_path(file)
    arrays = read_npz(path, lambda keys: _check_members(keys, path))
    for key, array in arrays.items():
        if not array.size:
            raise InputError(f"{path}: {key} is an empty array {array.shape}; expected at least one entry")
    labels = encode_labels(arrays["y_train"], arrays.get("y_test"))
    inputs = as_inputs("train", arrays["x_train"])
    test = as_inputs("test", arrays["x_test"]) if "x_test" in arrays else np.zeros((0, *inputs.shape[1:]), inputs.dtype)
    if _NAMES in arrays:
        names = _as_names(arrays[_NAMES], len(labels.classes), f"{path}: {_NAMES}")
    else:
        names = clean_names(labels.names, f"{path}: y_train")
    return make_dataset(f"npz:{file}", Parts(Split(inputs, labels.train), Split(test, labels.test), names))


def _check_members(keys: Sequence[str], path: Path) -> None:
    halved = len(set(keys) & set(_TEST)) == 1
    if len(set(keys)) < len(keys) or halved or not set(_NEEDED) <= set(keys) <= {*_NEEDED, *_TEST, _NAMES}:
        present = ", ".join(repr(key[:40])[1:-1] for key in keys[:20]) or "nothing"
        more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
        raise InputError(
            f"{path} holds {present}{more}; expected {', '.join(_NEEDED)} and, if wanted, both of "
            f"{', '.join(_TEST)}, and {_NAMES}, each once"
        )


def _as_names(array: np.ndarray, count: int, what: str) -> tuple[str, ...]:
    if array.dtype.kind != "U" or array.ndim != 1:
        raise InputError(
            f"{what} are {array.dtype} {array.shape}; expected one row of text, e.g. np.array(['cat', 'dog'])"
        )
    if len(array) != count:
        raise InputError(f"{what} are {len(array)}, but the labels have {count} classes; give one name a class")
    return clean_names([str(name) for name in array], what)
