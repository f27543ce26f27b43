"""What the reductions accept, and means over models that trained on an example and over models that did not."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.errors import InputError
from memjax.metrics import METRICS, check_range
from memjax.statistics import mean_where
from memjax.types import ArrayLike

AnyArray = np.ndarray | jax.Array


def as_bits(name: str, values: ArrayLike) -> Bool[np.ndarray, "*models epochs train"]:
    """Curves of 0 and 1 as bool."""
    values = _as_curves(name, values)
    if values.dtype != bool and not ((values == 0) | (values == 1)).all():
        raise InputError(f"{name} holds values other than 0 and 1; expected whether an example was right at an epoch")
    return values.astype(bool)


def as_numbers(name: str, values: ArrayLike) -> Float[np.ndarray, "*models epochs train"]:
    """Curves as float32: sums of float16 would be too coarse."""
    values = _as_curves(name, values).astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds values that are not finite numbers; leave out models that diverged")
    if name in METRICS:
        check_range(name, name, values)
    return values


def as_epochs(epochs: ArrayLike | None, count: int) -> Int[np.ndarray, " epochs"]:
    """After how many epochs each record was taken; 1, 2, 3, ... where it is not said."""
    if epochs is None:
        return np.arange(1, count + 1)
    epochs = np.asarray(epochs)
    if epochs.shape != (count,) or (np.diff(epochs) <= 0).any():
        raise InputError(f"epochs is {epochs.tolist()}; expected {count} numbers, one per record, ascending")
    return epochs


def as_masks_of(values: ArrayLike, masks: ArrayLike) -> np.ndarray:
    """The masks that belong to values (models, ..., train), as bool."""
    masks = np.asarray(masks)
    if values.ndim < 2 or masks.shape != (values.shape[0], values.shape[-1]):
        raise InputError(f"masks has shape {masks.shape}, values {values.shape}; expected (models, train) of both")
    return masks.astype(bool)


def _as_curves(name: str, values: ArrayLike) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim < 2 or not values.shape[-2]:
        raise InputError(f"{name} has shape {values.shape}; expected (epochs, train), or (models, epochs, train)")
    return values


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
    """
    values = np.asarray(values)
    return _sides(values, as_masks_of(values, masks), 0)


def over_examples(values: ArrayLike, masks: ArrayLike, rows: Bool[np.ndarray, " train"] | None = None) -> Sides:
    """The mean over a model's own training examples and over its held-out examples, for each model: learning curves.

        inside[t, ...] = mean of values[t, ..., i] over examples i with masks[t, i] and, if given, rows[i]

    With correctness recorded, `inside` is training accuracy, and `outside` that on held-out examples.
    """
    values = np.asarray(values)
    masks = as_masks_of(values, masks)
    if rows is not None:
        values, masks = values[..., rows], masks[:, rows]
    return _sides(values, masks, -1)


def _sides(values: np.ndarray, masks: np.ndarray, axis: int) -> Sides:
    inside = np.broadcast_to(masks.reshape(len(values), *[1] * (values.ndim - 2), values.shape[-1]), values.shape)
    known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    (mean_in, num_in), (mean_out, num_out) = (
        mean_where(values, known & side, axis, np.float64) for side in (inside, ~inside)
    )
    return Sides(mean_in, mean_out, num_in, num_out)
