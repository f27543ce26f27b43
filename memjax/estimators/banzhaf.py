"""Data Banzhaf values: how much each example adds to a utility of the model, by maximum sample reuse."""

import numpy as np

from memjax.errors import InputError
from memjax.estimators.checks import as_masks_and_utility
from memjax.estimators.influence import influence
from memjax.machine.debugging import without_debugging
from memjax.types import ArrayLike, Estimate

FAR = 5.0  # standard errors from one half at which subsets are no longer those of the definition
RARE = 1e-9  # probability of sizes so much alike, or so far apart, at which they are not those of coin flips


@without_debugging()
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
        with the one that takes its place: values are then relative to the mean of the others.

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
