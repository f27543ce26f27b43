"""Labels of any kind are encoded as class numbers when data are read; results show the user's own values."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from memjax.errors import InputError, refuse_masked


class Labels(NamedTuple):
    """Class numbers 0 .. classes - 1 of both sides, and the user's own value of each class."""

    train: Int[np.ndarray, " train"]
    test: Int[np.ndarray, " test"]
    classes: np.ndarray


def encode_labels(train: Any, test: Any | None = None) -> Labels:
    """Class numbers for labels that are text, whole numbers (with gaps, from 1), booleans or pandas categories.

    Classes are numbered in the order of their values; pandas categories in their own order, categories without a
    training example left out.

    Raises:
      InputError: a label is missing or of another kind, or a test label has no training example.
    """
    values = labels_of_sides(train=train, **({} if test is None else {"test": test}))
    classes = np.unique(values["train"])
    if (categories := getattr(getattr(train, "dtype", None), "categories", None)) is not None:
        there = {value: number for number, value in enumerate(classes.tolist())}
        classes = classes[[there[value] for value in np.asarray(categories).tolist() if value in there]]
    if not classes.size:
        raise InputError("there are no training labels; give at least two training examples")
    order = np.argsort(classes)
    codes = {"test": np.zeros(0, np.int32)}
    for which, array in values.items():
        places = np.minimum(np.searchsorted(classes, array, sorter=order), len(classes) - 1)
        codes[which] = order[places].astype(np.int32)
        unknown = np.flatnonzero(classes[codes[which]] != array)
        if unknown.size:
            raise InputError(
                f"{which} label {array[unknown[0]].item()!r} of row {unknown[0]} has no training example; leave such "
                "test examples out, or add training examples of that class"
            )
    return Labels(codes["train"], codes["test"], classes)


def labels_of_sides(**labels: Any) -> dict[str, np.ndarray]:
    """Training and test labels by their side, each as `as_labels` gives them."""
    values = {which: as_labels(which, given) for which, given in labels.items()}
    if len({array.dtype.kind for array in values.values()}) > 1:
        kinds = " and ".join(f"{which} labels are {array.dtype}" for which, array in values.items())
        raise InputError(f"{kinds}; give both the same type")
    return values


def as_labels(which: str, labels: Any) -> np.ndarray:
    """The user's own labels as one row of text, int64 or bool; each example must have one."""
    refuse_masked(f"{which} labels", labels)
    array: Any = np.asarray(labels, object if isinstance(labels, list | tuple) else None)  # [1, "a"] is no text
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(
            f"{which} labels have shape {array.shape}; expected one label per example. For one-hot labels give "
            "labels.argmax(1); for several labels of an example --task multi_label"
        )
    if array.dtype.kind == "O":
        array = _from_objects(which, array)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
        wrong = np.flatnonzero(~(np.isfinite(array) & (array == np.round(array)) & (np.abs(array) < 2**53)))
        if (missing := np.flatnonzero(np.isnan(array))).size:
            raise missing_label(which, missing)
        if wrong.size:
            raise InputError(
                f"{which} label {array[wrong[0]]:g} of row {wrong[0]} is no class; expected text, whole numbers or "
                "booleans. For numbers that are to be predicted give --task regression"
            )
        array = array.astype(np.int64)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind not in "iubU":
        raise InputError(f"{which} labels are {array.dtype}; expected text, whole numbers or booleans")
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise InputError(f"{which} labels reach {array.max()}; give whole numbers below 2^63, or text")
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def _from_objects(which: str, array: np.ndarray) -> np.ndarray:
    """Python objects of one kind as an array of text, whole numbers or booleans."""
    missing = [row for row, value in enumerate(array) if value is None or value != value]
    if missing:
        raise missing_label(which, missing)
    kinds = {type(value) for value in array}
    for kind, members in ((bool, (bool, np.bool_)), (str, (str, np.str_)), (np.int64, (int, np.integer))):
        if all(issubclass(found, members) for found in kinds) and (kind is bool or bool not in kinds):
            if kind is np.int64 and (large := [value for value in array if abs(int(value)) >= 2**63]):
                raise InputError(f"{which} labels reach {large[0]}; give whole numbers below 2^63, or text")
            return np.array(list(array), kind)
    if all(issubclass(found, float | np.floating | int | np.integer) for found in kinds - {bool}) and bool not in kinds:
        return array.astype(np.float64)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise InputError(f"{which} labels are a mixture of {names}; expected only text, whole numbers or booleans")


def missing_label(which: str, rows: Any) -> InputError:
    """The error for labels that are missing in these rows."""
    return InputError(f"{which} label of row {rows[0]} is missing ({len(rows)} such rows); leave them out")
