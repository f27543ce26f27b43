"""Memorization and influence from models in complementary pairs, with the errors that such pairs have."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import AnyArray, as_masks, as_scores
from memjax.estimators.influence import influence
from memjax.estimators.memorization import memorization
from memjax.types import Estimate, Outcomes


def complementary_memorization(masks: Shaped[AnyArray, "..."], correct: Shaped[AnyArray, "..."]) -> Estimate:
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
    masks, scores = _checked(masks, correct)
    return estimate._replace(stderr=_stderr(estimate.value, *_squares(scores), scores.dtype == bool))


def complementary_influence(masks: Shaped[AnyArray, "..."], correct_test: Shaped[AnyArray, "..."]) -> Estimate:
    """Influence from models of which 2k and 2k + 1 saw complementary halves; see `complementary_memorization`."""
    estimate = influence(masks, correct_test)
    masks, scores = _checked(masks, correct_test)
    return estimate._replace(stderr=_stderr(estimate.value, *_squares(scores), scores.dtype == bool))


def whole_pairs(outcomes: Outcomes) -> Outcomes:
    """The models of complementary pairs of which both are there: a diverged model takes its partner with it."""
    pair, there = np.unique(outcomes.model_ids // 2, return_counts=True)
    kept = np.isin(outcomes.model_ids // 2, pair[there == 2])
    if kept.all():
        return outcomes
    train, test = ({name: values[kept] for name, values in side.items()} for side in (outcomes.train, outcomes.test))
    return Outcomes(outcomes.model_ids[kept], outcomes.masks[kept], train, test)


def _checked(
    masks: Shaped[AnyArray, "..."], scores: Shaped[AnyArray, "..."]
) -> tuple[Bool[np.ndarray, "models train"], Shaped[np.ndarray, "models examples"]]:
    masks = np.asarray(as_masks(masks))
    if len(masks) % 2 or not np.array_equal(masks[::2], ~masks[1::2]):
        raise InputError(
            "the models are not in complementary pairs: row 2k + 1 of masks must be the opposite of row 2k; use "
            "memorization and influence for others"
        )
    return masks, np.asarray(as_scores("scores", scores, len(masks)))


def _squares(scores: Shaped[np.ndarray, "models examples"]) -> tuple[int, Float[np.ndarray, " examples"]]:
    """Number of pairs, and the squared differences of a score within a pair, summed: the same whoever saw what."""
    first, second = scores[::2].astype(np.float32), scores[1::2].astype(np.float32)
    return len(first), ((first - second) ** 2).sum(0)


@jax.jit(static_argnames="rates")
def _stderr(
    value: Float[Array, "*shape"], num_pairs: int | Array, squares: Float[Array, " examples"], rates: bool
) -> Float[Array, "*shape"]:
    more, pairs = (1, num_pairs + 2) if rates else (0, num_pairs)
    mean = value * num_pairs / pairs
    scatter = jnp.maximum((squares + more) / pairs - mean * mean, 0)
    return jnp.where(num_pairs > 1, jnp.sqrt(scatter / (num_pairs - 1)), jnp.nan)
