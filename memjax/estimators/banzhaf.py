"""Data Banzhaf values: how much each example adds to a utility of the model, by maximum sample reuse."""

import numpy as np
from jaxtyping import Shaped

from memjax.errors import InputError
from memjax.estimators.checks import AnyArray, as_masks
from memjax.estimators.influence import influence
from memjax.machine.debugging import without_debugging
from memjax.types import Estimate

FAR = 5.0  # standard errors from one half at which subsets are no longer those of the definition


@without_debugging()
def data_banzhaf(masks: Shaped[AnyArray, "..."], utility: Shaped[AnyArray, "..."]) -> Estimate:
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
      InputError: shapes that do not fit, or masks that are in far more or far less than half of the time.

    Reference:
      Wang and Jia, Data Banzhaf: A Robust Data Valuation Framework, 2023, arXiv 2205.15466.
    """
    masks = as_masks(masks)
    values = np.asarray(utility)
    if values.shape != (len(masks),):
        raise InputError(f"utility has shape {values.shape}; expected ({len(masks)},), one number a model")
    share, error = float(np.asarray(masks).mean()), 0.5 / np.sqrt(max(1, np.asarray(masks).size))
    if abs(share - 0.5) > FAR * error:
        raise InputError(
            f"the masks hold an example {share:.3f} of the time; the Banzhaf value is defined by subsets that hold it "
            "half of the time: train with --design bernoulli --subset-fraction 0.5"
        )
    estimate = influence(masks, values[:, None])
    return Estimate(*(field[:, 0] for field in estimate))
