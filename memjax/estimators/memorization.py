"""Memorization and influence: how much training on an example raises the chance of getting it, or another, right."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from memjax import notebook
from memjax.estimators.checks import as_masks, as_masks_and_scores, as_scores
from memjax.estimators.kernels import moments
from memjax.estimators.kernels.layout import every, laid_out, layout_of, own, sides_by_size
from memjax.estimators.kernels.moments import Errors, Moments, Sums, as_errors, from_sums
from memjax.estimators.kernels.products import sums_in
from memjax.types import ArrayLike, Estimate


def memorization(masks: ArrayLike, correct: ArrayLike, errors: str = "adjusted") -> Estimate:
    """Memorization of each training example by a family of models trained on subsets.

        mem[i] = mean of correct[t, i] over models t that saw i
               - mean of correct[t, i] over models t that did not

    Near 0: the label follows from the other examples.  Near 1: it is known only by heart.  Range [-1, 1], except for
    margins.

    Subsets of several sizes are compared size by size: models that saw an example are otherwise the larger ones.  The
    differences are weighted by n_in n_out / (n_in + n_out) of each size (Mantel and Haenszel 1959).  Models of equal or
    of opposite subsets count as one observation in the errors.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      correct: (models, train), whether model t predicts the given label of example i; bool, 0 / 1, the
        probability it gives to that label, or a margin.  NumPy or JAX.
      errors: adjusted, unbiased or plug-in, for the standard errors of 0 / 1 scores.

    Returns:
      One estimate per example, NaN where it was always in or always out.  The standard error is that of a difference
      of two independent means, from the sample variances; for 0 / 1 scores one success and one failure are added to
      either side first, so that it is never 0.  With `errors="unbiased"` or `"plug-in"` the rates are taken as they are
      (see `moments.moments_of_rates`).  It is NaN where a side has fewer than two models.  The intervals of 0 / 1
      scores do not need it: they are made from counts.

    Raises:
      InputError: shapes that do not fit, masks other than 0 and 1, scores that are not finite, an unknown `errors`.

    Example:
      >>> import numpy as np, memjax
      >>> masks = np.array([[1, 1], [1, 0], [0, 0]])
      >>> correct = np.array([[1, 1], [0, 0], [0, 1]])
      >>> memjax.memorization(masks, correct).value.tolist()
      [0.5, 0.5]

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2.
    """
    masks, correct = as_masks_and_scores(masks, correct)
    estimate = moments.difference(*_sides(masks, correct, as_errors(errors)))
    if correct.dtype == bool:
        estimate = Estimate(*estimate, correct.sum(0))
    elif notebook.holds_numbers(masks, correct) and ((correct >= 0) & (correct <= 1)).all():
        estimate = Estimate(*estimate, sides=_sides(masks, correct, "unbiased"))
    return laid_out(estimate, layout_of(masks), masks, correct, as_errors(errors), own)


def sides(masks: ArrayLike, correct: ArrayLike, errors: str = "adjusted") -> tuple[Moments, Moments]:
    """The two halves of memorization: each example's score over models that saw it, and over those that did not.

    The second mean is the held-out score: how well held-out models predict the label.  Arguments as in `memorization`.
    From subsets of several sizes both are means over sizes, so that their difference is memorization.
    """
    masks, correct = as_masks_and_scores(masks, correct)
    if layout := layout_of(masks):
        found = sides_by_size(layout, np.asarray(masks), np.asarray(correct), as_errors(errors), own)[:2]
        return tuple(Moments(*map(jnp.asarray, side)) for side in found)  # pyright: ignore[reportReturnType]
    return _sides(masks, correct, as_errors(errors))


@jax.jit(static_argnames="errors")
def _sides(
    masks: Bool[Array, "models train"], correct: Shaped[Array, "models train"], errors: Errors
) -> tuple[Moments, Moments]:
    if correct.dtype == bool:
        return moments.halves(diagonal_sums(masks, correct, jnp.float32), masks.sum(0), len(masks), errors)
    rates = ((correct == 0) | (correct == 1)).all(0)
    return _side(masks, correct, rates, errors), _side(~masks, correct, rates, errors)


def _side(
    chosen: Bool[Array, "models train"], scores: Float[Array, "models train"], rates: Bool[Array, " train"],
    errors: Errors,
) -> Moments:  # fmt: skip
    """The moments over chosen models.  Squares are those of distances from the mean: others lose their digits."""
    count, total = chosen.sum(0), jnp.where(chosen, scores, 0).sum(0)
    mean = total / count
    apart = jnp.where(chosen, scores - mean, 0)
    found = moments.moments_of_scores(count, apart.sum(0), (apart * apart).sum(0))
    return moments.either(rates, moments.moments_of_rates(count, total, errors), found._replace(mean=mean + found.mean))


def diagonal_sums(masks: Bool[Any, "models train"], scores: Shaped[Any, "models train"], dtype: Any) -> Sums:
    """Sums, of the given precision, of each example's score over the models that saw it, and over all."""
    scores = scores if scores.dtype == bool else scores.astype(dtype)  # a product has twice the digits
    inside = masks * scores
    sums = Sums(inside.sum(0, dtype=dtype), scores.sum(0, dtype=dtype))
    if scores.dtype == bool:
        return sums
    return sums._replace(squares=Sums((inside * scores).sum(0, dtype=dtype), (scores * scores).sum(0, dtype=dtype)))


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
