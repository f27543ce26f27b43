"""Inputs from the user's arrays: one file for each library."""

from typing import Any

import numpy as np

from memjax.data.adapters.arrays import from_array


def as_inputs(which: str, inputs: Any) -> np.ndarray:
    """The inputs as a NumPy array (examples, *shape); floating-point numbers become float32.

    Raises:
      InputError: the library is not known, or the inputs are not numbers.
    """
    array = from_array(which, inputs)
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):  # the check for infinity finds overflows later
        return array.astype(np.float32, copy=False)


__all__ = ["as_inputs"]
