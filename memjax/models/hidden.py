"""What a network makes of its inputs on the way: a network marks it, and whoever wants to see it collects it."""

from contextvars import ContextVar

import jax
from jaxtyping import Array, Float

from memjax.types import Model, Tree

_collected: ContextVar[list[Array] | None] = ContextVar("collected", default=None)


def mark(values: Float[Array, "batch ..."]) -> Float[Array, "batch ..."]:
    """Marks what a layer or block gives to the next, and returns it unchanged; for networks of one's own as well.

        hidden = mark(jax.nn.relu(layer(inputs)))

    The built-in networks mark what each hidden block gives.  Not to be called inside a transformation of the network's
    own, such as `jax.lax.scan` over its layers, `nn.scan` or `nn.remat`: what is marked there cannot be taken out.
    """
    if (collected := _collected.get()) is not None:
        collected.append(values)
    return values


def layers_of(
    model: Model, params: Tree, model_state: Tree, inputs: Float[Array, "batch ..."]
) -> tuple[Float[Array, "batch ..."], ...]:
    """The inputs, what the network marked with `mark`, in order, and the softmax outputs; asked as in evaluation.

    A network that marks nothing has two layers, inputs and outputs.  Inputs are scaled as the network expects them.
    """
    collected: list[Array] = []
    token = _collected.set(collected)
    try:
        logits = model.apply(params, model_state, inputs, None, False)[0]
    finally:
        _collected.reset(token)
    return inputs, *collected, jax.nn.softmax(logits)
