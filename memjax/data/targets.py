"""What a network is to predict: classes, or targets that are numbers, as the task says or as the labels look.

Labels of any kind are encoded as class numbers when data are read; results show the user's own values.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from memjax.data.tokens import sequence_texts
from memjax.errors import InputError, refuse_masked
from memjax.metrics import task_named
from memjax.types import Dataset

ONE_CLASS = "all examples"  # the name of the one class of examples whose targets are numbers


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


def settled_task(asked: str, labels: Any) -> str:
    """The task asked for, or else the one that training labels look like; empty for classification.

    Numbers of which one is not whole: regression.  Rows of 0 and 1, not one 1 in each: multi_label.
    """
    if asked or np.ma.isMaskedArray(labels):
        return "" if asked == "classification" else asked
    try:
        given = np.asarray(labels)
        values: np.ndarray = given.astype(np.float64) if given.dtype.kind in "biuf" else np.zeros(1)
    except (TypeError, ValueError):  # rows of several lengths
        return ""
    if values.ndim == 2 and values.shape[1] > 1 and np.isin(values, (0, 1)).all():
        return "" if (values.sum(1) == 1).all() else "multi_label"
    known = values[np.isfinite(values)]
    return "regression" if (known != np.round(known)).any() and np.isfinite(values).all() else ""


def as_targets(which: str, targets: Any, task: str) -> np.ndarray:
    """Targets that are numbers, float64, (examples,) or (examples, targets); InputError where they cannot be used."""
    refuse_masked(f"{which} targets", targets)
    try:
        array = np.asarray(targets).astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{which} targets are not all numbers, which {task} needs; give numbers") from None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or not array.size:
        raise InputError(f"{which} targets have shape {array.shape}; expected a number, or a row of them, per example")
    wrong = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))
    if wrong.size and np.isnan(array[wrong[0]]).any():
        raise missing_label(which, wrong)
    if wrong.size:
        raise InputError(f"{which} target of row {wrong[0]} is infinite; leave it out, or give another")
    return array


def check_targets(dataset: Dataset) -> None:
    """InputError for targets that the task cannot use."""
    task = task_named(dataset.task)
    train, test = dataset.targets("train"), dataset.targets("test")
    if train.shape[1:] != test.shape[1:]:
        raise InputError(f"train targets have shape {train.shape}, test targets {test.shape}; give as many a row")
    together = {"train": train} if task.standardized or task.targets == "classes" else {"train": train, "test": test}
    for side, targets in together.items():
        if problem := task.problem(targets):
            raise InputError(f"{side} targets {problem}; --task {task.name} needs others")


def with_task(dataset: Dataset, asked: str) -> Dataset:
    """The data set with the task asked for, where its reader knew of none.

    Raises:
      InputError: the targets are numbers and the task needs classes, or the other way round.
    """
    task = task_named(asked or dataset.task)
    unlike = dataset.tokens and task.targets != "tokens"
    if (task.targets == "classes") != (dataset.train_targets is None) or unlike:
        has = dataset.kinds if dataset.tokens else "targets that are numbers"
        has = "classes" if dataset.train_targets is None else has
        raise InputError(f"{dataset.name} has {has}; --task {task.name} needs {task.targets}: choose another task")
    return replace(dataset, task="" if asked == "classification" else asked or dataset.task)


def units_of(dataset: Dataset) -> tuple[Any, Any]:
    """What networks get of the targets is (target - first) / second: mean and deviation of all training targets, for a
    task that wants them so, or else 0 and 1."""
    if dataset.train_targets is None or not task_named(dataset.task).standardized:
        return 0.0, 1.0
    targets = dataset.train_targets.astype(np.float64)
    return targets.mean(0), targets.std(0)


def targets_of(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Training and test targets as networks get them: int32 class numbers, or float32 numbers in `units_of` them."""
    if dataset.train_targets is None or dataset.tokens:
        return dataset.targets("train").astype(np.int32), dataset.targets("test").astype(np.int32)
    (mean, spread), sides = units_of(dataset), ("train", "test")
    train, test = (((dataset.targets(side) - mean) / spread).astype(np.float32) for side in sides)
    return train, test


def num_outputs(dataset: Dataset) -> int:
    """Of a network for a data set: one for each class, unless its task says otherwise."""
    return task_named(dataset.task).num_outputs(dataset)


def input_type(dataset: Dataset) -> Any:
    """Of inputs as networks get them."""
    return np.int32 if dataset.tokens else np.float32


def output_shape(dataset: Dataset) -> tuple[int, ...]:
    """Of what a network returns for an example: of sequences a row for each token."""
    return (*(dataset.input_shape if dataset.tokens else ()), num_outputs(dataset))


def label_values(dataset: Dataset, side: str, classes: Any = ()) -> np.ndarray:
    """What each example of a side, train or test, is labelled with: its class, by the user's own values of the classes
    or their names, or its target; several targets as a text."""
    targets = dataset.targets(side)
    if dataset.train_targets is None:
        return np.array(classes or dataset.class_names)[targets]
    if dataset.tokens:
        return sequence_texts(dataset, side)
    return targets if targets.ndim == 1 else texts_of(targets)


def texts_of(rows: np.ndarray) -> np.ndarray:
    """Rows of numbers as texts.

    >>> texts_of(np.array([[0, 1.25]])).tolist()
    ['0 1.25']
    """
    return np.array([" ".join(f"{each:.3g}" for each in row) for row in rows])


def in_units(dataset: Dataset, outputs: np.ndarray | None) -> np.ndarray | None:
    """Predictions of a network, (examples, outputs), in the units of the user's targets; None as it is."""
    mean, spread = units_of(dataset)
    return None if outputs is None else outputs * spread + mean
