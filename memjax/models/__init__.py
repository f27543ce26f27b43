"""The networks.  Each is one network, without an axis for many models."""

from collections.abc import Callable
from functools import partial

from flax import nnx

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import names
from memjax.models.alexnet import AlexNet
from memjax.models.cnn import CNN
from memjax.models.convolutions import convolution
from memjax.models.densenet import DenseNet
from memjax.models.from_flax import from_linen, from_nnx
from memjax.models.hidden import layers_of, mark
from memjax.models.inception import Inception
from memjax.models.mlp import MLP
from memjax.models.normalization import BatchNorm, check_counting
from memjax.models.pooling import max_pool
from memjax.models.precision import in_precision
from memjax.models.resnet import RESNET_18, RESNET_50, ResNet
from memjax.models.user import model_words, user_model
from memjax.types import Model

__all__ = [
    "CNN",
    "MLP",
    "AlexNet",
    "BatchNorm",
    "DenseNet",
    "Inception",
    "ResNet",
    "check_counting",
    "convolution",
    "from_linen",
    "from_nnx",
    "in_precision",
    "is_built_in",
    "layers_of",
    "make_model",
    "mark",
    "max_pool",
    "model_words",
]


def make_model(spec: ModelSpec, input_shape: tuple[int, ...], num_classes: int) -> Model:
    """The network that a spec names, for this input shape and number of classes.

    Raises:
      InputError: the name is unknown, or the network cannot take such inputs or lacks an option of the spec.
    """
    network = _network(spec)
    if network is not None:
        return from_nnx(lambda rngs: network(input_shape=input_shape, num_classes=num_classes, rngs=rngs))
    if ":" not in spec.model:
        raise InputError(
            f"model {spec.model!r} is not known; choose linear, mlp:WIDTHS, cnn, cnn:CHANNELS, inception, resnet18, "
            "resnet50, densenet100, alexnet or package.module:factory"
        )
    if spec.norm is not None or spec.dropout:
        raise InputError(f"--norm and --dropout are for built-in networks; set them in the code of {spec.model}")
    return user_model(spec.model, input_shape, num_classes)


def is_built_in(spec: ModelSpec) -> bool:
    """Whether a spec names a built-in network."""
    return _network(spec) is not None


def _network(spec: ModelSpec) -> Callable[..., nnx.Module] | None:
    """The class of a built-in network with its options, without input_shape, num_classes and rngs; None if unknown."""
    name, colon, text = spec.model.partition(":")
    if name in ("linear", "mlp") and spec.norm is not None:
        raise InputError(f"--norm {spec.norm}: {name} has no normalisation; leave --norm out")
    if name == "linear":
        if colon:
            raise InputError(f"model {spec.model!r}: linear takes nothing after the name; did you mean mlp:{text}?")
        if spec.dropout:
            raise InputError(f"--dropout {spec.dropout}: linear has no hidden units to drop; leave --dropout out")
        return partial(MLP, widths=())
    if name == "mlp":
        return partial(MLP, widths=names.sizes(spec.model, text), dropout=spec.dropout)
    if name == "cnn":
        channels = names.sizes(spec.model, text) if colon else (16, 32)
        return partial(CNN, channels=channels, norm=spec.norm or "none", dropout=spec.dropout)
    if name not in _SCALED:
        return None
    network, argument = _SCALED[name]
    scale = {argument: names.number(spec.model, text, argument != "factor")} if colon else {}
    return partial(network, norm=spec.norm or "batch", dropout=spec.dropout, **scale)


# The networks whose name may be followed by one number, and the argument that this number is.
_SCALED: dict[str, tuple[Callable[..., nnx.Module], str]] = {
    "inception": (Inception, "factor"),
    "alexnet": (AlexNet, "factor"),
    "resnet18": (partial(ResNet, **RESNET_18), "width"),
    "resnet50": (partial(ResNet, **RESNET_50), "width"),
    "densenet100": (DenseNet, "growth"),
}
