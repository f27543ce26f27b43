"""TracIn: products of gradients, added up over the checkpoints of a training."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.attribution.gradient_dot import as_gradients
from memjax.estimators.checks import as_array
from memjax.types import ArrayLike


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
