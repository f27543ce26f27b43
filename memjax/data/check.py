"""Checks whether a data set can be used, and encodes labels of any kind as class numbers."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from memjax.disk_inputs import Inputs
from memjax.errors import InputError, refuse_masked
from memjax.types import Dataset

LARGEST = np.finfo(np.float32).max
EXAMPLES_AT_ONCE = 4096  # inputs on disk need not fit in memory


def check(dataset: Dataset) -> None:
    """Refuses data that would fail later or give meaningless numbers.

    Raises:
      InputError: lengths or shapes differ, an input is not a finite number, a label has no class, a class has no
        training example, or there are fewer than two classes or two training examples.
    """
    parts = (
        ("train", dataset.train_inputs, dataset.train_labels, dataset.train_ids),
        ("test", dataset.test_inputs, dataset.test_labels, dataset.test_ids),
    )
    for count, what in ((dataset.num_classes, "classes"), (dataset.num_train, "training examples")):
        if count < 2:
            raise InputError(f"{dataset.name} has {count} {what}; at least 2 needed")
    for which, inputs, labels, ids in parts:
        check_lengths(which, inputs, labels)
        check_shape(which, inputs)
        check_finite(which, inputs, ids)
        check_labels(which, labels, ids, dataset.num_classes)
    train, test = dataset.train_inputs, dataset.test_inputs
    if train.shape[1:] != test.shape[1:] or train.dtype != test.dtype:
        raise InputError(
            f"train inputs are {train.dtype} {train.shape[1:]}, test inputs {test.dtype} {test.shape[1:]}; "
            "one network has to take both: give them one shape and type"
        )
    empty = np.flatnonzero(np.bincount(dataset.train_labels, minlength=dataset.num_classes) == 0)
    if empty.size:
        raise InputError(
            f"class {empty[0]} ({dataset.class_names[empty[0]]}) has no training example in {dataset.name}; "
            "choose the classes that have some, with --classes"
        )


def check_lengths(which: str, inputs: Inputs, labels: np.ndarray) -> None:
    """Refuses labels that are not one integer for each example."""
    if labels.ndim != 1:
        raise InputError(f"{which} labels have shape {labels.shape}; expected one number per example, ({len(inputs)},)")
    if labels.dtype.kind not in "iu":
        as_labels(which, labels)  # which says why, of labels that are no classes
        raise InputError(
            f"{which} labels are {labels.dtype}; a Dataset has class numbers. Labels of any kind are taken by "
            "memjax.fit(x_train, y_train)"
        )
    check_counts(which, inputs, labels)


def check_counts(which: str, inputs: Inputs, labels: np.ndarray) -> None:
    """Refuses labels that are fewer or more than the inputs."""
    count = inputs.shape[0] if inputs.ndim else 0
    if count != len(labels):
        raise InputError(f"{which} has {count} inputs and {len(labels)} labels; expected one label per input")


def check_labels(which: str, labels: np.ndarray, ids: np.ndarray, num_classes: int) -> None:
    """Refuses a label outside 0 .. num_classes - 1."""
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if wrong.size:
        from_one = ". They seem to begin at 1: subtract 1" if labels.min() == 1 and labels.max() == num_classes else ""
        raise InputError(
            f"label {labels[wrong[0]]} of {which} example {ids[wrong[0]]} is out of range; "
            f"with {num_classes} classes, labels go from 0 to {num_classes - 1}{from_one}"
        )


def check_shape(which: str, inputs: Inputs) -> None:
    """Refuses inputs that are not numbers, and examples that are neither vectors nor images."""
    if inputs.dtype.kind not in "biuf":
        raise InputError(f"{which} inputs are {inputs.dtype}; expected numbers, one row per example")
    if not 1 <= inputs.ndim - 1 <= 3:
        raise InputError(
            f"{which} inputs have shape {inputs.shape}; expected (examples, features), (examples, height, width) "
            "or (examples, height, width, channels)"
        )
    if 0 in inputs.shape[which == "test" :]:
        raise InputError(f"{which} inputs have shape {inputs.shape}, with nothing in it; expected sizes of 1 and more")


def check_finite(which: str, inputs: Inputs, ids: np.ndarray) -> None:
    """Refuses NaN, infinity, and numbers that would be infinite in float32."""
    if inputs.dtype.kind != "f":
        return
    parts = (inputs[start : start + EXAMPLES_AT_ONCE] for start in range(0, len(inputs), EXAMPLES_AT_ONCE))
    axes = tuple(range(1, inputs.ndim))
    within = [(abs(part) <= LARGEST).all(axis=axes) for part in parts]
    wrong = np.flatnonzero(~np.concatenate(within)) if within else np.empty(0, int)
    if wrong.size:
        finite = np.isfinite(inputs[int(wrong[0])]).all()
        what = f"a number beyond {LARGEST:.2g}, the largest of float32" if finite else "NaN or infinity"
        raise InputError(
            f"{which} example {ids[wrong[0]]} holds {what} ({wrong.size} such examples); leave them out or fill them in"
        )


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
            "labels.argmax(1)"
        )
    if array.dtype.kind == "O":
        array = _from_objects(which, array)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
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
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise InputError(f"{which} labels reach {array.max()}; give whole numbers below 2^63, or text")
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def _from_objects(which: str, array: np.ndarray) -> np.ndarray:
    """Python objects of one kind as an array of text, whole numbers or booleans."""
    missing = [row for row, value in enumerate(array) if value is None or value != value]
    if missing:
        raise InputError(f"{which} label of row {missing[0]} is missing ({len(missing)} such rows); leave them out")
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
