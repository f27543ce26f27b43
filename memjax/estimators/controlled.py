"""Memorization from fewer models: correctness, with what the probabilities of the same models say as its controls."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import as_masks_and_scores
from memjax.estimators.kernels.layout import layout_of
from memjax.metrics import ROUNDING
from memjax.statistics import mean_where
from memjax.types import ArrayLike

SHARPNESS = (0.5, 1.0, 2.0)  # powers of the odds
PRIOR = 20  # models that the typical variance of log odds counts for
CAUTION = 30  # examples of pure noise that the penalty counts for


class Controlled(NamedTuple):
    """Memorization of each example, and how it was made.

    Attributes:
      value: (train,), NaN where fewer than two models saw the example, or did not.
      weight: of the difference of correctness; the rest is that of its controls.
      typical_error: estimated root mean square of the errors, over examples.
    """

    value: Float[np.ndarray, " train"]
    weight: float
    typical_error: float


def controlled_memorization(masks: ArrayLike, correct: ArrayLike, probability: ArrayLike) -> Controlled:
    """Memorization by correctness, pulled towards what the probabilities of the same models say.

        value = c - w0 c - sum over k of wk (c - dk)

    c is the difference, in less out, of correctness.  The controls dk are the differences of p^s / (p^s + (1 - p)^s),
    for the probability p of the label and s = 1/2, 1 and 2, and of Phi(mean / deviation), the rate at which log odds
    that are normal exceed 0; their variances are pulled towards the median over examples.  The mean squared error of
    the value about the mean of c is a quadratic form in the weights.  Its terms have unbiased estimates (of the last
    control to first order), and the weights are those of its lowest point, with a ridge penalty for few examples.

    A control alone is another quantity, with errors that more models do not mend.  The more models, the nearer the
    weight of c is to 1.  Use it for the errors over all examples, such as a ranking; for one example it is biased, and
    there is no standard error.

    Args:
      masks, correct: as of `memorization`.
      probability: of the given label, from 0 to 1, of the same shape.

    Raises:
      InputError: as of `memorization`, other probabilities, subsets of several sizes or in pairs, repeated ones, or no
        example with two models that saw it and two that did not.
    """
    masks, correct = map(np.asarray, as_masks_and_scores(masks, correct))
    probability = np.asarray(as_masks_and_scores(masks, probability)[1])
    if probability.min() < 0 or probability.max() > 1:
        raise InputError(f"probability holds {probability.min():g} to {probability.max():g}; expected 0 to 1")
    if layout_of(masks):
        raise InputError(
            "masks holds subsets of several sizes, repeated ones or complementary pairs; expected independent subsets "
            "of one size; use memorization for other designs"
        )
    known = (masks.sum(0) > 1) & ((~masks).sum(0) > 1)
    if not known.any():
        raise InputError("no example has two models that trained on it and two that did not; train more models")
    masks, correct, probability = masks[:, known], correct[:, known], probability[:, known]
    (inside, first), (outside, second) = (_with_controls(side, correct, probability) for side in (masks, ~masks))
    (c, *controls), (own, *others) = inside - outside, (first + second).mean(1)
    apart, gain = c - np.stack([np.zeros_like(c), *controls]), own - np.array([0.0, *others])
    squares = apart @ apart.T / len(c)
    penalty = max(CAUTION * own / len(c), np.finfo(float).tiny) * np.eye(len(gain))
    weights = np.linalg.solve(squares + penalty, gain)
    value = np.full(len(known), np.nan)
    value[known] = c - weights @ apart
    error = own - 2 * weights @ gain + weights @ squares @ weights
    return Controlled(value, float(1 - weights.sum()), float(np.sqrt(max(error, 0.0))))


def _with_controls(
    chosen: Bool[np.ndarray, "models train"], correct: Shaped[np.ndarray, "models train"],
    probability: Float[np.ndarray, "models train"],
) -> tuple[Float[np.ndarray, "scores train"], Float[np.ndarray, "scores train"]]:  # fmt: skip
    """Means of correctness and of its controls over chosen models, and the covariances with that of correctness."""
    from scipy.special import expit, ndtr

    count = chosen.sum(0)
    odds = np.clip(probability.astype(np.float64), ROUNDING, 1 - ROUNDING)
    odds = np.log(odds / (1 - odds))

    def moments(scores: Any) -> tuple[Any, Any]:
        mean = mean_where(scores, chosen, dtype=np.float64)[0]
        return mean, np.where(chosen, scores - mean, 0.0)

    mean, right = moments(correct)
    found = [(mean, (right * right).sum(0))]
    for sharpness in SHARPNESS:
        mean, rest = moments(expit(sharpness * odds))
        found.append((mean, (right * rest).sum(0)))
    mean, rest = moments(odds)
    variance, trust = (rest * rest).sum(0) / (count - 1), (count - 1) / (PRIOR + count - 1)
    deviation = np.sqrt(np.maximum(trust * variance + (1 - trust) * np.median(variance), ROUNDING**2))
    z, rest = mean / deviation, rest / deviation
    slope = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    found.append((ndtr(z), slope * (right * (rest - z / 2 * count / (PRIOR + count - 1) * rest * rest)).sum(0)))
    means, products = map(np.stack, zip(*found, strict=True))
    return means, products / ((count - 1) * count)
