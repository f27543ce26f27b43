"""Influence: how much training on one example raises the chance of getting another right."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from memjax.estimators.checks import as_masks, as_masks_and_scores, as_scores
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.kernels.moments import Sums, as_errors, from_sums
from memjax.estimators.kernels.products import sums_in
from memjax.estimators.kernels.stratified import every, laid_out
from memjax.types import ArrayLike, Estimate


def influence(masks: ArrayLike, correct_test: ArrayLike, errors: str = "adjusted") -> Estimate:
    """Influence of each training example on each test example.

        infl[i, j] = mean of correct_test[t, j] over models t that saw i
                   - mean of correct_test[t, j] over models t that did not

    Above 0: seeing training example i helps to get test example j right.  Range [-1, 1], except for margins.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      correct_test: (models, test), whether model t predicts the label of test example j; bool, 0 / 1, the
        probability it gives to that label, or a margin.  NumPy or JAX.
      errors: as for `memorization`.

    Returns:
      One estimate per pair, (train, test); standard error and undefined cases as for `memorization`.  Four arrays of
      that size exist at once: take the test examples in parts where memory is short, or `strong_pairs`, which keeps
      only the large ones.

    Raises:
      InputError: shapes that do not fit, masks other than 0 and 1, scores that are not finite, an unknown `errors`.

    Example:
      >>> import numpy as np, memjax
      >>> masks = np.array([[1], [1], [0], [0]])
      >>> correct_test = np.array([[1, 0], [1, 1], [0, 1], [0, 0]])
      >>> memjax.influence(masks, correct_test).value.tolist()
      [[1.0, 0.0]]

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2.
    """
    masks = as_masks(masks)
    scores = as_scores("correct_test", correct_test, len(masks))
    num_in = jnp.asarray(masks.sum(0, dtype=np.int32))[:, None]
    estimate = from_sums(sums_of(masks, scores), num_in, len(masks), as_errors(errors))
    return laid_out(estimate, layout_of(masks), masks, scores, as_errors(errors), every)


@jax.jit
def sums_of(
    masks: Bool[Array, "models train"],
    scores: Shaped[Array, "models test"],
    among: Bool[Array, "models #test"] | bool = True,
) -> Sums:
    """Sums over the models that count.  Fractions are taken from the mean of their column, which no difference of means
    depends on: squares of numbers far from 0 would lose their digits when that of the mean is subtracted."""
    if scores.dtype == bool:
        scores = scores & among
        return Sums(sums_in(masks, scores), scores.astype(jnp.float32).sum(0))
    rates = ((scores == 0) | (scores == 1) | ~jnp.asarray(among)).all(0)
    mean = jnp.where(among, scores, 0).sum(0) / jnp.broadcast_to(among, scores.shape).sum(0)
    moved = jnp.where(among, scores - jnp.where(rates, 0, mean), 0)
    squares = moved * moved
    return Sums(sums_in(masks, moved), moved.sum(0), Sums(sums_in(masks, squares), squares.sum(0)), rates)


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
