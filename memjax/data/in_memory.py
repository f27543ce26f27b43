"""Examples in memory: from the user's arrays to a Dataset, and to a file in the run folder."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memjax.data.adapters import as_inputs
from memjax.data.build import check_lengths, clean_names, make_encoded
from memjax.data.targets import as_labels
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.store import read_arrays, write_arrays
from memjax.types import Dataset

FILE = "data.npz"
SIDES = ("train", "test")
# Fields that files of classes, or of older versions, lack.
_ADDED_LATER = ("train_targets", "test_targets", "task", "tokens", "column_sizes")
SOURCE = "saved:"  # how DataSpec.dataset begins for examples stored in the run folder


class Table(NamedTuple):
    """The columns of a table as its reader knows them, before they became features."""

    names: list[str]  # of the columns
    # for each column the values of the rows: numbers, or texts
    train: list[np.ndarray]
    test: list[np.ndarray]


class InMemory(NamedTuple):
    """A data set in memory, with the user's own names of classes and examples."""

    dataset: Dataset
    classes: np.ndarray  # the user's own value of each class
    # own_ids, own_test_ids: the user's own name of each example; None if examples have row numbers only
    own_ids: np.ndarray | None = None
    own_test_ids: np.ndarray | None = None
    table: Table | None = None  # the columns of the table that the examples are from; None if they are from no table
    features: tuple[str, ...] = ()  # a name for each feature; empty if they have numbers only
    groups: np.ndarray | None = None  # the group of each training example; None if they have none
    notices: tuple[str, ...] = ()  # what the user should know of how the examples were read


def from_arrays(
    x_train: Any, y_train: Any, x_test: Any = None, y_test: Any = None, *, ids: Any = None, test_ids: Any = None,
    class_names: Sequence[str] = (), name: str = "arrays", task: str = "",
) -> InMemory:  # fmt: skip
    """The user's arrays or tensors as a data set; arguments as of `memjax.fit`.

    Raises:
      InputError: lengths or types do not fit, or a label has no training example.
    """
    if task_named(task).targets != "tokens":
        x_train, x_test = as_inputs("train", x_train), None if x_test is None else as_inputs("test", x_test)
    test = None if x_test is None else (x_test, y_test)
    dataset, classes = make_encoded(name, (x_train, y_train), test, class_names, "the labels", task)
    own = _own_ids(ids, dataset.num_train, "training")
    return InMemory(dataset, classes, own, _own_ids(test_ids, dataset.num_test, "test"))


def _own_ids(ids: Any, count: int, which: str) -> np.ndarray | None:
    if ids is None:
        return None
    own = np.asarray(ids)
    if own.shape != (count,):
        raise InputError(f"ids have shape {own.shape}; expected one for each of {count} {which} rows")
    values, counts = np.unique(own if own.dtype.kind in "iub" else own.astype(str), return_counts=True)
    if (counts > 1).any():
        raise InputError(f"ids name two {which} rows {values[counts > 1][0]!s}; expected a name for each row")
    return own if own.dtype.kind in "iub" else own.astype(str)


def as_groups(values: Any, count: int) -> np.ndarray:
    """The group of each of so many training examples: numbers, or texts.

    Raises:
      InputError: there are more or fewer values, or one is missing.
    """
    groups = np.asarray(values)
    if groups.shape != (count,):
        raise InputError(f"groups have shape {groups.shape}; expected one for each of {count} training examples")
    missing = np.array([value is None or value != value for value in groups.tolist()], bool)
    if missing.any():
        raise InputError(
            f"groups lack {missing.sum()} of {count} values, the first in row {missing.argmax()}; give each example a "
            "group, such as a new one of its own"
        )
    return groups if groups.dtype.kind in "iub" else groups.astype(str)


def save(folder: Path, data: InMemory) -> None:
    """Stores the examples in the run folder, so that the run can be resumed and reported without the user's arrays."""
    there = {part.name: getattr(data.dataset, part.name) for part in fields(Dataset)}
    arrays = {name: np.asarray(values) for name, values in there.items() if values is not None}
    arrays["classes"] = data.classes
    for name in ("own_ids", "own_test_ids"):
        if (ids := getattr(data, name)) is not None:
            arrays[name] = ids
    if data.table is not None:
        arrays["columns"] = np.array(data.table.names)
        for side in SIDES:
            arrays |= {f"{side}_column_{place}": values for place, values in enumerate(getattr(data.table, side))}
    write_arrays(folder / FILE, arrays.items())


def read(folder: Path) -> InMemory | None:
    """The examples stored in a run folder; None if there are none."""
    arrays = read_arrays(folder / FILE)
    if arrays is None:
        return None
    try:
        names = clean_names([str(name) for name in arrays["class_names"]], FILE)
        texts = {"name": str(arrays["name"]), "class_names": names, "task": str(arrays.get("task", ""))}
        rows: Any = {name: tuple(arrays[name].tolist()) for name in ("tokens", "column_sizes") if name in arrays}
        known = [part.name for part in fields(Dataset) if part.name in arrays or part.name not in _ADDED_LATER]
        dataset = Dataset(**{name: arrays[name] for name in known} | texts | rows)
        check_lengths("train", dataset.train_inputs, dataset.train_labels)
        check_lengths("test", dataset.test_inputs, dataset.test_labels)
        table = None
        if "columns" in arrays:
            places = range(len(arrays["columns"]))
            sides = ([arrays[f"{side}_column_{place}"] for place in places] for side in SIDES)
            table = Table(arrays["columns"].tolist(), *sides)
        ids = arrays.get("own_ids"), arrays.get("own_test_ids")
        return InMemory(dataset, as_labels("class", arrays["classes"]), *ids, table)
    except (KeyError, InputError, TypeError) as problem:
        raise InputError(f"{folder / FILE} does not hold the examples of this run: {problem}") from None
