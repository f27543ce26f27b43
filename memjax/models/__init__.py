"""One network, no model axis."""

from memjax.errors import InputError
from memjax.models.cnn import CNN
from memjax.models.from_flax import from_linen, from_nnx
from memjax.models.mlp import MLP
from memjax.models.user import user_model
from memjax.specs import ModelSpec
from memjax.types import Model

__all__ = ["CNN", "MLP", "from_linen", "from_nnx", "make_model"]


def make_model(spec: ModelSpec, input_shape: tuple[int, ...], num_classes: int) -> Model:
    """The network that a spec names, for inputs of a shape and a number of classes.

    Raises:
      InputError: the name is not known, or the network does not fit the inputs.
    """
    name, _, rest = spec.model.partition(":")
    if name == "linear" and not rest:
        return from_nnx(lambda rngs: MLP(input_shape, (), num_classes, rngs=rngs))
    if name == "mlp":
        widths = _sizes(spec.model, rest)
        return from_nnx(lambda rngs: MLP(input_shape, widths, num_classes, rngs=rngs))
    if name == "cnn":
        channels = _sizes(spec.model, rest or "16,32")
        return from_nnx(lambda rngs: CNN(input_shape, channels, num_classes, rngs=rngs))
    if rest:
        return user_model(spec.model, input_shape, num_classes)
    raise InputError(
        f"model {spec.model!r} is not known; choose linear, mlp:WIDTHS, cnn, cnn:CHANNELS or package.module:factory"
    )


def _sizes(name: str, text: str) -> tuple[int, ...]:
    sizes = tuple(int(word) for word in text.split(",") if word.isascii() and word.isdigit())
    if len(sizes) != text.count(",") + 1 or 0 in sizes:
        raise InputError(f"model {name!r}: expected whole numbers above 0 with commas between them, as in mlp:512,256")
    return sizes
