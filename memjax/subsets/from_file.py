"""Subsets from a file of the user's."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int

from memjax.errors import InputError
from memjax.types import SubsetDesign
from memjax.untrusted import read_npy


def from_file(path: Path, num_train: int) -> SubsetDesign:
    """Model t trains on the examples with a 1 in row t of the (models x train) array of 0 and 1 in the file.

    Raises:
      InputError: the file cannot be read, has another shape, holds other values than 0 and 1, or has a row of zeros.
    """
    rows = read_npy(path)
    if rows.ndim != 2 or rows.shape[1] != num_train or not len(rows):
        raise InputError(
            f"masks file {path} has shape {rows.shape}; expected (models, {num_train}), a column per example"
        )
    chosen = rows.astype(bool)
    if not np.array_equal(chosen, rows):
        raise InputError(
            f"masks file {path} holds values other than 0 and 1; give 1 where a model trains on an example, else 0"
        )
    if not chosen.any(1).all():
        raise InputError(
            f"masks file {path}: row {int(np.argmin(chosen.any(1)))} marks no example to train on; give at least one"
        )

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return chosen[model_ids % len(chosen)]  # models past the end only fill the last block and are not counted

    return SubsetDesign(
        f"as in {path.name}", num_train, int(chosen.sum(1).max()), float(chosen.mean()), len(chosen), masks
    )
