"""Memorization and influence from models in complementary pairs, with the standard errors of such pairs."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import AnyArray, as_masks, as_scores
from memjax.estimators.memorization import influence, memorization
from memjax.types import ArrayLike, Estimate, Outcomes


def complementary_memorization(masks: ArrayLike, correct: ArrayLike) -> Estimate:
    """Memorization from models of which 2k and 2k + 1 saw complementary halves.

    Values as `memorization` has them.  The two models of a pair are not independent, as each has just what the other
    lacks: the standard error is that of the mean, over pairs, of the difference between the one that saw an example and
    the one that did not.  For 0 / 1 scores half a pair of each of the four outcomes is added first, so that it is never
    0.

    Args:
      masks, correct: (models, train), models in the order of `--design complementary`.

    Raises:
      InputError: as `memorization`, or rows 2k and 2k + 1 of masks are not complementary.

    Reference:
      For the added half pairs: Agresti and Min, Simple Improved Confidence Intervals for Comparing Matched Proportions,
      Statistics in Medicine 24, 2005.
    """
    estimate, scores = memorization(masks, correct), as_pairs(masks, correct)
    signs = np.where(np.asarray(as_masks(masks))[::2], 1.0, -1.0)
    value = (signs * (scores[::2] - scores[1::2].astype(np.float64))).mean(0)
    return _with_errors_of_pairs(estimate, value, scores)


def complementary_influence(masks: ArrayLike, correct_test: ArrayLike) -> Estimate:
    """Influence from models of which 2k and 2k + 1 saw complementary halves; see `complementary_memorization`."""
    estimate = influence(masks, correct_test)
    return _with_errors_of_pairs(estimate, estimate.value, as_pairs(masks, correct_test))


def whole_pairs(outcomes: Outcomes) -> Outcomes:
    """The models of complementary pairs of which both are there: the partner of a diverged model is left out too."""
    pair, there = np.unique(outcomes.model_ids // 2, return_counts=True)
    kept = np.isin(outcomes.model_ids // 2, pair[there == 2])
    return outcomes if kept.all() else some_models(outcomes, kept)


def some_models(outcomes: Outcomes, chosen: Shaped[np.ndarray, " some"] | slice) -> Outcomes:
    """The outcomes of some models."""
    return jax.tree.map(lambda values: values[chosen], outcomes)


def opposite(masks: Bool[np.ndarray, "models train"]) -> bool:
    """Whether models 2k and 2k + 1 saw complementary halves, for all k."""
    return len(masks) % 2 == 0 and np.array_equal(masks[::2], ~masks[1::2])


def as_pairs(masks: ArrayLike, scores: ArrayLike) -> Shaped[np.ndarray, "models examples"]:
    """Scores of models that are in complementary pairs; refuses others."""
    masks = np.asarray(as_masks(masks, may_be_none=True))
    if not opposite(masks):
        raise InputError(
            "the models are not in complementary pairs: row 2k + 1 of masks must be the opposite of row 2k; use "
            "memorization and influence for other designs"
        )
    return np.asarray(as_scores("scores", scores, len(masks)))


def squares_in_pairs(scores: Shaped[np.ndarray, "models examples"]) -> Float[np.ndarray, " examples"]:
    """Squared differences of a score within a pair, summed over pairs, whichever model of a pair saw an example."""
    return np.square(scores[::2] - scores[1::2].astype(np.float64)).sum(0)


def _with_errors_of_pairs(
    estimate: Estimate, value: Float[AnyArray, "..."], scores: Shaped[np.ndarray, "models examples"]
) -> Estimate:
    rates = ((scores == 0) | (scores == 1)).all(0)
    stderr = stderr_in_pairs(value, len(scores) // 2, squares_in_pairs(scores), rates)
    return estimate._replace(stderr=jnp.asarray(stderr))


def stderr_in_pairs(
    value: Float[AnyArray, "*shape"], num_pairs: int, squares: Float[np.ndarray, "*#examples"],
    rates: Bool[AnyArray, "..."] | bool,
) -> Float[np.ndarray, "*shape"]:  # fmt: skip
    """The standard error of a mean difference within pairs, from the sum of its squares; `rates` says of which examples
    all scores are 0 or 1."""
    value, more = np.asarray(value, np.float64), np.asarray(rates, np.int64)
    if num_pairs < 2:
        return np.full(value.shape, np.nan, np.float32)
    pairs = num_pairs + 2 * more
    mean = value * num_pairs / pairs
    return np.sqrt(np.maximum((squares + more) / pairs - mean * mean, 0) / (num_pairs - 1)).astype(np.float32)
