"""When an example is learned and forgotten, and how easily: reductions of recorded curves; EL2N and GraNd.

The curves are (epochs, train) or (models, epochs, train); the result has no axis of epochs.  Every function raises
InputError for other shapes, for numbers that are not finite, and for correctness other than 0 and 1.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Shaped

from memjax.dynamics.split import AnyArray, Sides, as_bits, as_epochs, as_masks_of, as_numbers, over_models
from memjax.errors import InputError
from memjax.types import ArrayLike, Model, Tree


def mean_loss(loss: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The mean of an example's loss over all records, the area under its trajectory.  High: learned late or never.

    At least 0.  The order of its values, `mean_loss(loss).argsort()`, says what is learned first.  `over_models` takes
    the mean over models.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, ask for easy and hard examples in section 3.1; a training loss that is low
      early marks clean labels in Han et al., Co-teaching, 2018, arXiv 1804.06872.
    """
    return as_numbers("loss", loss).mean(-2)


def area_under_margin(margin: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """AUM: the mean over the records of the logit of the given label minus the largest other.

    Low, or below 0: other examples pull towards another label, as they do where the given one is wrong.  The paper
    takes the margins in training batches (`--record-own met`); by default they are taken after each recorded epoch, in
    held-out models too.

    Reference:
      Pleiss et al., Identifying Mislabeled Data using the Area Under the Margin Ranking, 2020, arXiv 2001.10528,
      section 3.
    """
    return as_numbers("margin", margin).mean(-2)


def first_learned(correct: ArrayLike, epochs: ArrayLike | None = None) -> Float[np.ndarray, "*models train"]:
    """After how many epochs an example is right for the first time; NaN if it never is.

    An example that is right before training (epoch 0) is not learned then.

    Args:
      correct: whether the model had the example right.
      epochs: after how many epochs the records were taken; by default 1, 2, 3, ...

    Reference:
      Toneva et al., An Empirical Study of Example Forgetting during Deep Neural Network Learning, 2019,
      arXiv 1812.05159, section 3: the first learning event.
    """
    right, numbers = _trained(correct, epochs)
    return np.where(right.any(-2), numbers[right.argmax(-2)], np.nan)


def learned_for_good(correct: ArrayLike, epochs: ArrayLike | None = None) -> Float[np.ndarray, "*models train"]:
    """After how many epochs an example is right and stays right until the end; NaN if it is wrong in the end.

    For an example that a model trained on, and whose label does not follow from other examples, this is the time to
    memorize it.  Arguments as for `first_learned`.
    """
    right, numbers = _trained(correct, epochs)
    wrong_last = right.shape[-2] - np.argmin(right[..., ::-1, :], axis=-2)  # records up to the last wrong one
    place = np.where(right.all(-2), 0, wrong_last)
    learned = place < right.shape[-2]
    return np.where(learned, numbers[np.where(learned, place, 0)], np.nan)


def _trained(correct: ArrayLike, epochs: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Whether each example is right and was trained on, and the epochs."""
    right = as_bits("correct", correct)
    numbers = as_epochs(epochs, right.shape[-2])
    return right & (numbers > 0)[:, None], numbers


def forgetting_events(correct: ArrayLike, epochs: ArrayLike | None = None) -> Float[np.ndarray, "*models train"]:
    """How often an example goes from right to wrong between one record and the next; infinity if it never was right.

        events[i] = number of e with correct[e, i] and not correct[e + 1, i]

    0: unforgettable.  High: an example that conflicts with other examples.  The paper evaluates an example each time
    it is in a training batch (`--record-own met`); by default all examples are evaluated after the recorded epochs,
    held-out ones included.  Give `epochs` where there is a record from before training: it does not count.

    Reference:
      Toneva et al. 2019, arXiv 1812.05159, section 3; those never learned count as forgotten infinitely often there.
    """
    right, _ = _trained(correct, epochs)
    events = (right[..., :-1, :] & ~right[..., 1:, :]).sum(-2).astype(np.float64)
    return np.where(right.any(-2), events, np.inf)


def epochs_to_fit(
    correct: ArrayLike, masks: ArrayLike, epochs: ArrayLike | None = None, share: float = 1.0
) -> Float[np.ndarray, " models"]:
    """A model's time to convergence: epochs until it has so large a share of its own examples right, NaN if never.

    Raises:
      InputError: as `first_learned`; masks of another shape; a share that is none.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, section 3.4: epochs to 100 % accuracy on the training set.
    """
    right = as_bits("correct", correct)
    masks = as_masks_of(right, masks)
    if not 0 < share <= 1:
        raise InputError(f"share is {share}; give a number above 0 and up to 1")
    numbers = as_epochs(epochs, right.shape[-2])
    fitted = (right & masks[:, None]).sum(-1) >= share * masks.sum(-1)[:, None]
    return np.where(fitted.any(-1), numbers[fitted.argmax(-1)], np.nan)


def confidence(probability: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The mean probability of the given label over the records, in [0, 1].

    High, with low variability: easy to learn.  Low, with low variability: hard to learn.

    Reference:
      Swayamdipta et al., Dataset Cartography, 2020, arXiv 2009.10795, section 2.
    """
    return as_numbers("probability", probability).mean(-2)


def variability(probability: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The standard deviation of that probability over the records, with their number as divisor; in [0, 1 / 2].

    High: ambiguous.  Source as for `confidence`.
    """
    return as_numbers("probability", probability).std(-2)


def correctness(correct: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The share of the records at which the example is right, in [0, 1].  Source as for `confidence`."""
    return as_bits("correct", correct).mean(-2)


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

    Reference:
      Paul et al., Deep Learning on a Data Diet, 2021, arXiv 2107.07075, section 2.
    """
    return over_models(at_epoch(as_numbers("error_norm", error_norm), epochs, epoch), masks)


@partial(jax.jit, static_argnames=("model", "at_once"))
def gradient_norms(
    model: Model, params: Tree, model_state: Tree, inputs: Float[AnyArray, "batch ..."],
    labels: Int[AnyArray, " batch"], at_once: int = 64,
) -> Float[Array, " batch"]:  # fmt: skip
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
