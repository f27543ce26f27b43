"""Gradient products: how far one training step on an example, or all of them (TracIn), moves the output on another."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.checks import as_array
from memjax.types import ArrayLike

TINY = 1e-30  # a length below which a gradient has no direction


def gradient_dot(train_gradients: ArrayLike, test_gradients: ArrayLike) -> Float[np.ndarray, "train test"]:
    """The change of each output by a step of gradient descent on each training example, for a step of length 1.

        score[i, j] = - mean over models m of  d loss_i . d output_j

    Sign: above 0 where training on i raises output j.  Range: any number.

    Args:
      train_gradients: (models, train, dims), of the loss: `per_example_gradients(..., output="loss")`.
      test_gradients: (models, test, dims), of the output: margin, log_odds.

    Reference:
      Charpiat, Girard, Felardos and Tarabalka, Input Similarity from the Neural Network Perspective, 2019.
    """
    return -mean_products(*as_gradients(train_gradients, test_gradients))


def gradient_cosine(train_gradients: ArrayLike, test_gradients: ArrayLike) -> Float[np.ndarray, "train test"]:
    """As `gradient_dot` of gradients of length 1, so that examples with large gradients do not count more.

        score[i, j] = - mean over models m of  d loss_i . d output_j / (|d loss_i| |d output_j|)

    Sign as there; range [-1, 1]; 0 where a gradient is 0.  Arguments are those of `gradient_dot`.

    Reference:
      Barshan, Brunet and Dziugaite, RelatIF, 2020, arXiv 2003.11630; Charpiat et al., 2019.
    """
    return -mean_products(*map(of_length_one, as_gradients(train_gradients, test_gradients)))


def self_influence(train_gradients: ArrayLike) -> Float[np.ndarray, " train"]:
    """How much a step on an example lowers its own loss, in the mean over models or checkpoints.

        score[i] = mean over models m of  |d loss_i|^2

    Never below 0.  High for atypical and mislabelled examples.  Arguments as for `gradient_dot`.

    Reference:
      Pruthi, Liu, Sundararajan and Kale, Estimating Training Data Influence by Tracing Gradient Descent, 2020,
      arXiv 2002.08484, section 4.1.
    """
    train, _ = as_gradients(train_gradients, train_gradients)
    return np.square(train).sum(-1).mean(0)


def as_gradients(
    train: ArrayLike, test: ArrayLike, what: str = "gradients"
) -> tuple[Float[np.ndarray, "models train dims"], Float[np.ndarray, "models test dims"]]:
    """Both as float32 arrays of three axes; refuses others."""
    found = [np.asarray(as_array(what, values), np.float32) for values in (train, test)]
    shapes = [each.shape for each in found]
    if {each.ndim for each in found} != {3} or shapes[0][::2] != shapes[1][::2] or not shapes[0][0]:
        raise InputError(
            f"{what} have shapes {shapes[0]} and {shapes[1]}; expected (models, examples, dims) of the same models and "
            "dims, one model or more"
        )
    if not all(np.isfinite(each).all() for each in found):
        raise InputError(f"{what} hold values that are not finite; leave out models that diverged")
    return found[0], found[1]


def mean_products(
    train: Float[np.ndarray, "models train dims"], test: Float[np.ndarray, "models test dims"]
) -> Float[np.ndarray, "train test"]:
    """Inner products of training and test examples, in the mean over models."""
    return np.mean([one @ other.T for one, other in zip(train, test, strict=True)], axis=0)


def of_length_one(rows: Float[np.ndarray, "models examples dims"]) -> Float[np.ndarray, "models examples dims"]:
    """The rows over their lengths; a row of 0 stays what it is."""
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), TINY)


def tracin(
    train_gradients: ArrayLike, test_gradients: ArrayLike, learning_rates: ArrayLike
) -> Float[np.ndarray, "train test"]:
    """The change of each output by all steps on each training example, with a checkpoint for the steps around it.

        score[i, j] = - sum over checkpoints c of  learning_rates[c]  d loss_i . d output_j  (at checkpoint c)

    Sign: above 0 where training on i raises output j.  Range: any number, in units of the output if the learning rates
    are those of plain gradient descent times the steps that a checkpoint stands for.

    Args:
      train_gradients: (checkpoints, train, dims), of the loss; `result.models.at(epoch)` has the checkpoints that
        `--keep parameters=N` stored.
      test_gradients: (checkpoints, test, dims), of the output.
      learning_rates: (checkpoints,), 0 or more.

    Reference:
      Pruthi, Liu, Sundararajan and Kale, Estimating Training Data Influence by Tracing Gradient Descent, 2020,
      arXiv 2002.08484, section 3.2.
    """
    train, test = as_gradients(train_gradients, test_gradients)
    rates = np.asarray(as_array("learning_rates", learning_rates), np.float32)
    if rates.shape != (len(train),) or not ((rates >= 0) & np.isfinite(rates)).all():
        raise InputError(f"learning_rates is {rates}; expected {len(train)} numbers of 0 or more, one a checkpoint")
    return -np.sum([rate * (one @ other.T) for rate, one, other in zip(rates, train, test, strict=True)], axis=0)
