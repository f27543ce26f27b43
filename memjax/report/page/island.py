"""What the script of the page is given: every number of the run as JSON, long columns as packed arrays.

Training examples stand in the order of their memorization, the most memorized first and undefined ones last; test
examples in the order in which the strongest pairs name them.  So the first images that are looked at lie in the first
sheets.  Whatever is a row of the data set elsewhere is a place in one of these orders here.
"""

import base64
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from memjax.report.page import words
from memjax.report.page.images import Painter
from memjax.report.page.likeness import ALIKE, SEARCHED, duplicates, fingerprints, likeness
from memjax.types import Dataset

PAIRS_MOST = 20_000
PLACES = 10_000  # influences of extremes are rounded to four places, which halves the page
REACH = 3  # up to where 16 bits hold so many places


class Orders(NamedTuple):
    """Rows of the data set in the order of the page."""

    train: Int[np.ndarray, " train"]
    test: Int[np.ndarray, " test"]


def orders(dataset: Dataset, estimates: dict[str, np.ndarray], pairs: dict[str, np.ndarray]) -> Orders:
    """The order of the page, from the files of estimates."""
    mem = estimates["tr_mem"]
    train = np.lexsort((estimates["tr_mem_stderr"], np.where(np.isnan(mem), np.inf, -mem)))
    first = np.full(dataset.num_test, len(pairs["tt_idx"]))
    np.minimum.at(first, pairs["tt_idx"], np.arange(len(pairs["tt_idx"])))
    return Orders(train, np.argsort(first, kind="stable"))


def island(
    dataset: Dataset,
    estimates: dict[str, np.ndarray],
    pairs: dict[str, np.ndarray],
    order: Orders,
    painter: Painter | None,
) -> dict[str, Any]:
    """All numbers, ready for JSON.  Without a painter nothing is said of what examples look like."""
    place = Orders(_inverse(order.train), _inverse(order.test))
    train, test = order

    def of_train(key: str, dtype: Any) -> list[str] | None:
        return packed(estimates[key][train], dtype) if key in estimates else None

    content: dict[str, Any] = {
        "classes": list(dataset.class_names),
        "numModels": _number(estimates["num_models"]),
        "bounded": words.score(estimates).bounded,
        "train": {
            "row": packed(train),
            "id": packed(dataset.train_ids[train]),
            "label": packed(dataset.train_labels[train]),
            "mislabelled": packed(dataset.mislabelled[train], np.uint8),
            "mem": of_train("tr_mem", np.float32),
            "stderr": of_train("tr_mem_stderr", np.float32),
            "numIn": of_train("tr_num_in", np.int32),
            "numOut": of_train("tr_num_out", np.int32),
            "correctIn": of_train("tr_correct_in", np.float32),
            "correctOut": of_train("tr_correct_out", np.float32),
            "probabilityOut": of_train("tr_probability_out", np.float32),
        },
        "test": {
            "row": packed(test),
            "id": packed(dataset.test_ids[test]),
            "label": packed(dataset.test_labels[test]),
            "correct": packed(estimates["tt_correct"][test], np.float32),
        },
        "thresholds": {key: _number(pairs[f"{key}_threshold"]) for key in ("mem", "infl")},
        "expectedByChance": _number(pairs["expected_by_chance"]) if "expected_by_chance" in pairs else None,
        "numPairs": len(pairs["infl"]),
    }
    strongest = np.s_[:PAIRS_MOST]
    rows, columns = pairs["tr_idx"][strongest], pairs["tt_idx"][strongest]
    content["pairs"] = {
        "train": packed(place.train[rows]),
        "test": packed(place.test[columns]),
        "infl": packed(pairs["infl"][strongest], np.float32),
        "stderr": packed(pairs["infl_stderr"][strongest], np.float32),
    }
    for side in ("helped", "hurt"):
        if f"{side}_idx" in pairs:
            content[side] = {
                "count": int(pairs[f"{side}_idx"].shape[1]),
                "test": packed(place.test[pairs[f"{side}_idx"][train]].ravel()),
                "infl": _short(pairs[f"{side}_infl"][train].ravel()),
                "stderr": _short(pairs[f"{side}_stderr"][train].ravel()),
            }
    if painter is not None:
        content |= _likeness(dataset, pairs, order, place, painter, rows, columns)
    return content


def _likeness(dataset: Dataset, pairs, order: Orders, place: Orders, painter: Painter, rows, columns) -> dict[str, Any]:
    train, test = (fingerprints(painter, inputs) for inputs in (dataset.train_inputs, dataset.test_inputs))
    searched = order.train[:SEARCHED]
    index, alike = duplicates(train, searched)
    listed = np.nonzero(alike >= ALIKE)
    found: dict[str, Any] = {
        "alike": {
            "threshold": ALIKE,
            "searched": len(searched),
            "of": packed(listed[0]),
            "train": packed(place.train[index[listed]]),
            "value": packed(alike[listed], np.float32),
        },
        "pairsAlike": packed(likeness(train, test, rows, columns) >= ALIKE, np.uint8),
    }
    if "helped_idx" in pairs:
        for side in ("helped", "hurt"):
            ordered = pairs[f"{side}_idx"][order.train]
            alike = likeness(train, test, np.repeat(order.train, ordered.shape[1]), ordered.ravel())
            found[f"{side}Alike"] = packed(np.packbits(alike >= ALIKE, bitorder="little"))
    return found


def packed(values: np.ndarray, dtype: Any = None) -> list[str]:
    """A column as the name of its type and its bytes in base64; whole numbers in the smallest type that holds them."""
    if dtype is None:
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
        fits = [kind for kind in (np.uint8, np.int16, np.uint16, np.int32)
                if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max]  # fmt: skip
        dtype = fits[0] if fits else np.float64
    values = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return [np.dtype(dtype).name, base64.b64encode(values.tobytes()).decode()]


def _short(values: np.ndarray) -> list[str]:
    """A column in whole ten-thousandths, what is undefined being the smallest number of the type; of scores that it
    does not hold, as it is."""
    finite = np.isfinite(values)
    if np.abs(values[finite]).max(initial=0) > REACH:
        return packed(values, np.float32)
    return packed(np.where(finite, np.round(values * PLACES), np.iinfo(np.int16).min).astype(np.int16), np.int16)


def _inverse(order: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place


def _number(value: Any) -> int | float | None:
    """A number for JSON, which knows no NaN."""
    number = float(value)
    if not np.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
