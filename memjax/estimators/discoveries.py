"""Significance: exact p-values of influence and memorization, q-values, and p-values for all pairs together."""

import numpy as np
from jaxtyping import Float, Int

from memjax.errors import InputError, one_of
from memjax.estimators.checks import as_array, as_masks, as_masks_and_scores, as_scores
from memjax.estimators.complementary import as_pairs
from memjax.estimators.kernels.influence_from_bits import Bits, tails_of_bits
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.kernels.null import tails_by_size
from memjax.estimators.kernels.products import pack_bits
from memjax.types import ArrayLike


def pair_p_values(
    masks: ArrayLike, correct_test: ArrayLike, tr_idx: ArrayLike, tt_idx: ArrayLike, complementary: bool = False, *,
    alternative: str = "greater", least: float = 0.0,
) -> Float[np.ndarray, " pairs"]:  # fmt: skip
    """The p-value of each pair: how likely an influence at least so large is if training on i makes no difference to j.

    Under this null, the models that got test example j right are any of the models, and those of them that saw i are
    drawn without replacement: the p-value is the upper tail of a hypergeometric distribution (Fisher's exact test,
    one-sided).  From subsets of several sizes they are drawn within each size (stratified), and models of equal or of
    opposite subsets together.  A normal approximation would be far off at the 1e-6 that millions of pairs need.

    Args:
      masks, correct_test: as for `influence`; 0 / 1 scores only.
      tr_idx, tt_idx: the pairs, rows of the training and of the test examples.
      complementary: whether models 2k and 2k + 1 saw complementary halves; in other orders their masks show it.  Of
        the pairs of models of which one is right, it is an even chance which: an upper tail of a binomial distribution
        (McNemar's exact test).
      alternative: greater, for pairs that help, or less, for pairs that hurt: the lower tail.
      least: influence under the null.  Above 0 the p-value is of influence greater than `least` (or, with less, below
        -`least`): an influence that differs from 0 may still be small.  It is below half of an error where an exact
        interval of that error is above `least`.  For independent models with subsets of one size.

    Returns:
      1 where a training example was always in or always out.

    Raises:
      InputError: as `influence`, other scores than 0 and 1, a pair that is not there, an unknown alternative, or a
        least influence that is not in [0, 1), or is above 0 for other designs.

    Example:
      >>> import numpy as np
      >>> masks = np.array([[1], [1], [0], [0]])
      >>> pair_p_values(masks, masks, np.array([0]), np.array([0])).round(4).tolist()  # one way in 4 choose 2
      [0.1667]

    Reference:
      Fisher, The Logic of Inductive Inference, 1935; McNemar, Note on the Sampling Error of the Difference between
      Correlated Proportions or Percentages, 1947; of `least`, Fay, Proschan and Brittain, Combining One-Sample
      Confidence Procedures for Inference in the Two-Sample Case, Biometrics 71, 2015.
    """
    masks = np.asarray(as_masks(masks))
    correct = np.asarray(as_scores("correct_test", correct_test, len(masks)))
    if correct.dtype != bool:
        raise InputError("p-values of pairs need 0 / 1 scores; correct_test holds other numbers")
    if alternative not in ("greater", "less"):
        raise one_of("alternative", alternative, ("greater", "less"))
    if not 0 <= least < 1:
        raise InputError(f"least is {least}; expected an influence of at least 0 and below 1")
    tr_idx, tt_idx = np.asarray(tr_idx, np.int64), np.asarray(tt_idx, np.int64)
    for name, rows, count in (("tr_idx", tr_idx, masks.shape[1]), ("tt_idx", tt_idx, correct.shape[1])):
        if len(rows) and not (rows.min() >= 0 and rows.max() < count):
            raise InputError(f"{name} holds rows from {rows.min()} to {rows.max()}; expected 0 to {count - 1}")
    layout = None if complementary else layout_of(masks)
    if least and (complementary or layout):
        raise InputError(
            "least is above 0, but subsets have several sizes, repeat or are opposite; the test of a least influence "
            "is for independent models with subsets of one size"
        )
    if layout:
        return tails_by_size(layout, masks[:, tr_idx], correct[:, tt_idx] ^ (alternative == "less"))
    bits = Bits(pack_bits(masks), pack_bits(correct))
    return tails_of_bits(bits, len(masks), tr_idx, tt_idx, complementary, alternative == "less", least)


def q_values(p_values: ArrayLike, num_candidates: int) -> Float[np.ndarray, " pairs"]:
    """The q-value of each pair: the expected share of false pairs among those with a p-value no larger.

        q[a] = least over p >= p[a] of  p * num_candidates / (number of p-values up to p)

    Pairs with q <= 0.05 are significant at a false discovery rate of 5 %.  Candidates without a p-value are taken to
    have p = 1, which errs to the safe side.  The numbers are those of `scipy.stats.false_discovery_control`, without
    an array of all candidates.

    Args:
      num_candidates: pairs among which these were found: memorized training times test examples of their class.

    Example:
      >>> import numpy as np
      >>> q_values(np.array([0.01, 0.2, 0.03]), num_candidates=4).round(2).tolist()
      [0.04, 0.27, 0.06]

    Reference:
      Benjamini and Hochberg, Controlling the False Discovery Rate, 1995.
    """
    p_values = np.asarray(p_values, np.float64)
    if num_candidates < len(p_values):
        raise InputError(f"num_candidates is {num_candidates}, fewer than the {len(p_values)} p-values")
    if not ((p_values >= 0) & (p_values <= 1)).all():
        raise InputError(
            f"p_values holds numbers from {p_values.min():g} to {p_values.max():g}; expected 0 to 1; leave out pairs "
            "without a p-value"
        )
    order = np.argsort(p_values, kind="stable")
    raw = p_values[order] * num_candidates / np.arange(1, len(order) + 1)
    found = np.empty_like(raw)
    found[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1)
    return found


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
    masks: ArrayLike, scores: ArrayLike, complementary: bool = False, *, strata: ArrayLike | None = None,
    permutations: int = 999, seed: int = 0,
) -> Float[np.ndarray, "train test"]:  # fmt: skip
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
