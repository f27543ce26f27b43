"""Sums from which memorization and influence are made; sums of disjoint sets of models add up to those of all models.

For predictions that come in parts, from a disk or from other machines, and are never in memory all at once:

    totals = add_totals(*(influence_totals(masks, correct_test) for masks, correct_test in parts))
    estimate = estimate_of(totals)
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from memjax.errors import InputError
from memjax.estimators.checks import AnyArray, as_masks, as_masks_and_scores, as_scores
from memjax.estimators.complementary import as_pairs, squares_in_pairs, stderr_in_pairs
from memjax.estimators.kernels.moments import Moments, Sums, as_errors, difference, from_sums, halves
from memjax.estimators.memorization import diagonal_sums, sums_of
from memjax.types import ArrayLike, Estimate


class Totals(NamedTuple):
    """Sums over some models, from which estimates are made.

    Attributes:
      num_models: how many models.
      num_in: models that saw a training example, (train,) or (train, 1).
      sums: of scores and, for other scores than 0 and 1, of their squares.
      in_pairs: for models in complementary pairs, squared differences of the scores within a pair, summed.
    """

    num_models: int | Int[Array, ""]
    num_in: Int[AnyArray, "..."]
    sums: Sums
    in_pairs: Float[np.ndarray, "..."] | None = None


def memorization_totals(masks: ArrayLike, correct: ArrayLike, complementary: bool = False) -> Totals:
    """The sums of some models for `memorization`; with `complementary`, for `complementary_memorization`.

    Arguments as there, but there may be no model.  Summed in float64 on the host: probabilities stored in
    float16 are summed without any rounding, so that neither the order nor the parts matter.
    """
    masks, correct = map(np.asarray, as_masks_and_scores(masks, correct, may_be_none=True))
    in_pairs = squares_in_pairs(as_pairs(masks, correct)) if complementary else None
    sums = diagonal_sums(masks, correct, np.float64)
    return Totals(len(masks), masks.sum(0), sums, in_pairs)


def influence_totals(masks: ArrayLike, correct_test: ArrayLike) -> Totals:
    """The (train, test) sums of some models for `influence`.  Arguments as there; there may be no model.

    Other scores than 0 and 1 are summed in float64 on the host, as in `memorization_totals`.
    """
    masks = as_masks(masks, may_be_none=True)
    scores = as_scores("correct_test", correct_test, len(masks))
    num_in = jnp.asarray(masks.sum(0, dtype=np.int32))[:, None]
    if scores.dtype == bool:
        return Totals(len(masks), num_in, sums_of(masks, scores))
    inside, values = np.asarray(masks, np.float64).T, np.asarray(scores, np.float64)
    squares = values * values
    return Totals(len(masks), num_in, Sums(inside @ values, values.sum(0), Sums(inside @ squares, squares.sum(0))))


def add_totals(first: Totals, *others: Totals) -> Totals:
    """Totals of all models of several parts.  For 0 / 1 scores every split gives the same bits: whole numbers are
    exact in float32 up to 16,777,216 models.

    Raises:
      InputError: parts of different examples, or some of which models are in complementary pairs and some not.
    """
    parts = [first, *others]
    if any(part.sums.squares is not None for part in parts):  # 0 and 1 are their own squares
        squares = [part.sums.squares or Sums(part.sums.inside, part.sums.total) for part in parts]
        parts = [p._replace(sums=p.sums._replace(squares=own)) for p, own in zip(parts, squares, strict=True)]
    if len({tuple(np.shape(leaf) for leaf in jax.tree.leaves(part)) for part in parts}) > 1:
        raise InputError(
            "the parts are of different examples, or only some of complementary pairs; they cannot be added"
        )
    return jax.tree.map(lambda *leaves: sum(leaves[1:], start=leaves[0]), *parts)


def estimate_of(totals: Totals, errors: str = "adjusted") -> Estimate:
    """Memorization or influence, as `memorization` and `influence` give it for all models at once, or as
    `complementary_memorization`.
    """
    if totals.sums.squares is None:
        estimate, rates = from_sums(totals.sums, totals.num_in, _num_models(totals), as_errors(errors)), True
    else:
        estimate, rates = difference(*_in_float64(totals, errors)), totals.sums.squares.total == totals.sums.total
    num_right = estimate.num_right if totals.in_pairs is None else None  # the models of a pair are not independent
    if totals.in_pairs is not None and errors != "plug-in":
        rates = rates if errors == "adjusted" else False
        stderr = stderr_in_pairs(estimate.value, int(totals.num_models) // 2, totals.in_pairs, rates)
        estimate = estimate._replace(stderr=stderr)
    return Estimate(*map(jnp.asarray, estimate), num_right=num_right)


def sides_of(totals: Totals, errors: str = "adjusted") -> tuple[Moments, Moments]:
    """The two halves, as `sides` gives them for all models at once."""
    if totals.sums.squares is None:
        return _halves(totals.sums, totals.num_in, _num_models(totals), as_errors(errors))
    return jax.tree.map(jnp.asarray, _in_float64(totals, errors))


_halves: Any = jax.jit(halves, static_argnames="errors")


def _in_float64(totals: Totals, errors: str) -> tuple[Moments, Moments]:
    """The halves on the host: the square of a mean, subtracted in float32, would leave nothing of a small variance."""
    sums = jax.tree.map(lambda values: np.asarray(values, np.float64), totals.sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        return halves(sums, np.asarray(totals.num_in), int(_num_models(totals)), as_errors(errors))


def _num_models(totals: Totals) -> int | Int[Array, ""]:
    if not int(totals.num_models):
        raise InputError("there is no model in these totals")
    return totals.num_models
