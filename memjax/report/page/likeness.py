"""Near-duplicates: how alike two examples look, by the correlation of their coarse pixels or of their features."""

import numpy as np
from jaxtyping import Float, Int

from memjax.disk_inputs import Inputs
from memjax.report.page.images import Painter

ALIKE = 0.98  # correlation from which two examples are called near-duplicates
GRID = 16  # pixels on a side that are compared
SEARCHED = 1000  # most memorized examples for which near-duplicates are looked for
LISTED = 4
CHUNK = 8192


def fingerprints(painter: Painter, inputs: Inputs) -> Float[np.ndarray, "examples places"]:
    """What is compared: unit vectors whose products are correlations.  Constant examples are all zero, like nothing."""
    parts = [_coarse(painter, inputs[start : start + CHUNK]) for start in range(0, len(inputs), CHUNK)]
    if not parts:
        return np.zeros((0, 1), np.float32)
    values = np.concatenate(parts)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.divide(values, length, out=np.zeros_like(values), where=length > 0)


def likeness(
    left: Float[np.ndarray, "train places"],
    right: Float[np.ndarray, "test places"],
    rows: Int[np.ndarray, " pairs"],
    columns: Int[np.ndarray, " pairs"],
) -> Float[np.ndarray, " pairs"]:
    """Correlation of each pair of a row on the left and one on the right."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), CHUNK):
        part = np.s_[start : start + CHUNK]
        found[part] = np.einsum("pk,pk->p", left[rows[part]], right[columns[part]])
    return found


def duplicates(
    train: Float[np.ndarray, "train places"], rows: Int[np.ndarray, " searched"]
) -> tuple[Int[np.ndarray, "searched listed"], Float[np.ndarray, "searched listed"]]:
    """For each of these rows the training examples most like it, itself left out, and their correlation."""
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
    if painter.kind == "strip":
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
