"""Critical samples: examples with another prediction within a small box around them."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from memjax.dynamics.split import AnyArray
from memjax.errors import InputError


class Search(NamedTuple):
    """Settings of Langevin adversarial sample search.  All sizes are in units of the inputs.

    The paper gives radius, step and noise on a scale from 0 to 255; `scaled` converts them to another scale.  What the
    paper leaves open is an option, with the default that suits its purpose: to find a point with another prediction.

    Attributes:
      radius: half the side of the box, r.
      step: length of a step along the sign of the gradient, alpha.
      noise: standard deviation of the noise, beta; an independent draw for each coordinate.
      steps: at most.  Not in the paper; 10 steps of 0.25 go eight times as far as the box reaches to one side.
      ascend: what the step climbs.  "loss": the loss of the predicted class, so that the prediction is left behind (the
        default).  "logit": minus the logit of the predicted class.  The paper prints the derivative of f_k without
        saying which k, or with which sign.
      at: where the gradient is taken: "moving", at the current point of the search, as in Langevin dynamics (the
        default); "start", at the example itself, as the paper's formula can be read.
    """

    radius: float = 0.3
    step: float = 0.25
    noise: float = 0.2
    steps: int = 10
    ascend: Literal["loss", "logit"] = "loss"
    at: Literal["moving", "start"] = "moving"

    def scaled(self, span: float) -> "Search":
        """The same search for inputs that go over a range of `span` instead of 255."""
        factor = span / 255
        return self._replace(radius=self.radius * factor, step=self.step * factor, noise=self.noise * factor)


DEFAULT = Search()
Predict = Callable[[Float[Array, "batch ..."]], Float[Array, "batch classes"]]


def critical_samples(
    predict: Predict, inputs: Float[AnyArray, "batch ..."], key: Key[Array, ""], search: Search = DEFAULT
) -> tuple[Bool[Array, " batch"], Float[Array, "batch ..."]]:
    """Langevin adversarial sample search (LASS): for each input, a point of its box with another prediction.

        x~ <- x~ + alpha sign(gradient) + beta noise,  cut off at x +- r,  until argmax f(x~) differs from argmax f(x)

    Args:
      predict: inputs -> logits of a trained network, as in evaluation: batch statistics must not look at the batch.
      inputs: float; (batch, *shape).
      key: of the noise.
      search: how.

    Returns:
      Whether another prediction was found, and where; the input itself where none was.  A search that fails proves
      nothing: the share found is a lower bound.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, section 4.1, algorithm 1.
    """
    if not (search.radius > 0 and search.step >= 0 and search.noise >= 0 and search.steps >= 1):
        raise InputError(f"{search} is no search; radius above 0, step and noise at least 0, steps 1 or more")
    inputs = jnp.asarray(inputs)
    predicted = predict(inputs).argmax(-1)

    def height(points: Array) -> Array:
        logits = predict(points)
        values = jax.nn.log_softmax(logits) if search.ascend == "loss" else logits
        return -jnp.take_along_axis(values, predicted[:, None], -1).sum()  # examples do not mix: one gradient for all

    slope_at_start = jax.grad(height)(inputs) if search.at == "start" else None

    def move(state: tuple[Array, Array], number: Array) -> tuple[tuple[Array, Array], None]:
        points, found = state
        slope = jax.grad(height)(points) if slope_at_start is None else slope_at_start
        noise = jax.random.normal(jax.random.fold_in(key, number), (inputs.size,)).reshape(inputs.shape)
        moved = points + search.step * jnp.sign(slope) + search.noise * noise.astype(inputs.dtype)
        moved = jnp.clip(moved, inputs - search.radius, inputs + search.radius)
        points = jnp.where(found.reshape(-1, *[1] * (inputs.ndim - 1)), points, moved)  # a point that was found stays
        return (points, found | (predict(points).argmax(-1) != predicted)), None

    start = (inputs, jnp.zeros(len(inputs), bool))
    (points, found), _ = jax.lax.scan(move, start, jnp.arange(search.steps))
    return found, jnp.where(found.reshape(-1, *[1] * (inputs.ndim - 1)), points, inputs)


def verified(
    predict: Predict, inputs: Float[AnyArray, "batch ..."], points: Float[AnyArray, "batch ..."], radius: float
) -> Bool[Array, " batch"]:
    """Whether a point is within the box of its input and has another prediction; both are computed again.

    A millionth of the largest input is allowed for the rounding of x +- r.
    """
    axes = tuple(range(1, inputs.ndim))
    room = radius * (1 + 1e-6) + 1e-6 * abs(inputs).max()
    inputs, points = jnp.asarray(inputs), jnp.asarray(points)
    near = (jnp.abs(points - inputs) <= room).all(axes)
    return near & (predict(points).argmax(-1) != predict(inputs).argmax(-1))


def critical_sample_ratio(
    predict: Predict, inputs: Float[AnyArray, "batch ..."], key: Key[Array, ""], search: Search = DEFAULT
) -> Float[Array, ""]:
    """CSR: the share of the inputs for which a critical sample was found and verified; in [0, 1].

    High: the boundaries between classes run close to the data.  Arguments, errors and source as for
    `critical_samples`.
    """
    _, points = critical_samples(predict, inputs, key, search)
    return verified(predict, inputs, points, search.radius).mean()
