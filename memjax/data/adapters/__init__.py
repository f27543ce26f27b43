"""Inputs from the user's arrays: one file for each library."""

from typing import Any

import numpy as np

from memjax.data.adapters.arrays import from_array


def as_inputs(which: str, inputs: Any) -> np.ndarray:
    """The inputs as a NumPy array (examples, *shape), floating-point numbers as float32 or float64.

    Raises:
      InputError: the library is not known, or the inputs are not numbers.
    """
    array = from_array(which, inputs)
    if array.dtype.kind != "f":
        return array
    return array.astype(np.float32 if array.dtype.itemsize <= 4 else np.float64, copy=False)


__all__ = ["as_inputs"]
