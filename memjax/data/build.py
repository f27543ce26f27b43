"""Makes a Dataset of inputs and labels, and checks whether it can be used.

Each error says what was given, what was expected and what to do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from memjax.config.specs import DataSpec
from memjax.data.scaling import narrowed
from memjax.data.targets import ONE_CLASS, as_labels, as_targets, check_targets, encode_labels, settled_task
from memjax.data.tokens import look_shifted, sequences_of
from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.types import Dataset

LARGEST = np.finfo(np.float32).max
EXAMPLES_AT_ONCE = 4096  # inputs on disk need not fit in memory
CHANNELS = (1, 3, 4)  # grey, colour, colour with opacity
FEW = 100  # different whole numbers up to which they may be categories or tokens
LOOKED_AT = 4096  # rows


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
        if count < 2 and (dataset.train_targets is None or what != "classes"):
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
    check_targets(dataset)


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


def check_channels(spec: DataSpec, shape: tuple[int, ...], model: str) -> None:
    """Refuses images for an image network if their channels seem to come first."""
    if _channels_first(shape) and not spec.channels_last:
        raise InputError(
            f"{model} takes images as (height, width, channels), and the inputs have shape {shape}, which looks like "
            f"channels first; give numpy.asarray(x).transpose(0, 2, 3, 1), or --channels-last if {shape[2]} channels "
            "are meant"
        )


def remarks_on(dataset: Dataset, spec: DataSpec, scaling: str) -> Iterator[str]:
    """What a user should know of the training examples, one sentence each."""
    yield from _remarks_on_classes(dataset)
    inputs, shape = dataset.train_inputs, dataset.input_shape
    if _channels_first(shape) and not spec.channels_last:
        yield (
            f"inputs of shape {shape} look like images with channels first: they are scaled by their last axis and not "
            "drawn as images. numpy.asarray(x).transpose(0, 2, 3, 1) puts the channels last"
        )
    if len(shape) == 1 and inputs.dtype.kind in "iu" and scaling == "standard" and not dataset.tokens:
        some = inputs[:LOOKED_AT]
        values = np.unique(some)
        if 2 < len(values) <= min(FEW, some.size // 4):
            yield (
                f"the inputs are whole numbers of {len(values)} different values, {values[0]} to {values[-1]}, and are "
                "standardised as magnitudes. If they stand for categories or tokens, give --task tokens, or a feature "
                "for each value: (x[..., None] == numpy.unique(x_train)).reshape(len(x), -1); in a table write texts"
            )


def _remarks_on_classes(dataset: Dataset) -> Iterator[str]:
    alike: dict[str, str] = {}
    for name in dataset.class_names:
        other = alike.setdefault(" ".join(name.split()).casefold(), name)
        if other != name:
            yield f"classes {other!r} and {name!r} differ only in capitals or spaces, and count as two"
            break
    single = int((np.bincount(dataset.train_labels, minlength=dataset.num_classes) == 1).sum())
    if 2 * single > dataset.num_classes:
        yield (
            f"{single} of {dataset.num_classes} classes have one training example: a model that did not see it cannot "
            "know its class. Are the labels names of rows? For numbers to be predicted give --task regression"
        )


def _channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] in CHANNELS and shape[2] not in CHANNELS
