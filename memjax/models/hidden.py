"""Outputs of hidden layers: networks mark them with `mark`, and `layers_of` collects them."""

from contextvars import ContextVar

import jax
from jaxtyping import Array, Float

from memjax.types import Model, Tree

_collected: ContextVar[list[Array] | None] = ContextVar("collected", default=None)


def mark(values: Float[Array, "batch ..."]) -> Float[Array, "batch ..."]:
    """Marks the output of a layer or block, and returns it unchanged.  Use it in your own networks too:

        hidden = mark(jax.nn.relu(layer(inputs)))

    The built-in networks mark the output of each hidden block.  Do not call it inside `jax.lax.scan`, `nn.scan`,
    `nn.remat` or another transformation within the network: values that are marked there cannot be collected.
    """
    if (collected := _collected.get()) is not None:
        collected.append(values)
    return values


def layers_of(
    model: Model, params: Tree, model_state: Tree, inputs: Float[Array, "batch ..."]
) -> tuple[Float[Array, "batch ..."], ...]:
    """The inputs, the values marked with `mark` in order, and the softmax outputs, all in evaluation mode.

    A network that marks nothing has two layers, inputs and outputs.  `inputs` must be scaled as in training.
    """
    collected: list[Array] = []
    token = _collected.set(collected)
    try:
        logits = model.apply(params, model_state, inputs, None, False)[0]
    finally:
        _collected.reset(token)
    return inputs, *collected, jax.nn.softmax(logits)
