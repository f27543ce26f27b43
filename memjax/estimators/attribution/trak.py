"""TRAK: the network as a linear model of its gradients, solved for the effect of each training example."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.attribution.gradient_dot import as_gradients
from memjax.estimators.checks import as_array
from memjax.types import ArrayLike

PENALTY = 1e-2  # in units of the mean eigenvalue of the kernel of the training examples


def trak(
    train_gradients: ArrayLike, test_gradients: ArrayLike, train_probabilities: ArrayLike, *, penalty: float = PENALTY
) -> Float[np.ndarray, "train test"]:
    """The effect of each training example on each output in logistic regression on the gradients of the networks.

        score[i, j] = (1 - p_i)  mean over models m of  phi_j (Phi' Phi + penalty[m] I)^-1 phi_i

    with phi the projected gradients, Phi those of all training examples, p_i the probability of the given label, in the
    mean over models, and penalty[m] = penalty times the mean eigenvalue of Phi Phi'.  Means over more models are
    better.  Sign: above 0 where training on i raises output j.  Range: any number.

    Args:
      train_gradients: (models, train, dims), of log_odds: `per_example_gradients(..., output="log_odds", dims=512)`.
      test_gradients: (models, test, dims), of the output: log_odds or margin.
      train_probabilities: (models, train), or (train,) in the mean over models.  Those of models that did not train on
        the example are best: networks that did are nearly sure, and the few that are not get all the weight.
      penalty: above 0.

    Reference:
      Park, Georgiev, Ilyas, Leclerc and Madry, TRAK: Attributing Model Behavior at Scale, 2023, arXiv 2303.14186,
      equation 17; the penalty is theirs of the code.
    """
    train, test = as_gradients(train_gradients, test_gradients)
    right = np.atleast_2d(np.asarray(as_array("train_probabilities", train_probabilities), np.float64))
    if right.shape[1:] != train.shape[1:2] or not ((right >= 0) & (right <= 1)).all():
        raise InputError(f"train_probabilities has shape {right.shape}; expected numbers from 0 to 1 {train.shape[:2]}")
    if not 0 < penalty < np.inf:
        raise InputError(f"penalty is {penalty}; expected a number above 0")
    found = np.zeros((train.shape[1], test.shape[1]))
    for one, other in zip(train.astype(np.float64), test.astype(np.float64), strict=True):
        few = one.shape[0] < one.shape[1]  # the smaller of two systems with the same solution
        square = one @ one.T if few else one.T @ one
        square[np.diag_indices_from(square)] += penalty * max(np.trace(square) / min(one.shape), np.finfo(float).tiny)
        found += np.linalg.solve(square, one @ other.T) if few else one @ np.linalg.solve(square, other.T)
    return ((1 - right.mean(0))[:, None] * found / len(train)).astype(np.float32)
