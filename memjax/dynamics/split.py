"""Means over models that trained on an example, and over models that did not."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.dynamics.checks import as_masks_of
from memjax.statistics import mean_where
from memjax.types import ArrayLike


class Sides(NamedTuple):
    """Means over values of examples trained on (inside) and held out (outside).  NaN where there is no value.

    Attributes:
      inside, outside: the means.
      num_in, num_out: the number of values in each mean.
    """

    inside: Float[np.ndarray, "..."]
    outside: Float[np.ndarray, "..."]
    num_in: Int[np.ndarray, "..."]
    num_out: Int[np.ndarray, "..."]


def over_models(values: ArrayLike, masks: ArrayLike) -> Sides:
    """The mean of a reduction, or of whole curves, over models that trained on an example and over held-out models.

        inside[..., i] = mean of values[t, ..., i] over models t with masks[t, i], where it is a number

    NaN, such as the first learned epoch of an example that a model never learned, is left out of mean and count.

    Args:
      values: (models, train), or (models, epochs, train).
      masks: whether model t trained on example i.

    Raises:
      InputError: masks of another shape.
    """
    values = np.asarray(values)
    inside = as_masks_of(values, masks).reshape(len(values), *[1] * (values.ndim - 2), values.shape[-1])
    return _sides(values, np.broadcast_to(inside, values.shape), 0)


def over_examples(
    values: ArrayLike,
    masks: ArrayLike,
    rows: Bool[np.ndarray, " train"] | None = None,
) -> Sides:
    """The mean over a model's own training examples and over its held-out examples, for each model: learning curves.

        inside[t, ...] = mean of values[t, ..., i] over examples i with masks[t, i] and, if given, rows[i]

    With correctness recorded, `inside` is training accuracy, and `outside` that on held-out examples.

    Raises:
      InputError: masks of another shape.
    """
    values = np.asarray(values)
    masks = as_masks_of(values, masks)
    if rows is not None:
        values, masks = values[..., rows], masks[:, rows]
    inside = masks.reshape(len(values), *[1] * (values.ndim - 2), values.shape[-1])
    return _sides(values, np.broadcast_to(inside, values.shape), -1)


def _sides(values: np.ndarray, inside: np.ndarray, axis: int) -> Sides:
    known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    (mean_in, num_in), (mean_out, num_out) = (
        mean_where(values, known & side, axis, np.float64) for side in (inside, ~inside)
    )
    return Sides(mean_in, mean_out, num_in, num_out)
