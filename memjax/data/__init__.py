"""Loads the examples: reads, selects, corrupts and checks them."""

import dataclasses
import hashlib

import numpy as np

from memjax.config.specs import DataSpec, ShapeSpec
from memjax.data.build import EXAMPLES_AT_ONCE, Parts, Split, check, make_dataset
from memjax.data.corruptions import (
    corrupt,
    flip_labels,
    noisy_inputs,
    pair_labels,
    random_inputs,
    random_labels,
    shuffled_pixels,
)
from memjax.data.downloads import CATALOG
from memjax.data.sources import read_source
from memjax.data.targets import with_task
from memjax.data.tokens import with_tokens
from memjax.disk_inputs import Inputs, Stored
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.prng import host_permutation
from memjax.types import Dataset


def load_dataset(spec: DataSpec, source: Dataset | None = None) -> Dataset:
    """The examples that `spec` asks for, after selection, label noise, corruptions and checks.

    Args:
      source: the examples before selection; by default the data set that `spec` names.

    Raises:
      InputError: the source is unknown, missing or damaged, a corruption is unknown, or the examples cannot be used.
    """
    dataset = with_task(select(read_source(spec) if source is None else source, spec), spec.task)
    if task_named(dataset.task).targets == "tokens":
        dataset = with_tokens(dataset, spec)
    if dataset.tokens and (spec.corrupt or spec.stream):
        raise InputError(f"--{'corrupt' if spec.corrupt else 'stream'} does not take {dataset.kinds}; leave it out")
    if dataset.train_targets is not None and (spec.label_noise or any("labels" in each for each in spec.corrupt)):
        raise InputError(f"--label-noise and corrupted labels are for classes; {dataset.name} has {dataset.kinds}")
    dataset = flip_labels(dataset, spec.label_noise, spec.data_seed)
    dataset = corrupt(dataset, spec.corrupt, spec.data_seed, spec.corrupt_test)
    check(dataset)
    return dataset


def content_hash(dataset: Dataset) -> str:
    """SHA-256, in hex, of the type, shape and values of inputs and labels, training and test.

    Names, source rows and the marks of changed labels are not hashed; the changed labels themselves are.  For inputs on
    disk that name their source, its name and the selected rows are hashed instead of the values.
    """
    digest = hashlib.sha256(b"memjax content 1")
    for array in (
        dataset.train_inputs,
        dataset.train_labels.astype(np.int64),
        dataset.test_inputs,
        dataset.test_labels.astype(np.int64),
        *(targets for targets in (dataset.train_targets, dataset.test_targets) if targets is not None),
    ):
        digest.update(f"/{array.dtype.name} {array.shape}/".encode())
        if isinstance(array, Stored) and array.identity:
            digest.update(f"{array.identity}/".encode())
            array = array.rows.astype(np.int64)
        for start in range(0, len(array), EXAMPLES_AT_ONCE):
            part = array[start : start + EXAMPLES_AT_ONCE]
            little_endian = np.ascontiguousarray(part, dtype=part.dtype.newbyteorder("<"))
            digest.update(little_endian.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def select(dataset: Dataset, spec: DataSpec) -> Dataset:
    """The examples of the chosen classes, at most the given number of each, in the order of the source.

    The draw depends only on the data seed and the class's number in the source.  So a class keeps its examples when
    other classes are chosen too, and a larger number adds examples to those of a smaller number.
    """
    if not spec.classes and spec.per_class is None and spec.test_per_class is None:
        return dataset
    classes = spec.classes or tuple(range(dataset.num_classes))
    for number in classes:
        if not 0 <= number < dataset.num_classes:
            raise InputError(
                f"--classes names {number}, but {dataset.name} has classes 0 to {dataset.num_classes - 1}; "
                "choose among these"
            )
    train = _rows(dataset.train_labels, classes, spec.per_class, spec.data_seed, "per-class train")
    test = _rows(dataset.test_labels, classes, spec.test_per_class, spec.data_seed, "per-class test")
    new_number = np.zeros(dataset.num_classes, np.int32)
    new_number[list(classes)] = np.arange(len(classes))
    if dataset.num_test and not len(test):
        raise InputError(f"{dataset.name} has 0 test examples of the classes asked for; choose others with --classes")
    taken = take_rows(dataset, train, test)
    return dataclasses.replace(
        taken,
        train_labels=new_number[taken.train_labels],
        test_labels=new_number[taken.test_labels],
        class_names=tuple(dataset.class_names[number] for number in classes),
    )


def take_rows(dataset: Dataset, train: np.ndarray | slice, test: np.ndarray | slice) -> Dataset:
    """Some training and test examples, with unchanged classes."""
    rows = dict.fromkeys(("train_labels", "train_ids", "mislabelled", "corrupted"), train)
    rows |= dict.fromkeys(("test_labels", "test_ids", "test_corrupted"), test)
    if dataset.train_targets is not None:
        rows |= {"train_targets": train, "test_targets": test}
    return dataclasses.replace(
        dataset,
        train_inputs=_only(dataset.train_inputs, train),
        test_inputs=_only(dataset.test_inputs, test),
        **{name: getattr(dataset, name)[taken] for name, taken in rows.items()},
    )


def _only(inputs: Inputs, rows: np.ndarray | slice) -> Inputs:
    return inputs.only(rows) if isinstance(inputs, Stored) else inputs[rows]


def _rows(labels: np.ndarray, classes: tuple[int, ...], most: int | None, seed: int, purpose: str) -> np.ndarray:
    """The selected rows, ascending: at most `most` of each class, drawn at random."""
    taken = [np.empty(0, np.int64)]
    for number in classes:
        rows = np.flatnonzero(labels == number)
        if most is not None and most < len(rows):
            rows = rows[host_permutation(seed, purpose, number, len(rows))[:most]]
        taken.append(rows)
    return np.sort(np.concatenate(taken))


def outline(spec: DataSpec, shapes: ShapeSpec) -> Dataset:
    """The data set of these shapes, or else the one that `spec` names, with zeros as inputs.

    The data sets to download have known sizes, and no file of theirs is read; others are read.
    """
    if shapes.shape:
        train, test = (np.arange(count) % shapes.classes for count in (shapes.train, shapes.test))
        return _zeros("these shapes", shapes.sides, train, test, shapes.classes)
    if (known := CATALOG.get(spec.dataset)) is None:
        return load_dataset(spec)
    train, test = (np.repeat(np.arange(len(each)), each) for each in (known.train_counts, known.test_counts))
    return load_dataset(spec, _zeros(spec.dataset, known.image_shape, train, test, len(known.train_counts)))


def _zeros(name: str, shape: tuple[int, ...], train: np.ndarray, test: np.ndarray, num_classes: int) -> Dataset:
    """Images of bytes, or vectors of floats; the zeros take no memory."""
    zero = np.zeros((), np.float32 if len(shape) == 1 else np.uint8)
    first, second = (Split(np.broadcast_to(zero, (len(labels), *shape)), labels) for labels in (train, test))
    return make_dataset(name, Parts(first, second, tuple(map(str, range(num_classes)))))
