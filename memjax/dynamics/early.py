"""Scores from early in training: EL2N and GraNd."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Shaped

from memjax.dynamics.split import AnyArray, Sides, as_epochs, as_numbers, over_models
from memjax.errors import InputError
from memjax.types import ArrayLike, Model, Tree


def at_epoch(values: ArrayLike, epochs: ArrayLike, epoch: int) -> Shaped[np.ndarray, "*models train"]:
    """What was recorded after so many epochs.

    Raises:
      InputError: nothing was, or epochs that do not fit.
    """
    numbers = as_epochs(epochs, np.shape(values)[-2])
    if epoch not in numbers:
        raise InputError(f"nothing was recorded after {epoch} epochs; choose among {numbers.tolist()}")
    return np.asarray(values)[..., int(np.flatnonzero(numbers == epoch)[0]), :]


def el2n(error_norm: ArrayLike, epochs: ArrayLike, masks: ArrayLike, epoch: int) -> Sides:
    """EL2N: the length of the error, softmax minus label, early in training, in the mean over models.

    From 0 to sqrt 2; high: hard, or mislabelled.  The paper's scores are those of models that train on the example,
    `inside`, after 10 to 20 epochs, in the mean over 10 models.

    Args:
      error_norm: as recorded, see `memjax.metrics.error_norm`.
      epoch: after how many epochs.

    Raises:
      InputError: nothing was recorded after so many epochs, values that are not finite, shapes that do not fit.

    Reference:
      Paul et al., Deep Learning on a Data Diet, 2021, arXiv 2107.07075, section 2.
    """
    return over_models(at_epoch(as_numbers("error_norm", error_norm), epochs, epoch), masks)


@partial(jax.jit, static_argnames=("model", "at_once"))
def gradient_norms(
    model: Model,
    params: Tree,
    model_state: Tree,
    inputs: Float[AnyArray, "batch ..."],
    labels: Int[AnyArray, " batch"],
    at_once: int = 64,
) -> Float[Array, " batch"]:
    """Length of the gradient of each example's loss by all parameters of one network.

    In the mean over initialisations this is GraNd: of parameters as drawn, or after a few epochs of training
    (`Training.start` and `.advance` give them).  It takes a backward pass for each example, so it is not
    recorded in training: EL2N, which follows from the logits, takes its place there.

    Args:
      model, params, model_state: the network, in evaluation mode.
      inputs: scaled as the network expects them.
      at_once: examples whose gradients are in memory at the same time.

    Reference:
      Paul et al. 2021, arXiv 2107.07075, section 2.
    """

    def loss(params: Tree, single: Array, label: Array) -> Array:
        logits = model.apply(params, model_state, single[None], None, False)[0]
        return optax.softmax_cross_entropy_with_integer_labels(logits, label[None])[0]

    def length(example: tuple[Array, Array]) -> Array:
        return optax.tree.norm(jax.grad(loss)(params, *example))

    return jax.lax.map(length, (jnp.asarray(inputs), jnp.asarray(labels)), batch_size=at_once)
