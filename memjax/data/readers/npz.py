"""A file of named arrays: x_train, y_train, and optionally x_test, y_test and class_names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memjax.data.adapters import as_inputs
from memjax.data.build import make_encoded
from memjax.errors import InputError
from memjax.types import Dataset
from memjax.untrusted import read_npz, user_path

_NEEDED = ("x_train", "y_train")
_TEST = ("x_test", "y_test")
_NAMES = "class_names"


def load_npz(file: str) -> Dataset:
    """The data set in a file written by `numpy.savez` or `numpy.savez_compressed`.

    Inputs are (examples, *shape), numbers of any type; floats become float32.  Labels are (examples,): text, whole
    numbers or booleans.  Test examples may be left out; influence is then not defined.  class_names has one text for
    each class, in the order of the labels' values; without it the labels are the names.  Nothing is ever unpickled.

    Raises:
      InputError: the file is missing or damaged, or its arrays do not fit.
    """
    path = user_path(file)
    arrays = read_npz(path, lambda keys: _check_members(keys, path))
    for key, array in arrays.items():
        if not array.size:
            raise InputError(f"{path}: {key} is an empty array {array.shape}; expected at least one entry")
    train = as_inputs("train", arrays["x_train"]), arrays["y_train"]
    test = (as_inputs("test", arrays["x_test"]), arrays["y_test"]) if "x_test" in arrays else None
    names = arrays.get(_NAMES, np.empty(0, str))
    if names.dtype.kind != "U" or names.ndim != 1:
        raise InputError(
            f"{path}: {_NAMES} are {names.dtype} {names.shape}; expected one row of text, e.g. np.array(['cat', 'dog'])"
        )
    return make_encoded(f"npz:{file}", train, test, names.tolist(), str(path))[0]


def _check_members(keys: Sequence[str], path: Path) -> None:
    halved = len(set(keys) & set(_TEST)) == 1
    if len(set(keys)) < len(keys) or halved or not set(_NEEDED) <= set(keys) <= {*_NEEDED, *_TEST, _NAMES}:
        present = ", ".join(repr(key[:40])[1:-1] for key in keys[:20]) or "nothing"
        more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
        raise InputError(
            f"{path} holds {present}{more}; expected {', '.join(_NEEDED)} and, if wanted, both of "
            f"{', '.join(_TEST)}, and {_NAMES}, each once"
        )
