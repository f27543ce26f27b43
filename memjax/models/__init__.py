"""The networks.  Each is one network, without an axis for many models."""

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from flax import nnx

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models.convolutions import convolution
from memjax.models.from_flax import from_linen, from_nnx, in_precision
from memjax.models.images import CNN, AlexNet, DenseNet, Inception
from memjax.models.layers import layers_of, mark
from memjax.models.mlp import MLP, Tabular
from memjax.models.normalization import BatchNorm, check_counting
from memjax.models.pooling import max_pool
from memjax.models.resnet import RESNET_18, RESNET_50, ResNet
from memjax.models.transformer import Transformer
from memjax.models.user import model_words, user_model
from memjax.types import Model

NOT_FOR_IMAGES = ("linear", "mlp", "tabular", "transformer")  # built-in networks; all others take images alone

__all__ = [
    "CNN", "MLP", "AlexNet", "BatchNorm", "DenseNet", "Inception", "ResNet", "Tabular", "Transformer", "check_counting",
    "convolution", "from_linen", "from_nnx", "in_precision", "is_built_in", "layers_of", "make_model", "mark",
    "max_pool", "model_words",
]  # fmt: skip


def make_model(
    spec: ModelSpec, input_shape: tuple[int, ...], num_classes: int, input_type: Any = np.float32,
    columns: tuple[int, ...] = (),
) -> Model:  # fmt: skip
    """The network that a spec names, for this input shape and number of classes, or for int32 tokens of so many kinds.

    `columns` is `Dataset.column_sizes`, which the network `tabular` needs.

    Raises:
      InputError: the name is unknown, or the network cannot take such inputs or lacks an option of the spec.
    """
    network = _network(spec, columns)
    if network is not None:
        if (input_type == np.int32) != spec.model.startswith("transformer"):
            takes = "numbers, and inputs are tokens" if input_type == np.int32 else "tokens, and inputs are numbers"
            raise InputError(
                f"--model {spec.model} takes {takes}; give transformer for sequences, such as transformer:64x2, and "
                "another network for others"
            )
        return from_nnx(lambda rngs: network(input_shape=input_shape, num_classes=num_classes, rngs=rngs))
    if ":" not in spec.model:
        raise InputError(
            f"model {spec.model!r} is not known; choose linear, mlp:WIDTHS, cnn, cnn:CHANNELS, inception, resnet18, "
            "resnet50, densenet100, alexnet, tabular:WIDTHS, transformer:WIDTHS or package.module:factory"
        )
    if spec.norm is not None or spec.dropout:
        raise InputError(f"--norm and --dropout are for built-in networks; set them in the code of {spec.model}")
    return user_model(spec.model, input_shape, num_classes, input_type)


def is_built_in(spec: ModelSpec) -> bool:
    """Whether a spec names a built-in network."""
    return _network(spec) is not None


def _network(spec: ModelSpec, columns: tuple[int, ...] = ()) -> Callable[..., nnx.Module] | None:
    """The class of a built-in network with its options, without input_shape, num_classes and rngs; None if unknown."""
    name, colon, text = spec.model.partition(":")
    if name in NOT_FOR_IMAGES and spec.norm is not None:
        raise InputError(f"--norm {spec.norm}: {name} has no such normalisation; leave --norm out")
    if name == "linear":
        if colon:
            raise InputError(f"model {spec.model!r}: linear takes nothing after the name; did you mean mlp:{text}?")
        if spec.dropout:
            raise InputError(f"--dropout {spec.dropout}: linear has no hidden units to drop; leave --dropout out")
        return partial(MLP, widths=())
    if name == "tabular":
        return partial(Tabular, columns=columns, widths=_sizes(spec.model, text), dropout=spec.dropout)
    if name in ("mlp", "transformer"):
        widths = (64, 64) if name == "transformer" and not colon else _sizes(spec.model, text)
        return partial(MLP if name == "mlp" else Transformer, widths=widths, dropout=spec.dropout)
    if name == "cnn":
        channels = _sizes(spec.model, text) if colon else (16, 32)
        return partial(CNN, channels=channels, norm=spec.norm or "none", dropout=spec.dropout)
    if name not in _SCALED:
        return None
    network, argument = _SCALED[name]
    scale = {argument: _number(spec.model, text, argument != "factor")} if colon else {}
    return partial(network, norm=spec.norm or "batch", dropout=spec.dropout, **scale)


# The networks whose name may be followed by one number, and the argument that this number is.
_SCALED: dict[str, tuple[Callable[..., nnx.Module], str]] = {
    "inception": (Inception, "factor"),
    "alexnet": (AlexNet, "factor"),
    "resnet18": (partial(ResNet, **RESNET_18), "width"),
    "resnet50": (partial(ResNet, **RESNET_50), "width"),
    "densenet100": (DenseNet, "growth"),
}


def _sizes(model: str, text: str) -> tuple[int, ...]:
    """Sizes of the layers, in order.

    >>> _sizes("mlp:512,256", "512,256"), _sizes("mlp:4096x2,10", "4096x2,10")
    ((512, 256), (4096, 4096, 10))
    """
    layers = []
    for word in text.split(","):
        numbers = [int(number) for number in word.split("x")] if re.fullmatch("[0-9]{1,9}(x[0-9]{1,9})?", word) else []
        if not numbers or 0 in numbers:
            raise InputError(
                f"model {model!r}: expected whole numbers above 0 with commas between them, as in mlp:512,256, "
                "or with x for layers of the same size, as in mlp:4096x2"
            )
        layers += numbers[:1] * math.prod(numbers[1:])
    return tuple(layers)


def _number(model: str, text: str, whole: bool) -> int | float:
    """The base width or growth of a network, a whole number; or the number by which all widths are multiplied."""
    pattern = "[0-9]{1,9}" if whole else r"[0-9]{0,9}\.?[0-9]{1,9}"
    if not re.fullmatch(pattern, text) or float(text) == 0:
        what, example = ("whole number", "resnet18:16") if whole else ("number", "inception:0.25")
        raise InputError(f"model {model!r}: expected a {what} above 0 after the colon, as in {example}")
    return int(text) if whole else float(text)
