"""What estimators accept from outside: NumPy or JAX arrays; bool, 0 / 1 or, for scores, any finite numbers."""

import jax
import numpy as np
from jax.core import Tracer
from jaxtyping import Bool, Shaped

from memjax.errors import InputError, refuse_masked
from memjax.types import ArrayLike

AnyArray = np.ndarray | jax.Array
LARGEST = 1e18  # a score whose square float32 can hold, added up over many models
COARSE = 1e-3  # of the range of an example's scores, the most that rounding to float32 may move one
SMALL = 1e-6  # and what rounding may move one by in any case: probabilities near 1 differ by less
COLUMNS = 4096  # examples whose rounding is checked at once


def as_masks(masks: ArrayLike, may_be_none: bool = False) -> Bool[AnyArray, "models train"]:
    """Masks as bool; refuses other values than 0 and 1, and no model unless there `may_be_none`."""
    masks = as_array("masks", masks)
    if masks.ndim != 2:
        raise InputError(f"masks has shape {masks.shape}; expected (models, train)")
    if masks.dtype != bool and not isinstance(masks, Tracer) and not bool(((masks == 0) | (masks == 1)).all()):
        raise InputError("masks holds values other than 0 and 1; give 1 where a model trained on an example, else 0")
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


def as_masks_and_utility(
    masks: ArrayLike, utility: ArrayLike
) -> tuple[Bool[np.ndarray, "models train"], Shaped[np.ndarray, " models"]]:
    """Masks, and one number per model; refuses others."""
    masks, utility = np.asarray(as_masks(masks)), np.asarray(as_array("utility", utility))
    if utility.shape != (len(masks),):
        raise InputError(f"utility has shape {utility.shape}; expected ({len(masks)},), one number per model")
    return masks, utility


def as_scores(name: str, scores: ArrayLike, num_models: int) -> Shaped[AnyArray, "models examples"]:
    """Scores as bool, where they are all 0 or 1, or as float32.

    Raises:
      InputError: not one row per model, not finite or too large, -1 and 1, whole numbers, or numbers that differ by
        less than float32 can hold.
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
    if not bool((abs(scores) < np.inf).all()):
        raise InputError(
            f"{name} holds values that are not finite numbers; give correctness, the probability of the given label or "
            "a margin, and leave out models that diverged"
        )
    if bool((abs(scores) == 1).all()):
        raise InputError(f"{name} holds numbers from -1 to 1; expected only 0 and 1; for -1 and +1 give values > 0")
    return scores if scores.dtype == np.float32 and _in_range(scores) else _narrowed(name, scores)


def _in_range(scores: Shaped[AnyArray, "models examples"]) -> bool:
    return bool((abs(scores) <= LARGEST).all())


def _narrowed(name: str, scores: Shaped[AnyArray, "models examples"]) -> Shaped[AnyArray, "models examples"]:
    """The scores as float32; refuses those that are too large, or that differ too little for it."""
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused
        narrow = scores.astype(np.float32)
    if not _in_range(narrow):
        most = float(abs(scores).max())
        raise InputError(f"{name} holds numbers up to {most:g}; expected at most {LARGEST:g}; give smaller units")
    for start in range(0, scores.shape[1] if scores.dtype == np.float64 else 0, COLUMNS):
        given, rounded = (np.asarray(part[:, start : start + COLUMNS]) for part in (scores, narrow))
        low, high = given.min(0), given.max(0)
        moved = abs(given - rounded).max(0)
        if (coarse := np.flatnonzero((moved > COARSE * (high - low)) & (moved > SMALL) & (high > low))).size:
            at = coarse[0]
            raise InputError(
                f"{name} of example {start + at} lies between {low[at]:.9g} and {high[at]:.9g}; expected differences "
                "that float32 can hold; subtract the mean of each example"
            )
    return narrow


def as_array(name: str, values: ArrayLike) -> AnyArray:
    """An array of numbers, also of nested lists; refuses all else."""
    if not isinstance(values, jax.Array):
        refuse_masked(name, values)
        try:
            values = np.asarray(values)
        except ValueError:
            raise InputError(f"{name} has rows of several lengths; expected an array") from None
    if values.dtype.kind not in "biuf" and values.dtype.name != "bfloat16":
        raise InputError(f"{name} holds {values.dtype}; expected bool or numbers")
    return values


def at_least_one_model(num_models: int) -> None:
    if num_models == 0:
        raise InputError("masks has no row; give one per model")
