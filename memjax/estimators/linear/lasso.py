"""The lasso, with a given penalty, for many targets at once that share one set of masks."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax import notebook
from memjax.errors import InputError
from memjax.estimators.checks import as_array, as_masks
from memjax.estimators.linear.lasso_solver import design_matrix, fit_tile
from memjax.types import ArrayLike

TILE = 256


class Lasso(NamedTuple):
    """Linear models of outputs by masks, one per target, in host memory.

    Attributes:
      weights: above 0 where seeing the training example raises the output.
      bias: the expected output of a model trained on no example.
      gap: bound on how far the objective is above its minimum (the duality gap).
    """

    weights: Float[np.ndarray, "train test"]
    bias: Float[np.ndarray, " test"]
    gap: Float[np.ndarray, " test"]

    def __repr__(self) -> str:
        found, size = int(np.count_nonzero(self.weights)), self.weights.size
        return (
            f"Lasso({notebook.shape_of(self.weights)}: {found:,} of {size:,} weights are not 0, "
            f"{notebook.Summary(self.weights).range()})"
        )


def lasso(
    masks: ArrayLike,
    outputs: ArrayLike,
    penalty: ArrayLike | float,
    *,
    factors: ArrayLike | None = None,
    tolerance: float = 1e-4,
    tile: int = TILE,
) -> Lasso:
    """Linear models of the outputs by the masks, with a given penalty on the absolute weights.

    For each target j the minimum over weights w and bias b of

        1 / (2 models) sum over t of (outputs[t, j] - b - sum over i of masks[t, i] w[i])^2
            + penalty[j] sum over i of factors[i, j] |w[i]|

    which without factors is the objective of scikit-learn's Lasso with alpha = penalty.  A training example that was
    always in or always out gets weight 0, and so does every example for a target that is constant.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.
      outputs: (models, test), any finite numbers.
      penalty: above 0, one for all targets or one each, in units of the outputs.
      factors: above 0, (train, test): how strongly each pair is penalised.  Default: 1.
      tolerance: a target is done when its duality gap is below this fraction of its objective at weight 0.
      tile: targets solved at once; a dozen arrays of (train, tile) exist at a time.

    Raises:
      InputError: shapes that do not fit, masks other than 0 and 1, outputs that are not finite, a penalty or factor
        that is not above 0.

    Example:
      >>> import numpy as np
      >>> masks = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
      >>> fit = lasso(masks, np.array([[3.0], [3.0], [1.0], [1.0]]), penalty=0.1)
      >>> print(fit.weights.round(2).ravel(), fit.bias.round(2))
      [1.6 0. ] [1.2]

    Reference:
      Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996.  Solved after Beck and Teboulle, A Fast
      Iterative Shrinkage-Thresholding Algorithm, 2009, and O'Donoghue and Candes, Adaptive Restart for Accelerated
      Gradient Schemes, 2015, arXiv 1204.3982.
    """
    masks, outputs = as_masks_and_outputs(masks, outputs)
    penalties = as_positive("penalty", penalty, outputs.shape[1:])
    factors = as_positive("factors", 1.0 if factors is None else factors, (masks.shape[1], outputs.shape[1]))
    everyone = np.ones(len(masks), bool)
    design = design_matrix(masks, everyone)
    found = Lasso(np.zeros(factors.shape, np.float32), outputs[0].copy(), np.zeros(len(penalties), np.float32))
    for columns, filled in tiles(outputs, tile):
        part = outputs[:, filled], everyone, factors[:, filled]
        fill_in(found, columns, fit_tile(design, *part, penalties[filled], tolerance))
    return found


def fill_in(whole: Iterable[np.ndarray], columns: Int[np.ndarray, " columns"], tile: Iterable[Any]) -> None:
    """Writes what was found for one of `tiles`."""
    for values, part in zip(whole, tile, strict=True):
        values[..., columns] = np.asarray(part)[..., : len(columns)]


def as_masks_and_outputs(
    masks: ArrayLike, outputs: ArrayLike
) -> tuple[Bool[np.ndarray, "models train"], Float[np.ndarray, "models test"]]:
    """Masks as bool and finite outputs as float32, in host memory; refuses others."""
    masks, outputs = np.asarray(as_masks(masks)), np.asarray(as_array("outputs", outputs))
    if outputs.ndim != 2 or len(outputs) != len(masks):
        raise InputError(f"outputs has shape {outputs.shape}; expected ({len(masks)}, test), a row for each of masks")
    outputs = outputs.astype(np.float32)
    if not np.isfinite(outputs).all():
        raise InputError("outputs holds values that are not finite; leave out models that diverged")
    return masks, outputs


def as_positive(name: str, values: ArrayLike | float, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers above 0 as float32 of the given shape, a single one for all; refuses others."""
    values = np.asarray(values, np.float32)
    if values.shape not in ((), shape):
        raise InputError(f"{name} has shape {values.shape}; expected one number or {shape}")
    if not ((values > 0) & np.isfinite(values)).all():
        raise InputError(f"{name} holds a value that is not above 0 and finite; give such values")
    return np.broadcast_to(values, shape)


def tiles(
    outputs: Float[np.ndarray, "models test"], tile: int
) -> Iterator[tuple[Int[np.ndarray, " columns"], Int[np.ndarray, " tile"]]]:
    """The targets that vary, in parts, each padded to one length so that all parts share one compiled program."""
    varying = np.flatnonzero(outputs.max(0) > outputs.min(0))
    tile = max(1, min(tile, outputs.shape[1]))
    for start in range(0, len(varying), tile):
        columns = varying[start : start + tile]
        yield columns, np.resize(columns, tile)
