"""Near-duplicates: pairs of examples whose reduced images, or whose features, have a high correlation."""

import numpy as np
from jaxtyping import Float, Int

from memjax.disk_inputs import Inputs
from memjax.report.page.images import Painter

ALIKE = 0.98  # correlation from which two examples are called near-duplicates
GRID = 16  # images are reduced to at most this many pixels on a side
SEARCHED = 1000  # near-duplicates are searched for this many of the most memorized examples
LISTED = 4  # near-duplicates of an example, at most
BATCH = 8192  # examples, or pairs, that are compared at once


def fingerprints(painter: Painter, inputs: Inputs) -> Float[np.ndarray, "examples places"]:
    """Unit vectors whose products are correlations.  Those of constant examples are all zero."""
    parts = [_coarse(painter, inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)]
    if not parts:
        return np.zeros((0, 1), np.float32)
    values = np.concatenate(parts)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.divide(values, length, out=np.zeros_like(values), where=length > 0)


def correlations(
    left: Float[np.ndarray, "train places"], right: Float[np.ndarray, "test places"], rows: Int[np.ndarray, " pairs"],
    columns: Int[np.ndarray, " pairs"],
) -> Float[np.ndarray, " pairs"]:  # fmt: skip
    """Correlation of each pair of a training row and a test row."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), BATCH):
        part = np.s_[start : start + BATCH]
        found[part] = np.einsum("pk,pk->p", left[rows[part]], right[columns[part]])
    return found


def duplicates(
    train: Float[np.ndarray, "train places"], rows: Int[np.ndarray, " searched"]
) -> tuple[Int[np.ndarray, "searched listed"], Float[np.ndarray, "searched listed"]]:
    """For each of these rows, the other training examples with the highest correlation, and that correlation."""
    listed = min(LISTED, max(0, len(train) - 1))
    index, value = np.zeros((len(rows), listed), np.int64), np.zeros((len(rows), listed), np.float32)
    for start in range(0, len(rows) if listed else 0, 256):
        part = rows[start : start + 256]
        alike = train[part] @ train.T
        alike[np.arange(len(part)), part] = -2
        best = np.argpartition(-alike, listed - 1, axis=1)[:, :listed]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(alike, best, 1), 1, kind="stable"), 1)
        index[start : start + 256] = best
        value[start : start + 256] = np.take_along_axis(alike, best, 1)
    return index, value


def _coarse(painter: Painter, inputs: np.ndarray) -> Float[np.ndarray, "examples places"]:
    tiles = painter.tiles(inputs).astype(np.float32)
    if not painter.is_image:
        return tiles.reshape(len(tiles), -1)
    grey = tiles.mean(axis=3) if tiles.ndim == 4 else tiles
    for axis in (1, 2):
        grey = _averaged(grey, axis)
    return grey.reshape(len(grey), -1)


def _averaged(values: np.ndarray, axis: int) -> np.ndarray:
    """Means of neighbours along an axis, so that at most `GRID` are left."""
    length = values.shape[axis]
    if length <= GRID:
        return values
    starts = np.arange(GRID) * length // GRID
    sizes = np.diff(np.r_[starts, length]).astype(np.float32)
    shape = [1] * values.ndim
    shape[axis] = GRID
    return np.add.reduceat(values, starts, axis=axis) / sizes.reshape(shape)
