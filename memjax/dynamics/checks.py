"""What the reductions accept: curves of truth values or of finite numbers, with the masks that belong to them."""

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.errors import InputError
from memjax.metrics import METRICS, check_range
from memjax.types import ArrayLike

AnyArray = np.ndarray | jax.Array


def as_bits(name: str, values: ArrayLike) -> Bool[np.ndarray, "*models epochs train"]:
    """Curves of 0 and 1 as bool.

    Raises:
      InputError: fewer than two axes, no epoch, or other values.
    """
    values = _as_curves(name, values)
    if values.dtype != bool and not ((values == 0) | (values == 1)).all():
        raise InputError(f"{name} holds values other than 0 and 1; expected whether an example was right at an epoch")
    return values.astype(bool)


def as_numbers(name: str, values: ArrayLike) -> Float[np.ndarray, "*models epochs train"]:
    """Curves as float32: sums of float16 would be too coarse.

    Raises:
      InputError: fewer than two axes, no epoch, or values that are not finite.
    """
    values = _as_curves(name, values).astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds values that are not finite numbers; leave out models that diverged")
    if name in METRICS:
        check_range(name, name, values)
    return values


def as_epochs(epochs: ArrayLike | None, count: int) -> Int[np.ndarray, " epochs"]:
    """After how many epochs each record was taken; 1, 2, 3, ... where it is not said.

    Raises:
      InputError: not as many as there are records, or not ascending.
    """
    if epochs is None:
        return np.arange(1, count + 1)
    epochs = np.asarray(epochs)
    if epochs.shape != (count,) or (np.diff(epochs) <= 0).any():
        raise InputError(f"epochs is {epochs.tolist()}; expected {count} numbers, one per record, ascending")
    return epochs


def as_masks_of(values: ArrayLike, masks: ArrayLike) -> np.ndarray:
    """The masks that belong to values (models, ..., train), as bool.

    Raises:
      InputError: another number of models or examples.
    """
    masks = np.asarray(masks)
    if values.ndim < 2 or masks.shape != (values.shape[0], values.shape[-1]):
        raise InputError(f"masks has shape {masks.shape}, values {values.shape}; expected (models, train) of both")
    return masks.astype(bool)


def _as_curves(name: str, values: ArrayLike) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim < 2 or not values.shape[-2]:
        raise InputError(f"{name} has shape {values.shape}; expected (epochs, train), or (models, epochs, train)")
    return values
