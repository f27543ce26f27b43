"""Penalty factors of pairs, known before any test output, and margins calibrated to probability units."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.checks import as_scores, at_least_one_model
from memjax.types import ArrayLike


def prior_factors(
    train_inputs: ArrayLike, train_labels: ArrayLike, test_inputs: ArrayLike, test_labels: ArrayLike, mem: ArrayLike
) -> Float[np.ndarray, "train test"]:
    """How strongly a lasso should penalise each pair: less for near neighbours of one class and memorized examples.

        factor[i, j] = log(2 + a) / log(1 + train) * log(2 + b) / log(1 + train)

    where a examples come before i when they are ordered by their distance from test example j, those of its class
    first, and b when they are ordered by memorization, most memorized first.  In (0, 1]; 1 for the last of both orders.
    The least penalty that holds back the noise of m candidates grows as the root of log(m), and an example that is
    early in an order has few candidates before it.  Use it as `factors` of `datamodels` or `lasso`.

    Args:
      train_inputs, test_inputs: (examples, *shape), numbers; distances are Euclidean.
      mem: memorization, best of probabilities; it may be from the same models.  NaN counts as 0.
    """
    train_labels, test_labels = np.asarray(train_labels), np.asarray(test_labels)
    num_train, num_test = len(train_labels), len(test_labels)
    mem = np.nan_to_num(np.asarray(mem, np.float32))
    if (len(train_inputs), len(test_inputs), len(mem)) != (num_train, num_test, num_train):
        raise InputError(
            f"there are {len(train_inputs)} training inputs, {num_train} labels and {len(mem)} values of mem, "
            f"{len(test_inputs)} test inputs and {num_test} labels; expected one of each an example"
        )
    by_memory = _log_places(-mem[:, None])
    factors = np.empty((num_train, num_test), np.float32)
    train, test = (np.reshape(inputs, (len(inputs), -1)).astype(np.float32) for inputs in (train_inputs, test_inputs))
    squares = (train * train).sum(1)
    for start in range(0, num_test, 256):
        part = np.s_[start : start + 256]
        distance = squares[:, None] - 2 * train @ test[part].T  # but for what all candidates share
        other = train_labels[:, None] != test_labels[part]
        factors[:, part] = _log_places(distance + other * (distance.max() - distance.min() + 1)) * by_memory
    return factors


def worth(outputs: ArrayLike, margins: ArrayLike) -> Float[np.ndarray, " test"]:
    """The change of the outputs (probability or correctness) for one unit of margin, for each test example.

        worth[j] = covariance of outputs[:, j] and margins[:, j] / variance of margins[:, j]

    Never below 0 for outputs that rise with the margin; 0 where margins do not vary.  Influence on margins is measured
    more precisely than on probabilities but not on one scale: far from the boundary a large change of margin changes
    no answer.  Weights of a datamodel of margins times this are influence calibrated to units of the outputs: for
    normal margins the mean change of a function of the margin is just this times that of the margin.

    Reference:
      Stein, Estimation of the Mean of a Multivariate Normal Distribution, 1981.
    """
    at_least_one_model(len(outputs))
    outputs = np.asarray(as_scores("outputs", outputs, len(outputs)), np.float32)
    margins = np.asarray(as_scores("margins", margins, len(outputs)), np.float32)
    if margins.shape != outputs.shape:
        raise InputError(f"outputs has shape {outputs.shape} and margins {margins.shape}; expected the same")
    deviation = margins - margins.mean(0)
    variance = (deviation * deviation).mean(0)
    covariance = (deviation * (outputs - outputs.mean(0))).mean(0)
    return np.where(variance > 0, covariance / np.where(variance > 0, variance, 1), 0).astype(np.float32)


def _log_places(values: Float[np.ndarray, "train test"]) -> Float[np.ndarray, "train test"]:
    """log(2 + place) / log(1 + train) for the place, from 0, of each value in its column, smallest first."""
    places = values.argsort(0, kind="stable").argsort(0, kind="stable")
    return (np.log(2 + places) / np.log(1 + len(values))).astype(np.float32)
