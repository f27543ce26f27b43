"""Memorization by correctness from fewer models: the probability of the label serves as a control."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from memjax.errors import InputError
from memjax.estimators.checks import as_masks_and_scores
from memjax.statistics import mean_where
from memjax.types import ArrayLike


class Controlled(NamedTuple):
    """Memorization of each example, and how it was made.

    Attributes:
      value: (train,), NaN where fewer than two models saw the example, or did not.
      weight: of the difference of correctness; the rest is that of the scaled difference of probabilities.
      typical_error: estimated root mean square of the errors, over examples.
    """

    value: Float[np.ndarray, " train"]
    weight: float
    typical_error: float


def controlled_memorization(masks: ArrayLike, correct: ArrayLike, probability: ArrayLike) -> Controlled:
    """Memorization by correctness, pulled towards what the probabilities of the same models say.

        value = w c + (1 - w) b p

    c and p are the differences, in less out, of correctness and of the probability of the label.  b is their least
    squares slope over examples.  The mean squared error of w c + (1 - w) b p about the mean of c is a parabola in w
    whose terms have unbiased estimates; w, from 0 to 1, is its lowest point.

    p alone is another quantity, and b p has errors that more models do not mend.  The more models, the nearer w is
    to 1.  Use it for the errors over all examples, such as a ranking; for one example it is biased, and there is no
    standard error.

    Args:
      masks, correct: as of `memorization`.
      probability: of the given label, from 0 to 1, of the same shape.

    Raises:
      InputError: as of `memorization`, other probabilities, or no example with two models that saw it and two that
        did not.
    """
    masks, correct = map(np.asarray, as_masks_and_scores(masks, correct))
    probability = np.asarray(as_masks_and_scores(masks, probability)[1])
    if probability.min() < 0 or probability.max() > 1:
        raise InputError(f"probability holds {probability.min():g} to {probability.max():g}; expected 0 to 1")
    scores = np.stack([correct, probability]).astype(np.float64)
    (inside, first), (outside, second) = _moments(masks, scores), _moments(~masks, scores)
    (c, p), (own, shared) = inside - outside, first + second
    known = np.isfinite(own)
    if not known.any():
        raise InputError("no example has two models that trained on it and two that did not; train more models")
    b = (c[known] @ p[known]) / (p[known] @ p[known]) if p[known].any() else 0.0
    apart, variance = np.square(c - b * p)[known].mean(), own[known].mean()
    taken = 0.0 if apart == 0 else float(np.clip((variance - b * shared[known].mean()) / apart, 0, 1))
    error = variance - 2 * taken * (variance - b * shared[known].mean()) + taken**2 * apart
    value = np.where(known, (1 - taken) * c + taken * b * p, np.nan)
    return Controlled(value, 1 - taken, float(np.sqrt(max(error, 0.0))))


def _moments(
    chosen: Bool[np.ndarray, "models train"], scores: Float[np.ndarray, "two models train"]
) -> tuple[Float[np.ndarray, "two train"], Float[np.ndarray, "two train"]]:
    """Means of both scores; the variance of the first mean, and its covariance with the second."""
    mean, count = np.stack([mean_where(each, chosen)[0] for each in scores]), chosen.sum(0)
    apart = np.where(chosen, scores - mean[:, None], 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (apart[0] * apart).sum(1) / ((count - 1) * count)
    return mean, np.where(count > 1, spread, np.nan)
