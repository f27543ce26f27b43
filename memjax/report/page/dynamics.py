"""Recorded dynamics as the page shows them: when examples are learned, and their loss after each epoch."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt8

from memjax.errors import InputError
from memjax.report.page.script_data import Orders
from memjax.statistics import mean_where
from memjax.types import Dataset

SIDES = ("in", "out")
COLUMNS = ("num_{}", "learned_{}", "learned_{}_stderr", "num_learned_{}")
SHOWN = 10  # of the easiest and of the hardest examples
# Curves are drawn a few hundred pixels wide and high, so 24 epochs and a byte a value are enough.  The square
# root keeps small losses apart.  With errors, the two curves of 60,000 examples have 17 epochs in 4 MB.
EPOCHS_MOST, EPOCHS_LEAST, BYTES_MOST = 24, 8, 2**22
LEVELS, UNDEFINED = 254, 255


class MeanCurves(NamedTuple):
    """Mean curves over models that trained on an example ("in") and over models that did not ("out"), by side."""

    metric: str  # "loss", or "error", the share of models that are wrong, where only that is known
    epochs: Int[np.ndarray, " epochs"]
    mean: dict[str, Float[np.ndarray, "train epochs"]]
    stderr: dict[str, Float[np.ndarray, "train epochs"]]


class Dynamics(NamedTuple):
    """The arrays of dynamics.npz that a report needs."""

    curves: MeanCurves | None  # None where neither loss nor correctness was recorded
    learned_from: str  # the metric that tells whether an example is learned; empty where none was recorded
    first: int  # of the recorded epochs between which learning was looked for
    last: int
    # (train,) by name and side, such as num_in: models; num_learned_in: those of them that ever had the example right;
    # learned_in, learned_in_stderr: epochs until it is right for the first time.
    columns: dict[str, Shaped[np.ndarray, " train"]]


def dynamics_of(arrays: dict[str, np.ndarray] | None, dataset: Dataset) -> Dynamics | None:
    """The recorded dynamics that the page can show; None where there are none."""
    try:
        return None if arrays is None else _dynamics(arrays, dataset)
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise InputError(f"the recorded dynamics are not those that memjax writes: {problem}; estimate again") from None


def _dynamics(arrays: dict[str, np.ndarray], dataset: Dataset) -> Dynamics | None:
    epochs, curves, source = arrays["epochs"], _curves(arrays), str(arrays["learned_from"])
    one_each = {f"tr_{name.format(side)}" for name in COLUMNS for side in SIDES}
    for name, values in arrays.items():
        shape = (dataset.num_train, len(epochs))[: 1 if name in one_each else 2]
        if name.startswith("tr_") and (values.shape != shape or values.dtype.kind not in "if"):
            raise InputError(
                f"the recorded dynamics ({name}: {values.dtype} {values.shape}) are not of "
                f"{dataset.num_train} examples at {len(epochs)} epochs; give the data options of the run that made them"
            )
    if epochs.ndim != 1 or epochs.dtype.kind != "i":
        raise ValueError(f"epochs is {epochs.dtype} {epochs.shape}")
    if curves is None and not source:
        return None
    names = [name.format(side) for name in (COLUMNS if source else COLUMNS[:1]) for side in SIDES]
    return Dynamics(curves, source, int(epochs[0]), int(epochs[-1]), {name: arrays[f"tr_{name}"] for name in names})


def _curves(arrays: dict[str, np.ndarray]) -> MeanCurves | None:
    metric = next((name for name in ("loss", "correct") if f"tr_{name}_in" in arrays), None)
    if metric is None:
        return None
    mean = {side: arrays[f"tr_{metric}_{side}"] for side in SIDES}
    stderr = {side: arrays[f"tr_{metric}_{side}_stderr"] for side in SIDES}
    if metric == "correct":
        metric, mean = "error", {side: 1 - values for side, values in mean.items()}
    return MeanCurves(metric, arrays["epochs"], mean, stderr)


def thinned(num_epochs: int, num_train: int) -> Int[np.ndarray, " kept"]:
    """The recorded epochs that the page keeps: evenly spaced, the first and the last included.

    >>> thinned(40, 100)[[0, 1, -1]].tolist(), len(thinned(40, 60_000)), len(thinned(5, 10**6))
    ([0, 2, 39], 17, 5)
    """
    room = BYTES_MOST // (4 * max(1, num_train))
    most = min(num_epochs, max(EPOCHS_LEAST, min(EPOCHS_MOST, room)))
    return np.round(np.linspace(0, num_epochs - 1, most)).astype(np.int64)


def easiest_and_hardest(curves: MeanCurves, side: str) -> tuple[Int[np.ndarray, " few"], Int[np.ndarray, " few"]]:
    """Rows of the examples with the lowest and with the highest mean over all recorded epochs, most extreme first."""
    mean = curves.mean[side].mean(1)
    order = np.argsort(mean, kind="stable")
    order = order[np.isfinite(mean[order])]
    few = min(SHOWN, len(order) // 2)
    return order[:few], order[::-1][:few]


def dynamics_data(dynamics: Dynamics, order: Orders) -> dict[str, Any]:
    """The data for the page's script, training examples in the order of the page."""
    content: dict[str, Any] = {"learnedFrom": dynamics.learned_from, "first": dynamics.first, "last": dynamics.last}
    columns = {name: values[order.train] for name, values in dynamics.columns.items()}
    return content | columns | {"curves": dynamics.curves and _curves_data(dynamics.curves, order.train)}


def _curves_data(curves: MeanCurves, train: np.ndarray) -> dict[str, Any]:
    kept, place = thinned(len(curves.epochs), len(train)), np.argsort(train)
    content: dict[str, Any] = {"metric": curves.metric, "epochs": curves.epochs[kept].tolist()}
    for kind, sides in (("mean", curves.mean), ("stderr", curves.stderr)):
        top = max(largest(values) for values in sides.values())
        content[f"{kind}_top"] = top
        for side, values in sides.items():
            content[f"{kind}_{side}"] = as_bytes(values[train][:, kept], top).ravel()
    for side in SIDES:
        easiest, hardest = easiest_and_hardest(curves, side)
        content |= {
            f"easiest_{side}": place[easiest].tolist(),
            f"hardest_{side}": place[hardest].tolist(),
            f"over_{side}": curves.mean[side].mean(1)[train],
            f"typical_{side}": typical(curves.mean[side])[kept],
        }
    return content


def as_bytes(values: Float[np.ndarray, "*shape"], top: float) -> UInt8[np.ndarray, "*shape"]:
    """Numbers from 0 to `top` as 0 .. 254 on a square-root scale; 255 means undefined.

    >>> as_bytes(np.array([0.0, 0.01, 4.0, np.nan]), 4.0).tolist()
    [0, 13, 254, 255]
    """
    codes = np.round(LEVELS * np.sqrt(np.clip(values, 0, top) / top)) if top else np.zeros(values.shape)
    return np.where(np.isfinite(values), np.nan_to_num(codes), UNDEFINED).astype(np.uint8)


def typical(mean: Float[np.ndarray, "train epochs"]) -> Float[np.ndarray, " epochs"]:
    """The mean over the examples that are defined; NaN where none is."""
    return mean_where(mean, np.isfinite(mean), dtype=np.float64)[0]


def largest(values: np.ndarray) -> float:
    """The largest finite value; 0 where there is none."""
    return float(np.max(values, where=np.isfinite(values), initial=0.0))
