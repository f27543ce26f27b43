"""What inputs look like, where that is not what they are taken for."""

from collections.abc import Iterator

import numpy as np

from memjax.config.specs import DataSpec
from memjax.disk_inputs import Inputs
from memjax.errors import InputError

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


def remarks_on(inputs: Inputs, spec: DataSpec, scaling: str) -> Iterator[str]:
    """What a user should know of the training inputs, one sentence each."""
    shape = inputs.shape[1:]
    if _channels_first(shape) and not spec.channels_last:
        yield (
            f"inputs of shape {shape} look like images with channels first: they are scaled by their last axis and not "
            "drawn as images. numpy.asarray(x).transpose(0, 2, 3, 1) puts the channels last"
        )
    if len(shape) == 1 and inputs.dtype.kind in "iu" and scaling == "standard":
        some = inputs[:LOOKED_AT]
        values = np.unique(some)
        if 2 < len(values) <= min(FEW, some.size // 4):
            yield (
                f"the inputs are whole numbers of {len(values)} different values, {values[0]} to {values[-1]}, and are "
                "standardised as magnitudes. If they stand for categories or tokens, give a feature for each value: "
                "(x[..., None] == numpy.unique(x_train)).reshape(len(x), -1); in a table write them as texts"
            )


def _channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] in CHANNELS and shape[2] not in CHANNELS
