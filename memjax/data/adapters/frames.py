"""pandas data frames of numbers."""

from typing import Any

import numpy as np

from memjax.errors import InputError


def is_frame(inputs: Any) -> bool:
    """Whether this is a pandas data frame.  The check does not import pandas."""
    return type(inputs).__module__.partition(".")[0] == "pandas" and hasattr(inputs, "columns")


def from_frame(which: str, frame: Any) -> np.ndarray:
    """The columns as one array (rows, columns).

    Raises:
      InputError: a column holds something other than numbers and booleans, or a value is missing.
    """
    for name, kind in frame.dtypes.items():
        if getattr(kind, "kind", "O") not in "biuf":
            raise InputError(
                f"column {name!r} of the {which} inputs is {kind}; expected numbers. Encode it, or leave it out"
            )
        if missing := int(frame[name].isna().sum()):
            raise InputError(
                f"column {name!r} of the {which} inputs lacks {missing} of {len(frame)} values; fill them in, or leave "
                "it out"
            )
    kinds = {kind.kind for kind in frame.dtypes}
    return frame.to_numpy(dtype=np.float64 if len(kinds) > 1 or "f" in kinds else None, na_value=np.nan)


def ids_of(inputs: Any) -> np.ndarray | None:
    """The index of a data frame, where it says more than the number of the row."""
    if not is_frame(inputs) or type(inputs.index).__name__ == "RangeIndex":
        return None
    return np.asarray(inputs.index)
