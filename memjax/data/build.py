"""Makes a Dataset of inputs and labels, with source rows, 32-bit labels and one name per class."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from memjax.data.check import check_counts, check_labels, check_lengths
from memjax.data.scaling import narrowed
from memjax.data.targets import ONE_CLASS, as_labels, as_targets, encode_labels, settled_task
from memjax.data.tokens import look_shifted, sequences_of
from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.types import Dataset


class Split(NamedTuple):
    """Training or test examples, not checked yet: inputs (examples, *shape), class numbers (examples,)."""

    inputs: Inputs
    labels: np.ndarray


class Parts(NamedTuple):
    """Training examples, test examples and one name for each class."""

    train: Split
    test: Split
    class_names: tuple[str, ...]


def make_dataset(name: str, parts: Parts) -> Dataset:
    """The Dataset with row numbers as ids, labels in 32 bits and no mislabelled example."""
    train, test, class_names = parts
    for which, split in (("train", train), ("test", test)):
        check_lengths(which, split.inputs, split.labels)
        check_labels(which, split.labels, np.arange(len(split.labels)), len(class_names))
    return Dataset(
        name=name,
        train_inputs=train.inputs,
        train_labels=train.labels.astype(np.int32),
        test_inputs=test.inputs,
        test_labels=test.labels.astype(np.int32),
        train_ids=np.arange(len(train.labels)),
        test_ids=np.arange(len(test.labels)),
        class_names=class_names,
        mislabelled=np.zeros(len(train.labels), bool),
    )


def make_encoded(
    name: str, train: tuple[Any, Any], test: tuple[Any, Any] | None, class_names: Sequence[str], where: str,
    task: str,
) -> tuple[Dataset, np.ndarray]:  # fmt: skip
    """A data set from inputs and labels of any kind, and the user's own value of each class.

    Without class names the values of the labels are the names.  `where` says in messages what holds the names.
    """
    inputs, given = train
    task = settled_task("tokens" if not task and look_shifted(inputs, given) else task, given)
    if task_named(task).targets != "classes":
        return _with_targets(name, train, test, class_names, task)
    test_inputs = np.zeros((0, *inputs.shape[1:]), inputs.dtype) if test is None else test[0]
    for which, split in (("train", train), ("test", test)):
        if split is not None:
            check_counts(which, split[0], as_labels(which, split[1]))
    inputs, test_inputs = narrowed(inputs, test_inputs)
    labels = encode_labels(given, None if test is None else test[1])
    if len(class_names) not in (0, len(labels.classes)):
        raise InputError(
            f"{where}: {len(class_names)} class names for {len(labels.classes)} classes; give one name per class"
        )
    names = clean_names(list(class_names) or [str(value) for value in labels.classes.tolist()], where)
    dataset = make_dataset(name, Parts(Split(inputs, labels.train), Split(test_inputs, labels.test), names))
    return dataset, np.array(names) if class_names else labels.classes


def _with_targets(
    name: str, train: tuple[Any, Any], test: tuple[Any, Any] | None, class_names: Sequence[str], task: str
) -> tuple[Dataset, np.ndarray]:
    """A data set of one class, whose targets are numbers or tokens."""
    if class_names:
        raise InputError(f"class names are given, and --task {task} has no classes; leave them out")
    sides = {"train": train} if test is None else {"train": train, "test": test}
    if task_named(task).targets == "tokens":
        sides = {which: sequences_of(which, *side) for which, side in sides.items()}
    else:
        sides = {which: (inputs, as_targets(which, targets, task)) for which, (inputs, targets) in sides.items()}
    inputs, targets = zip(*[sides["train"], sides.get("test", [part[:0] for part in sides["train"]])], strict=True)
    for which, number in (("train", 0), ("test", 1)):
        check_counts(which, inputs[number], targets[number])
    first, second = (Split(each, np.zeros(len(each), np.int32)) for each in narrowed(*inputs))
    dataset = make_dataset(name, Parts(first, second, (ONE_CLASS,)))
    return replace(dataset, train_targets=targets[0], test_targets=targets[1], task=task), np.array([ONE_CLASS])


def clean_names(names: list[str], what: str) -> tuple[str, ...]:
    """The class names, checked: 1 to 200 printable characters each."""
    for number, name in enumerate(names):
        if not (0 < len(name) <= 200 and name.isprintable()):
            raise InputError(f"class name {number} in {what} is {name[:40]!r}; expected 1 to 200 printable characters")
    return tuple(names)
