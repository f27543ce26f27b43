"""From arrays as read to a Dataset: source rows, 32-bit labels, one name a class."""

from typing import NamedTuple

import numpy as np

from memjax.data.check import check_labels, check_lengths
from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.types import Dataset


class Split(NamedTuple):
    """Training or test examples as read, not checked yet: inputs (examples, *shape), labels (examples,)."""

    inputs: Inputs
    labels: np.ndarray


class Parts(NamedTuple):
    """What a file holds: two splits and one name a class."""

    train: Split
    test: Split
    class_names: tuple[str, ...]


def make_dataset(name: str, parts: Parts) -> Dataset:
    """The Dataset with row numbers as ids, labels in 32 bits and nothing mislabelled.

    Raises:
      InputError: a split has not one label an example, or a label has no class.
    """
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


def numbered(train: Split, test: Split) -> tuple[str, ...]:
    """Class names "0", "1", ... up to the largest label.

    Raises:
      InputError: a split has not one label an example, or a label is so large that some class must be empty.
    """
    check_lengths("train", *train)
    check_lengths("test", *test)
    largest = max((int(labels.max()) for labels in (train.labels, test.labels) if labels.size), default=-1)
    if largest >= max(1000, len(train.labels)):
        raise InputError(
            f"label {largest} means {largest + 1} classes, more than the {len(train.labels)} training examples; "
            "number the classes 0, 1, 2, ..."
        )
    return tuple(str(number) for number in range(largest + 1))


def clean_names(names: list[str], what: str) -> tuple[str, ...]:
    """Class names, if they are short and nothing but printable text.

    Raises:
      InputError: a name is empty, longer than 200 characters, or holds control characters.
    """
    for number, name in enumerate(names):
        if not (0 < len(name) <= 200 and name.isprintable()):
            raise InputError(f"class name {number} in {what} is {name[:40]!r}; expected 1 to 200 printable characters")
    return tuple(names)
