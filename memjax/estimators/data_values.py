"""Data values: how much each example adds to a utility of the model, as Banzhaf and as Shapley values."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.checks import as_masks_and_utility
from memjax.estimators.memorization import influence
from memjax.statistics import mean_where
from memjax.types import ArrayLike, Estimate

FAR = 5.0  # standard errors from one half at which subsets are no longer those of the definition
RARE = 1e-9  # probability of sizes so much alike, or so far apart, at which they are not those of coin flips


def data_banzhaf(masks: ArrayLike, utility: ArrayLike) -> Estimate:
    """Banzhaf value of each training example for a utility of the trained model.

        value[i] = mean of utility[t] over models t that saw i  -  mean over models t that did not

    With every subset equally likely this estimates the mean, over all subsets S of the other examples, of
    U(S with i) - U(S), and each model serves every example (maximum sample reuse).  Above 0: the example helps.

    Args:
      masks: (models, train), drawn so that every example is in with probability one half, independently
        (`--design bernoulli --subset-fraction 0.5`).
      utility: (models,), for example the accuracy on the test examples.

    Returns:
      One estimate a training example; standard error and undefined cases as for `memorization`.

    Raises:
      InputError: shapes that do not fit, masks that are in far more or far less than half of the time, or subsets
        whose sizes do not vary as those of independent coin flips do.  Subsets of one size would compare an example
        with the one that takes its place: values are then relative to the mean of all other examples.

    Reference:
      Wang and Jia, Data Banzhaf: A Robust Data Valuation Framework, 2023, arXiv 2205.15466.
    """
    from scipy.stats import chi2

    masks, values = as_masks_and_utility(masks, utility)
    num_models, num_train = masks.shape
    share, error = float(masks.mean()), 0.5 / np.sqrt(max(1, masks.size))
    if abs(share - 0.5) > FAR * error:
        raise InputError(
            f"the masks hold an example {share:.3f} of the time; the Banzhaf value is defined by subsets that hold it "
            "half of the time: train with --design bernoulli --subset-fraction 0.5"
        )
    apart = np.abs(masks.sum(1) - num_train / 2)
    squares = [np.square(apart + half).sum() / (num_train / 4) for half in (0.5, -0.5)]  # sizes are whole numbers
    if min(chi2.cdf(squares[0], num_models), chi2.sf(squares[1], num_models)) < RARE:
        sizes = np.unique(masks.sum(1))
        raise InputError(
            f"the subsets hold {sizes.min()} to {sizes.max()} examples; the Banzhaf value is defined by subsets that "
            f"hold each example by an independent coin flip, about {num_train / 2:g} -+ {np.sqrt(num_train) / 2:.2g} "
            "examples: train with --design bernoulli --subset-fraction 0.5"
        )
    estimate = influence(masks, values[:, None])
    return Estimate(*(field[:, 0] for field in estimate))


def subsampled_shapley(
    masks: ArrayLike, utility: ArrayLike, gain: float | Float[np.ndarray, ""] | None = None
) -> Estimate:
    """Shapley value of each training example for a utility of the trained model, from models on random subsets.

        value[i] = (n - 1) / n * mean over subset sizes s of (mean of utility over models of size s that saw i
                                                             - mean over models of size s that did not)  +  gain / n

    which is exact where every size from 1 to n - 1 is there and every subset of a size equally likely: the definition
    with its sums in another order.  With some of the sizes, as `--design profile` trains them, it is the same integral
    by fewer points.  Above 0: the example helps.  If `gain` is given, the values of all examples add up to about the
    gain.

    Args:
      masks: (models, train); models are grouped by how many examples they saw.
      utility: (models,), for example the accuracy on the test examples.
      gain: utility of a model of all examples minus that of a model of none (chance); without it values are centred:
        they rank the examples, and sum to about 0.

    Returns:
      One estimate a training example.  Sizes at which it was never in or never out are left out of its mean; NaN if
      no size is left.

    Reference:
      Castro, Gomez and Tejada, Polynomial Calculation of the Shapley Value Based on Sampling, 2009; Feldman and Zhang,
      2020, arXiv 2008.03703, section 2, on how influence at one size is related to it.
    """
    masks, values = as_masks_and_utility(masks, utility)
    num_train = masks.shape[1]
    sizes = masks.sum(1)
    parts = [influence(masks[sizes == size], values[sizes == size, None]) for size in np.unique(sizes)]
    value, stderr = (np.stack([np.asarray(part[field], np.float64)[:, 0] for part in parts]) for field in (0, 1))
    known = np.isfinite(value)
    mean, count = mean_where(value, known)
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.where(known, stderr**2, 0).sum(0)) / count
    share = (num_train - 1) / num_train
    return Estimate(
        jnp.asarray(share * mean + (0.0 if gain is None else float(gain)) / num_train, jnp.float32),
        jnp.asarray(share * error, jnp.float32),
        jnp.asarray(masks.sum(0)),
        jnp.asarray((~masks).sum(0)),
    )
