"""Influence of training examples on each other, over models that did not train on the second one."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from memjax.estimators.checks import as_masks_and_scores
from memjax.estimators.influence import sums_of
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.kernels.moments import Sums, as_errors, from_sums
from memjax.estimators.kernels.products import sums_in
from memjax.estimators.kernels.stratified import every, laid_out
from memjax.types import ArrayLike, Estimate


def train_influence(masks: ArrayLike, correct: ArrayLike, errors: str = "adjusted") -> Estimate:
    """Influence of each training example i on each other training example j, over models that did not see j.

        infl[i, j] = mean of correct[t, j] over models t that saw i and not j
                   - mean of correct[t, j] over models t that saw neither

    Above 0: seeing i helps to get j right.  Range [-1, 1], except for margins.  Models that saw j itself say little:
    they may have memorized it.  Over all models, whether they saw j or not, it is `influence(masks, correct)`: its
    diagonal is memorization, its other entries are about these times the share of models that did not see j.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      correct: (models, train), as for `memorization`.
      errors: as for `memorization`.

    Returns:
      One estimate per pair, (train i, train j); NaN on the diagonal and where no such model is there.  `num_in` counts
      models that saw i and not j, `num_out` those that saw neither.

    Raises:
      InputError: as `memorization`.

    Example:
      >>> import numpy as np
      >>> from memjax.estimators import train_influence
      >>> masks = np.array([[1, 0], [1, 0], [0, 0], [0, 0]])
      >>> correct = np.array([[1, 1], [1, 1], [0, 0], [0, 1]])
      >>> train_influence(masks, correct).value.tolist()
      [[nan, 0.5], [nan, nan]]

    Reference:
      After Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2, whose
      definition has i drawn from the examples other than j.
    """
    masks, correct = as_masks_and_scores(masks, correct)
    sums, num_in, num_models = _held_out_sums(masks, correct)
    estimate = from_sums(sums, num_in, num_models, as_errors(errors))
    layout = layout_of(masks)
    return laid_out(estimate, layout, masks, correct, as_errors(errors), every, layout and ~np.asarray(masks))


@jax.jit
def _held_out_sums(
    masks: Bool[Array, "models train"], correct: Shaped[Array, "models train"]
) -> tuple[Sums, Int[Array, "train train"], Int[Array, "train train"]]:
    """Sums over models that did not see j, those models that saw i, and all of them."""
    out = ~masks
    num_in = sums_in(masks, out).astype(jnp.int32)
    num_models = jnp.broadcast_to(out.sum(0, dtype=jnp.int32), num_in.shape)
    return sums_of(masks, correct, out), num_in, num_models
