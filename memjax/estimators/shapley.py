"""Subsampled Shapley values: how much each example adds to a utility of the model, over subsets of all sizes."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from memjax.estimators.checks import as_masks_and_utility
from memjax.estimators.influence import influence
from memjax.machine.debugging import without_debugging
from memjax.statistics import mean_where
from memjax.types import ArrayLike, Estimate


@without_debugging()
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

    Raises:
      InputError: shapes that do not fit.

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
