"""Sums that memorization and influence are made of: those of disjoint sets of models add up to those of all.

For predictions that come in parts, from a disk or from other machines, and are never there all at once:

    totals = add_totals(*(influence_totals(masks, correct_test) for masks, correct_test in parts))
    estimate = estimate_of(totals)
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import AnyArray, as_masks, as_scores
from memjax.estimators.influence import Sums, from_sums, sums_of
from memjax.estimators.moments import as_errors
from memjax.types import Estimate


class Totals(NamedTuple):
    """Of some models: all that is needed of them.

    Attributes:
      num_models: how many they are.
      num_in: models that saw a training example, (train,) or (train, 1).
      sums: of scores and, for other scores than 0 and 1, of their squares.
    """

    num_models: Int[Array, ""]
    num_in: Int[Array, "..."]
    sums: Sums


def memorization_totals(masks: Shaped[AnyArray, "..."], correct: Shaped[AnyArray, "..."]) -> Totals:
    """What `memorization` needs of some models.  Arguments and errors as there, but that there may be no model.

    Scores of all parts must be of one kind: bool for 0 and 1, float32 for others.
    """
    masks = as_masks(masks)
    correct = as_scores("correct", correct, len(masks))
    if correct.shape != masks.shape:
        raise InputError(f"correct has shape {correct.shape} and masks {masks.shape}; expected the same")
    return Totals(jnp.asarray(len(masks)), _count(masks), _diagonal_sums(masks, correct))


def influence_totals(masks: Shaped[AnyArray, "..."], correct_test: Shaped[AnyArray, "..."]) -> Totals:
    """What `influence` needs of some models, (train, test) numbers.  Arguments and errors as there, but that there may
    be no model.  Scores of all parts must be of one kind, as for `memorization_totals`."""
    masks = as_masks(masks)
    scores = as_scores("correct_test", correct_test, len(masks))
    return Totals(jnp.asarray(len(masks)), _count(masks)[:, None], sums_of(masks, scores))


def add_totals(first: Totals, *others: Totals) -> Totals:
    """Totals of all models of several parts.  For 0 / 1 scores every split gives the same bits: whole numbers are
    exact in float32 up to 16,777,216 models.

    Raises:
      InputError: parts of different examples, or of different kinds of scores.
    """
    shapes = {tuple(np.shape(leaf) for leaf in jax.tree.leaves(part)) for part in (first, *others)}
    if len(shapes) > 1:
        raise InputError(
            "the parts are of different examples, or some are of 0 / 1 scores and some of others; give all scores as "
            "bool or all as float32"
        )
    return jax.tree.map(lambda *leaves: sum(leaves[1:], start=leaves[0]), first, *others)


def estimate_of(totals: Totals, errors: str = "adjusted") -> Estimate:
    """Memorization or influence, as `memorization` and `influence` give it for all models at once.

    Raises:
      InputError: there is no model in the totals.
    """
    if not int(totals.num_models):
        raise InputError("there is no model in these totals")
    return from_sums(totals.sums, totals.num_in, totals.num_models, as_errors(errors))


def _count(masks: Bool[AnyArray, "models train"]) -> Int[Array, " train"]:
    return jnp.asarray(masks.sum(0, dtype=np.int32))


@jax.jit
def _diagonal_sums(masks: Bool[Array, "models train"], correct: Shaped[Array, "models train"]) -> Sums:
    scores = correct.astype(jnp.float32)
    inside = jnp.where(masks, scores, 0)
    if correct.dtype == bool:
        return Sums(inside.sum(0), scores.sum(0))
    return Sums(inside.sum(0), scores.sum(0), Sums((inside * inside).sum(0), (scores * scores).sum(0)))
