"""Empirical Bayes: what is known of each score once the scores of all examples are known."""

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.checks import as_array
from memjax.estimators.kernels.posteriors import posterior_of_counts, posterior_of_normal
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD
from memjax.statistics import check_level, null_stderr
from memjax.types import ArrayLike, Estimate

LEAST = 50  # members of a group from which it has a prior of its own
FITTED = 100_000  # entries that a prior is fitted to, evenly spread


class Posterior(NamedTuple):
    """Shrunken scores.  NaN where the estimate is undefined.

    Attributes:
      value, stderr: mean and standard deviation of the posterior.
      low, high: its central interval; with a prior that fits, it holds the truth with the probability asked for.
      at_least: posterior probability that the truth is at least the threshold.
    """

    value: Float[np.ndarray, "..."]
    stderr: Float[np.ndarray, "..."]
    low: Float[np.ndarray, "..."]
    high: Float[np.ndarray, "..."]
    at_least: Float[np.ndarray, "..."]


def shrink(
    estimate: Estimate, groups: ArrayLike | None = None, *, threshold: float | None = None, level: float = 0.95
) -> Posterior:
    """Shrinks scores by what all of them together tell: the posterior of each under a prior fitted to its group.

    Counts of right answers (memorization of correctness): the rate of models that saw an example, and of those that did
    not, is 1 with some probability, and else drawn from a beta distribution.  The posterior is averaged over such
    priors by their likelihood.  Rates of another kind are covered less often: if they are even from .9 to 1, by 92 %.
    Other estimates (influence, memorization of soft scores): the truth is drawn from a mixture of normal
    distributions around 0 and around the median, from very narrow to wide, and the estimate is normal around the
    truth with its standard error.  That of influence from counts is taken under the null: other errors grow with the
    influence, so that strong influence would pass for noise.  The weights are fitted by EM, apart for small and
    large standard errors; the posterior is mixed with the raw estimate by as much as makes Stein's unbiased
    estimate of the squared error least, so that a prior that does not fit does no harm.

    The largest of many noisy numbers are too large (the winner's curse); their posterior means are not.  Rank by them,
    and count by `at_least`; for the significance of single scores see `pair_p_values`.

    Args:
      estimate: of `memorization` or `influence`.
      groups: one per example, or per pair, such as its class; below 50, the prior is that of all.  Default: one group.
      threshold: of `at_least`.  Default: 0.25 for one number per example, 0.15 for pairs.
      level: of the interval.

    Example:
      >>> import numpy as np
      >>> noise = np.random.default_rng(0).normal(0, 0.1, 1000).astype(np.float32)
      >>> shrunken = shrink(Estimate(noise, np.full(1000, 0.1, np.float32), None, None))
      >>> bool(noise.max() > 0.3), bool(shrunken.value.max() < 0.05)
      (True, True)

    Reference:
      Stephens, False Discovery Rates: A New Deal, Biostatistics 18, 2017; Stein, Estimation of the Mean of a
      Multivariate Normal Distribution, 1981; Efron, Tweedie's Formula and Selection Bias, 2011.
    """
    value = np.asarray(estimate.value, np.float64)
    stderr = np.asarray(estimate.stderr, np.float64)
    numbers = np.zeros(value.shape, int) if groups is None else np.asarray(as_array("groups", groups))
    if numbers.shape != value.shape:
        raise InputError(f"groups has shape {numbers.shape} and the estimate {value.shape}; expected one per entry")
    check_level(level)
    if threshold is None:
        threshold = MEM_THRESHOLD if value.ndim == 1 else INFL_THRESHOLD
    errors = stderr
    if value.ndim == 2 and estimate.num_right is not None:
        counts = (np.asarray(count, np.float64) for count in (estimate.num_right, estimate.num_in, estimate.num_out))
        errors = null_stderr(*counts)
    columns, method = [value, errors], partial(posterior_of_normal, threshold=threshold, level=level)
    if value.ndim == 1 and estimate.num_right is not None:
        columns = [np.asarray(column, np.float64) for column in estimate._counts()]
        method = partial(posterior_of_counts, threshold=threshold, level=level)
    known = np.isfinite(value) & np.isfinite(stderr)
    found = np.where(known, np.nan, np.stack([value, stderr, *[np.full(value.shape, np.nan)] * 3]))
    table = np.stack([np.broadcast_to(column, value.shape)[known] for column in columns])
    if table.shape[1] > 1:
        of_group = np.empty((5, table.shape[1]))
        for group in np.unique(numbers[known]):
            rows = np.flatnonzero(numbers[known] == group)
            fitted = rows if len(rows) >= LEAST else np.arange(table.shape[1])
            of_group[:, rows] = method(table[:, fitted[:: -(-len(fitted) // FITTED)]], table[:, rows])
        found[:, known] = of_group
    return Posterior(*found)
