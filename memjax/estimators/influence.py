"""Influence: how much training on one example raises the chance of getting another right."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from memjax.estimators.checks import AnyArray, as_masks, as_scores, at_least_one_model
from memjax.estimators.moments import difference, moments_of_rates, moments_of_scores
from memjax.types import Estimate


def influence(masks: Shaped[AnyArray, "..."], correct_test: Shaped[AnyArray, "..."]) -> Estimate:
    """Influence of each training example on each test example.

        infl[i, j] = mean of correct_test[t, j] over models t that saw i
                   - mean of correct_test[t, j] over models t that did not

    Above 0: seeing training example i helps to get test example j right.  Range [-1, 1].

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      correct_test: (models, test), whether model t predicts the label of test example j; bool, 0 / 1, or the
        probability it gives to that label.  NumPy or JAX.

    Returns:
      One estimate a pair, (train, test); standard error and undefined cases as for `memorization`.  Four arrays of
      that size exist at once: take the test examples in parts where memory is short.

    Raises:
      InputError: shapes that do not fit, masks other than 0 and 1, scores outside [0, 1].

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
    at_least_one_model(len(masks))
    return _influence(masks, as_scores("correct_test", correct_test, len(masks)))


@jax.jit
def _influence(masks: Bool[Array, "models train"], correct_test: Shaped[Array, "models test"]) -> Estimate:
    scores = correct_test.astype(jnp.float32)
    num_in = masks.sum(0)[:, None]
    num_out = len(masks) - num_in
    total_in = _sums_in(masks, scores)
    total_out = scores.sum(0) - total_in
    if correct_test.dtype == bool:
        return difference(moments_of_rates(num_in, total_in), moments_of_rates(num_out, total_out))
    squares = scores * scores
    squares_in = _sums_in(masks, squares)
    return difference(
        moments_of_scores(num_in, total_in, squares_in),
        moments_of_scores(num_out, total_out, squares.sum(0) - squares_in),
    )


def _sums_in(masks: Bool[Array, "models train"], scores: Float[Array, "models test"]) -> Float[Array, "train test"]:
    """For each pair the sum over models that saw the training example; the others' is the total minus this."""
    return jnp.matmul(masks.T.astype(jnp.float32), scores, precision=jax.lax.Precision.HIGHEST)
