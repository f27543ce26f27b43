"""Memorization and influence from models in complementary pairs, with the standard errors of such pairs."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import as_masks, as_scores
from memjax.estimators.influence import influence
from memjax.estimators.memorization import memorization
from memjax.machine.debugging import without_debugging
from memjax.types import ArrayLike, Estimate, Outcomes


@without_debugging()
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
    estimate = memorization(masks, correct)
    return _with_errors_of_pairs(estimate, as_pairs(masks, correct))


@without_debugging()
def complementary_influence(masks: ArrayLike, correct_test: ArrayLike) -> Estimate:
    """Influence from models of which 2k and 2k + 1 saw complementary halves; see `complementary_memorization`."""
    estimate = influence(masks, correct_test)
    return _with_errors_of_pairs(estimate, as_pairs(masks, correct_test))


@without_debugging()
def whole_pairs(outcomes: Outcomes) -> Outcomes:
    """The models of complementary pairs of which both are there: the partner of a diverged model is left out too."""
    pair, there = np.unique(outcomes.model_ids // 2, return_counts=True)
    kept = np.isin(outcomes.model_ids // 2, pair[there == 2])
    if kept.all():
        return outcomes
    return some_models(outcomes, kept)


def some_models(outcomes: Outcomes, chosen: Bool[np.ndarray, " models"] | slice) -> Outcomes:
    """The outcomes of some models."""
    train, test = ({name: values[chosen] for name, values in side.items()} for side in (outcomes.train, outcomes.test))
    return Outcomes(outcomes.model_ids[chosen], outcomes.masks[chosen], train, test)


def opposite(masks: Bool[np.ndarray, "models train"]) -> bool:
    """Whether models 2k and 2k + 1 saw complementary halves, for all k."""
    return len(masks) % 2 == 0 and np.array_equal(masks[::2], ~masks[1::2])


def as_pairs(masks: ArrayLike, scores: ArrayLike) -> Shaped[np.ndarray, "models examples"]:
    """Scores of models that are in complementary pairs.

    Raises:
      InputError: they are not.
    """
    masks = np.asarray(as_masks(masks, may_be_none=True))
    if not opposite(masks):
        raise InputError(
            "the models are not in complementary pairs: row 2k + 1 of masks must be the opposite of row 2k; use "
            "memorization and influence for other designs"
        )
    return np.asarray(as_scores("scores", scores, len(masks)))


def squares_in_pairs(scores: Shaped[np.ndarray, "models examples"]) -> Float[np.ndarray, " examples"]:
    """Squared differences of a score within a pair, summed over pairs, whichever model of a pair saw an example."""
    return np.square(scores[::2] - scores[1::2].astype(np.float32)).sum(0, dtype=np.float64)


def _with_errors_of_pairs(estimate: Estimate, scores: Shaped[np.ndarray, "models examples"]) -> Estimate:
    squares = squares_in_pairs(scores)
    return estimate._replace(stderr=stderr_in_pairs(estimate.value, len(scores) // 2, squares, scores.dtype == bool))


@jax.jit(static_argnames="rates")
def stderr_in_pairs(
    value: Float[Array, "*shape"], num_pairs: int | Array, squares: Float[Array, " examples"], rates: bool
) -> Float[Array, "*shape"]:
    """The standard error of a mean difference within pairs, from the sum of its squares."""
    more, pairs = (1, num_pairs + 2) if rates else (0, num_pairs)
    mean = value * num_pairs / pairs
    scatter = jnp.maximum((squares + more) / pairs - mean * mean, 0)
    return jnp.where(num_pairs > 1, jnp.sqrt(scatter / (num_pairs - 1)), jnp.nan)
