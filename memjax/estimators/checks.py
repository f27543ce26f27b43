"""What estimators accept from outside: NumPy or JAX arrays; bool, 0 / 1 or, for scores, any finite numbers."""

import jax
import numpy as np
from jax.core import Tracer
from jaxtyping import Bool, Shaped

from memjax.errors import InputError
from memjax.types import ArrayLike

AnyArray = np.ndarray | jax.Array


def as_masks(masks: ArrayLike, may_be_none: bool = False) -> Bool[AnyArray, "models train"]:
    """Masks as bool.

    Raises:
      InputError: not two-dimensional, a value other than 0 and 1, or no model, unless there `may_be_none`.
    """
    masks = as_array("masks", masks)
    if masks.ndim != 2:
        raise InputError(f"masks has shape {masks.shape}; expected (models, train)")
    if masks.dtype != bool and not isinstance(masks, Tracer) and not bool(((masks == 0) | (masks == 1)).all()):
        raise InputError("masks holds values other than 0 and 1; expected whether a model trained on an example")
    if not may_be_none:
        at_least_one_model(len(masks))
    return masks if masks.dtype == bool else masks.astype(bool)  # no copy of a memory map


def as_masks_and_scores(
    masks: ArrayLike, correct: ArrayLike, may_be_none: bool = False
) -> tuple[Bool[AnyArray, "models train"], Shaped[AnyArray, "models train"]]:
    """Masks, and scores of the same models on the same training examples; errors as of `as_masks` and `as_scores`."""
    masks = as_masks(masks, may_be_none)
    correct = as_scores("correct", correct, len(masks))
    if correct.shape != masks.shape:
        raise InputError(f"correct has shape {correct.shape} and masks {masks.shape}; expected the same")
    return masks, correct


def as_scores(name: str, scores: ArrayLike, num_models: int) -> Shaped[AnyArray, "models examples"]:
    """Scores as bool, where they are all 0 or 1, or as float32.

    Raises:
      InputError: not one row per model, or not a finite number.
    """
    scores = as_array(name, scores)
    if scores.ndim != 2 or scores.shape[0] != num_models:
        raise InputError(f"{name} has shape {scores.shape}; expected ({num_models}, examples), a row for each of masks")
    if scores.dtype == bool:
        return scores
    if isinstance(scores, Tracer):  # inside a user's jit values are not known yet
        return scores.astype(np.float32)
    if bool(((scores == 0) | (scores == 1)).all()):
        return scores.astype(bool)
    if np.issubdtype(scores.dtype, np.integer):
        raise InputError(
            f"{name} holds whole numbers from {int(scores.min())} to {int(scores.max())}; expected 0 and 1 for "
            "correctness. For predicted classes give predicted == labels; for margins give floating-point numbers"
        )
    scores = scores if scores.dtype == np.float32 else scores.astype(np.float32)
    if not bool((abs(scores) < np.inf).all()):
        raise InputError(
            f"{name} holds values that are not finite numbers; give correctness, the probability of the given label or "
            "a margin, and leave out models that diverged"
        )
    return scores


def as_array(name: str, values: ArrayLike) -> AnyArray:
    """An array of numbers; nested lists become one.

    Raises:
      InputError: rows of several lengths, or something else than numbers.
    """
    if not isinstance(values, jax.Array):
        try:
            values = np.asarray(values)
        except ValueError:
            raise InputError(f"{name} has rows of several lengths; expected an array") from None
    if values.dtype.kind not in "biuf" and values.dtype.name != "bfloat16":
        raise InputError(f"{name} holds {values.dtype}; expected bool or numbers")
    return values


def at_least_one_model(num_models: int) -> None:
    if num_models == 0:
        raise InputError("masks has no row; expected one per model")
