"""Checks whether a data set can be used, and says where its inputs are not what they look like."""

from collections.abc import Iterator

import numpy as np

from memjax.config.specs import DataSpec
from memjax.data.targets import as_labels, check_targets
from memjax.disk_inputs import Inputs
from memjax.errors import InputError
from memjax.types import Dataset

LARGEST = np.finfo(np.float32).max
EXAMPLES_AT_ONCE = 4096  # inputs on disk need not fit in memory
CHANNELS = (1, 3, 4)  # grey, colour, colour with opacity
FEW = 100  # different whole numbers up to which they may be categories or tokens
LOOKED_AT = 4096  # rows


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
