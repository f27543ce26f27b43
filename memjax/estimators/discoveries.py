"""Exact p-values of the influence of pairs, and q-values: the false discovery rate among strong pairs."""

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError, one_of
from memjax.estimators.checks import as_masks, as_scores
from memjax.estimators.kernels.influence_from_bits import Bits, tails_of_bits
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.kernels.null import tails_by_size
from memjax.estimators.kernels.products import pack_bits
from memjax.types import ArrayLike


def pair_p_values(
    masks: ArrayLike,
    correct_test: ArrayLike,
    tr_idx: ArrayLike,
    tt_idx: ArrayLike,
    complementary: bool = False,
    *,
    alternative: str = "greater",
    least: float = 0.0,
) -> Float[np.ndarray, " pairs"]:
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
        -`least`): an influence that differs from 0 may still be small.  By the score test of Farrington and Manning, an
        approximation; for independent models with subsets of one size.

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
      Correlated Proportions or Percentages, 1947.
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

    Raises:
      InputError: fewer candidates than p-values, or a p-value outside 0 to 1.

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
