"""Many tests at once: p-values of memorization, and p-values that hold for all pairs together."""

import numpy as np
from jaxtyping import Float, Int

from memjax.errors import InputError
from memjax.estimators.checks import as_array, as_masks, as_masks_and_scores, as_scores
from memjax.estimators.complementary import as_pairs
from memjax.estimators.discoveries import pair_p_values
from memjax.estimators.kernels.layout import layout_of
from memjax.types import ArrayLike


def memorization_p_values(
    masks: ArrayLike, correct: ArrayLike, complementary: bool = False, *, least: float = 0.0
) -> Float[np.ndarray, " train"]:
    """The p-value of each example: how likely so large a memorization is if its presence makes no difference.

    The tests, arguments and errors of `pair_p_values`, for each training example and itself.  All examples are tested:
    their q-values are `q_values(p_values, len(p_values))`.

    Example:
      >>> import numpy as np
      >>> masks = np.arange(12)[:, None] % 2 == 0
      >>> memorization_p_values(masks, masks).round(4).tolist()  # one way in 12 choose 6
      [0.0011]
    """
    masks, correct = as_masks_and_scores(masks, correct)
    every = np.arange(masks.shape[1])
    return pair_p_values(masks, correct, every, every, complementary, least=least)


def family_wise_p_values(
    masks: ArrayLike,
    scores: ArrayLike,
    complementary: bool = False,
    *,
    strata: ArrayLike | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> Float[np.ndarray, "train test"]:
    """Two-sided p-values of influence, adjusted for the number of pairs: max-T over permutations of the models.

        p[i, j] = share of permutations whose largest |r| of any pair is at least |r[i, j]|

    with r the correlation, over models, of masks[:, i] and scores[:, j], and the given order as one more permutation.
    If no example makes a difference to any output, models may change places, and the chance that any p-value is at
    most .05 is at most 5 %, whatever the dependence between pairs.  Where q-values allow a share of false pairs among
    those found, this allows none, and finds fewer.

    Args:
      masks, scores: as for `influence`; any finite scores.  All pairs given are tested: choose candidates first.
      complementary: whether models 2k and 2k + 1 saw complementary halves; then pairs change places, and partners.
      strata: (models,) models change places only within a stratum.  Default: the sizes of the subsets, where these vary
        more than by independent draws, as with `--design profile`.
      permutations: p-values are at least 1 / (permutations + 1); each takes as long as `influence`.

    Returns:
      NaN where a training example was always in or always out, or scores are constant.

    Raises:
      InputError: as `influence`; strata that do not fit, no permutations, or subsets that repeat.

    Reference:
      Westfall and Young, Resampling-Based Multiple Testing, 1993, algorithm 2.5 (single step).
    """
    masks = np.asarray(as_masks(masks))
    scores = np.asarray(as_pairs(masks, scores) if complementary else as_scores("scores", scores, len(masks)))
    layout = None if complementary else layout_of(masks)
    if layout and len(np.unique(layout.groups)) < len(masks):
        raise InputError("some subsets repeat or are opposite, so that models cannot change places; give one of each")
    if strata is None:
        strata = layout.strata if layout else np.zeros(len(masks), int)
    strata = np.asarray(as_array("strata", strata))
    if strata.shape != (len(masks),) or permutations < 1:
        raise InputError(
            f"strata has shape {strata.shape} and permutations is {permutations}; expected ({len(masks)},), one number "
            "per model, and at least one permutation"
        )
    rng, (inside, outputs) = np.random.default_rng(seed), map(_standardised, (masks, scores))
    found = np.abs(inside.T @ outputs)
    largest = [np.max(np.abs(inside.T @ outputs[_order(rng, strata, complementary)])) for _ in range(permutations)]
    # Rounding must not tell apart what is equal.
    reached = np.searchsorted(np.sort(largest), found - 1e-5 * found.max(initial=0), side="left")
    p_values = (1 + permutations - reached) / (permutations + 1)
    return np.where(np.outer(inside.any(0), outputs.any(0)), p_values, np.nan)


def _standardised(values: np.ndarray) -> Float[np.ndarray, "models columns"]:
    """Columns of mean 0 and length 1; constant ones are 0."""
    varies = values.max(0) > values.min(0)
    values = values - values.mean(0, dtype=np.float64)
    length = np.sqrt(np.square(values).sum(0))
    return np.where(varies, values / np.where(varies, length, 1), 0).astype(np.float32)


def _order(rng: np.random.Generator, strata: np.ndarray, complementary: bool) -> Int[np.ndarray, " models"]:
    groups = strata[:: 1 + complementary]
    order = np.empty(len(groups), int)
    order[np.argsort(groups, kind="stable")] = np.lexsort((rng.random(len(groups)), groups))
    if not complementary:
        return order
    flipped = rng.integers(2, size=len(order))
    return (2 * order[:, None] + np.stack([flipped, 1 - flipped], 1)).ravel()
