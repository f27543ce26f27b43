"""Inputs from the user's arrays: NumPy and JAX arrays, torch tensors, and lists of numbers; tables and collections."""

from typing import Any

import numpy as np

from memjax.errors import InputError, refuse_masked

__all__ = ["as_inputs"]


def as_inputs(which: str, inputs: Any) -> np.ndarray:
    """The inputs as a NumPy array (examples, *shape), floating-point numbers as float32 or float64.

    Torch tensors are detached and copied to the host.

    Raises:
      InputError: the inputs cannot be read as an array of numbers.
    """
    if hasattr(inputs, "detach") and hasattr(inputs, "cpu"):
        inputs = inputs.detach().cpu()
    refuse_masked(f"{which} inputs", inputs)
    try:
        array = np.asarray(inputs)
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise InputError(
            f"{which} inputs of type {type(inputs).__name__} cannot be read as numbers: {problem} Give an array"
        ) from None
    if array.dtype.kind not in "biuf":
        what = f"{array.dtype}" if array.ndim else f"a {type(inputs).__name__}"
        raise InputError(f"{which} inputs are {what}; expected numbers, one row per example")
    if array.dtype.kind == "f":
        return array.astype(np.float32 if array.dtype.itemsize <= 4 else np.float64, copy=False)
    return array
