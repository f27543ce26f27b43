"""The data that the page's script reads: every number of the run as JSON, long columns as packed arrays.

Training examples are in descending order of memorization, undefined ones last.  Test examples are in the order in which
the strongest pairs name them.  So the first sheets have the images that are shown first.  Where other files use a row
of the data set, this data uses the position in one of these orders.
"""

import base64
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from memjax.disk_inputs import Inputs
from memjax.metrics import metric_named
from memjax.report.page.images import Painter
from memjax.results import Estimates, PairTable
from memjax.types import Dataset

# Near-duplicates are pairs of examples whose reduced images, or whose features, have a high correlation.
ALIKE = 0.98  # correlation from which two examples are called near-duplicates
GRID = 16  # images are reduced to at most this many pixels on a side
SEARCHED = 1000  # near-duplicates are searched for this many of the most memorized examples
LISTED = 4  # near-duplicates of an example, at most
BATCH = 8192  # examples, or pairs, that are compared at once
PAIRS_MOST = 20_000
PLACES = 10_000  # influences of extremes are rounded to four decimal places, which halves the page
REACH = 3  # the largest influence that 16 bits hold with four decimal places


class Orders(NamedTuple):
    """Rows of the data set in the order of the page."""

    train: Int[np.ndarray, " train"]
    test: Int[np.ndarray, " test"]


def orders(dataset: Dataset, estimates: Estimates, pairs: PairTable) -> Orders:
    """The order of the page."""
    first = np.full(dataset.num_test, len(pairs))
    np.minimum.at(first, pairs.test_rows, np.arange(len(pairs)))
    return Orders(estimates.most_memorized(), np.argsort(first, kind="stable"))


def script_data(
    dataset: Dataset, estimates: Estimates, pairs: PairTable, order: Orders, painter: Painter | None
) -> dict[str, Any]:
    """All numbers, columns as arrays.  Without a painter they tell nothing about what examples look like."""
    place = Orders(*map(np.argsort, order))  # the inverse of an order
    train, test = order
    probability, memorization = estimates.scores.get("probability"), estimates.memorization
    bounded, has_classes = metric_named(estimates.score).bounded, dataset.train_targets is None
    sides = estimates.correct if has_classes else estimates.scores[estimates.score]

    def of_train(values: Any) -> np.ndarray:
        return np.asarray(values)[train]

    content: dict[str, Any] = {
        "name": dataset.name,
        "classes": list(dataset.class_names),
        "numModels": _number(estimates.num_models),
        "bounded": bounded,
        "counted": estimates.score == "correct" and memorization.num_right is not None,
        "shares": has_classes or bounded,
        "train": {
            "row": train,
            "id": dataset.train_ids[train],
            "label": dataset.train_labels[train],
            "mislabelled": dataset.mislabelled[train],
            "mem": of_train(memorization.value),
            "stderr": of_train(memorization.stderr),
            "numIn": of_train(memorization.num_in),
            "numOut": of_train(memorization.num_out),
            "correctIn": of_train(sides.mean_in),
            "correctOut": of_train(sides.mean_out),
            "probabilityOut": None if probability is None else of_train(probability.mean_out),
        },
        "test": {
            "row": test,
            "id": dataset.test_ids[test],
            "label": dataset.test_labels[test],
            "correct": estimates.test_correct[test],
        },
        "thresholds": {"mem": _number(pairs.memorization_threshold), "infl": _number(pairs.influence_threshold)},
        "expectedByChance": _number(pairs.expected_by_chance),
        "numPairs": len(pairs),
    }
    if memorization.sides is not None:
        content["train"] |= dict(zip(("low", "high"), map(of_train, memorization.interval()), strict=True))
    strongest = np.s_[:PAIRS_MOST]
    rows, columns = pairs.train_rows[strongest], pairs.test_rows[strongest]
    content["pairs"] = {
        "train": place.train[rows],
        "test": place.test[columns],
        "infl": pairs.influence[strongest],
        "stderr": pairs.influence_stderr[strongest],
        "q": None if pairs.q_value is None else pairs.q_value[strongest],
    }
    for side, listed in (("helped", pairs.helped), ("hurt", pairs.hurt)):
        if listed:
            content[side] = {
                "count": listed.test_rows.shape[1],
                "test": place.test[listed.test_rows[train]].ravel(),
                "infl": _short(listed.influence[train].ravel()),
                "stderr": _short(listed.stderr[train].ravel()),
            }
    if painter is not None and dataset.num_test:
        content |= _near_duplicates(dataset, pairs, order, place, painter, rows, columns)
    return content


def _near_duplicates(
    dataset: Dataset, pairs: PairTable, order: Orders, place: Orders, painter: Painter, rows, columns
) -> dict[str, Any]:
    train, test = (fingerprints(painter, inputs) for inputs in (dataset.train_inputs, dataset.test_inputs))
    searched = order.train[:SEARCHED]
    index, alike = duplicates(train, searched)
    listed = np.nonzero(alike >= ALIKE)
    found: dict[str, Any] = {
        "alike": {
            "threshold": ALIKE,
            "searched": len(searched),
            "of": listed[0],
            "train": place.train[index[listed]],
            "value": alike[listed],
        },
        "pairsAlike": correlations(train, test, rows, columns) >= ALIKE,
    }
    for side, examples in (("helped", pairs.helped), ("hurt", pairs.hurt)):
        if examples:
            ordered = examples.test_rows[order.train]
            alike = correlations(train, test, np.repeat(order.train, ordered.shape[1]), ordered.ravel())
            found[f"{side}Alike"] = np.packbits(alike >= ALIKE, bitorder="little")
    return found


def packed(values: np.ndarray, dtype: Any = None) -> list[str]:
    """A column as the name of its type and its bytes in base64, by default in the smallest type that is enough."""
    if dtype is None and values.dtype.kind == "f":
        dtype = np.float32
    elif dtype is None:
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
        fits = [kind for kind in (np.uint8, np.int16, np.uint16, np.int32)
                if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max]  # fmt: skip
        dtype = fits[0] if fits else np.float64
    values = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return [np.dtype(dtype).name, base64.b64encode(values.tobytes()).decode()]


def _short(values: np.ndarray) -> list[str]:
    """A column as int16 in units of 1 / 10,000, with the smallest integer for NaN; as float32 if it has larger numbers
    than that type holds."""
    finite = np.isfinite(values)
    if np.abs(values[finite]).max(initial=0) > REACH:
        return packed(values, np.float32)
    return packed(np.where(finite, np.round(values * PLACES), np.iinfo(np.int16).min).astype(np.int16), np.int16)


def _number(value: Any) -> int | float | None:
    """A number for JSON, which knows no NaN."""
    number = float(value)
    if not np.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


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
