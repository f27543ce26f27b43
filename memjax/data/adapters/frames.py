"""Data frames of pandas, polars and pyarrow.  The checks import none of them."""

from typing import Any

import numpy as np

from memjax.errors import InputError


def is_frame(inputs: Any) -> bool:
    """Whether this is a table of pandas, polars or pyarrow."""
    library = type(inputs).__module__.partition(".")[0]
    return (library == "pandas" and hasattr(inputs, "columns")) or (
        library in ("polars", "pyarrow") and hasattr(inputs, "to_pandas")
    )


def as_frame(inputs: Any) -> Any:
    """The table as a pandas data frame.

    Raises:
      InputError: it is no table, names a column twice, or pyarrow, which polars needs for it, is not installed.
    """
    if not is_frame(inputs):
        raise InputError(f"a {type(inputs).__name__} is given beside a table; give both as tables of the same columns")
    if hasattr(inputs, "to_pandas"):
        try:
            inputs = inputs.to_pandas()
        except ImportError as problem:
            raise InputError(f"the table needs pyarrow ({problem}); pip install 'memjax[tables]'") from None
    repeated = inputs.columns[inputs.columns.duplicated()]
    if len(repeated):
        raise InputError(f"the table names column {repeated[0]!r} twice; give each column its own name")
    return inputs


def ids_of(frame: Any) -> np.ndarray | None:
    """The index of a data frame, where it says more than the number of the row."""
    return None if type(frame.index).__name__ == "RangeIndex" else np.asarray(frame.index)
