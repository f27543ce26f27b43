"""What inputs look like, where that is not what they are taken for."""

from collections.abc import Iterator

import numpy as np

from memjax.config.specs import DataSpec
from memjax.errors import InputError
from memjax.types import Dataset

CHANNELS = (1, 3, 4)  # grey, colour, colour with opacity
FEW = 100  # different whole numbers up to which they may be categories or tokens
LOOKED_AT = 4096  # rows


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
