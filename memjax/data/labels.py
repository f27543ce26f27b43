"""Labels of any kind are encoded as class numbers when data are read; results show the user's own values."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from memjax.errors import InputError


class Labels(NamedTuple):
    """Encoded labels.

    Attributes:
      train, test: class numbers 0 .. classes - 1.
      classes: the user's own value of each class: text, whole numbers or booleans.
    """

    train: Int[np.ndarray, " train"]
    test: Int[np.ndarray, " test"]
    classes: np.ndarray


def encode_labels(train: Any, test: Any | None = None) -> Labels:
    """Class numbers for labels that are text, whole numbers (with gaps, from 1), booleans or pandas categories.

    Classes are numbered in the order of their values; pandas categories in their own order, categories without a
    training example left out.

    Raises:
      InputError: a label is missing or not of such a kind, or a test label has no training example.
    """
    given = train if test is None else test
    values = [as_labels(which, labels) for which, labels in (("train", train), ("test", given))]
    if values[0].dtype.kind != values[1].dtype.kind:
        kinds = " and ".join(f"{side} labels are {array.dtype}" for side, array in zip(("train", "test"), values))  # noqa: B905
        raise InputError(f"{kinds}; give both the same type")
    present = np.unique(values[0])
    classes = _in_order_of_categories(train, present)
    place = np.empty(len(present), np.int64)
    place[np.searchsorted(present, classes)] = np.arange(len(classes))
    codes = []
    for which, array in zip(("train", "test"), values, strict=True):
        found = np.minimum(np.searchsorted(present, array), len(present) - 1)
        unknown = np.flatnonzero(present[found] != array) if len(present) else np.arange(len(array))
        if unknown.size:
            raise InputError(
                f"{which} label {array[unknown[0]].item()!r} of row {unknown[0]} has no training example; leave such "
                "test examples out, or add training examples of that class"
            )
        codes.append(place[found].astype(np.int32) if len(present) else array.astype(np.int32))
    return Labels(codes[0], codes[1] if test is not None else np.zeros(0, np.int32), classes)


def as_labels(which: str, labels: Any) -> np.ndarray:
    """One row of text, int64 or bool; the user's own values.

    Raises:
      InputError: there is not one value an example, a value is missing, or values are of no such kind.
    """
    array: Any = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(
            f"{which} labels have shape {array.shape}; expected one label an example. For one-hot labels give "
            "labels.argmax(1)"
        )
    if array.dtype.kind == "O":
        array = _from_objects(which, array)
    if array.dtype.kind == "f":
        wrong = np.flatnonzero(~(np.isfinite(array) & (array == np.round(array)) & (np.abs(array) < 2**53)))
        if wrong.size:
            raise InputError(
                f"{which} label {array[wrong[0]]:g} of row {wrong[0]} is no class; expected text, whole numbers or "
                "booleans. Numbers to be predicted (regression) are not supported"
            )
        array = array.astype(np.int64)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind not in "iubU":
        raise InputError(f"{which} labels are {array.dtype}; expected text, whole numbers or booleans")
    if array.dtype.kind == "u":
        if array.size and array.max() > np.iinfo(np.int64).max:
            raise InputError(f"{which} labels reach {array.max()}; give whole numbers below 2^63, or text")
        array = array.astype(np.int64)
    return array.astype(np.int64) if array.dtype.kind == "i" else array


def _from_objects(which: str, array: np.ndarray) -> np.ndarray:
    """An array of Python objects as one of text, whole numbers or booleans, if all are of one such kind."""
    missing = [row for row, value in enumerate(array) if value is None or value != value]
    if missing:
        raise InputError(f"{which} label of row {missing[0]} is missing ({len(missing)} such rows); leave them out")
    kinds = {type(value) for value in array}
    for kind, members in ((bool, (bool, np.bool_)), (str, (str, np.str_)), (np.int64, (int, np.integer))):
        if all(issubclass(found, members) for found in kinds) and (kind is bool or bool not in kinds):
            return np.array(list(array), kind)
    if all(issubclass(found, float | np.floating | int | np.integer) for found in kinds - {bool}) and bool not in kinds:
        return array.astype(np.float64)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise InputError(f"{which} labels are a mixture of {names}; expected only text, whole numbers or booleans")


def _in_order_of_categories(labels: Any, present: np.ndarray) -> np.ndarray:
    """The classes in the order of pandas categories, where the labels have such."""
    categories = getattr(getattr(labels, "dtype", None), "categories", None)
    if categories is None:
        return present
    there = {value: number for number, value in enumerate(present.tolist())}
    return present[[there[value] for value in np.asarray(categories).tolist() if value in there]]
