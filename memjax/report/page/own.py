"""The user's own words on the page: names of rows and columns, and the labels that look wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from memjax.data.in_memory import Table
from memjax.data.tokens import sequence_texts
from memjax.report.page.images import Painter
from memjax.report.page.script_data import packed
from memjax.types import Dataset

CELLS_MOST = 2_000_000  # cells of a table that the page holds: those of the most memorized rows
SUSPECTS_MOST = 500  # rows to review
FEW = 6  # columns of a row in the page without its script
UNKNOWN = 255  # where a value stands among its class, if it is not known
# What the script is given of the suspects: its name there, and its column.
SUSPECTS = {
    "wrong": "looks_wrong", "probability": "probability_out", "preferredProbability": "preferred_probability",
    "low": "low", "high": "high",
}  # fmt: skip


@dataclass(frozen=True)
class Own:
    """What the user calls the examples, and which labels look wrong."""

    ids: np.ndarray  # the user's own name of each training example
    test_ids: np.ndarray
    table: Table | None  # that the examples are from, a value for each example; None for other data
    answer: str  # how many labels look wrong, in a sentence; empty where it is not known
    suspects: np.ndarray  # training rows, most suspicious first
    columns: dict[str, np.ndarray]  # of all training examples, as of `Result.columns`; empty where it is not known


def plain_own(dataset: Dataset) -> Own:
    """Where nothing more is known than the data set."""
    return Own(dataset.train_ids, dataset.test_ids, features_of(dataset), "", np.zeros(0, int), {})


def features_of(dataset: Dataset) -> Table | None:
    """Inputs that are no images as a table whose columns are numbered, sequences as texts; None for images, and for
    inputs on disk."""
    if not np.prod(dataset.input_shape) or not isinstance(dataset.train_inputs, np.ndarray):
        return None
    if dataset.tokens:
        return Table(["text"], *([sequence_texts(dataset, side)] for side in ("train", "test")))
    if Painter(dataset.train_inputs[:1]).is_image:
        return None
    count = int(np.prod(dataset.input_shape))
    sides = (np.asarray(side).reshape(len(side), count) for side in (dataset.train_inputs, dataset.test_inputs))
    return Table([f"feature {place}" for place in range(count)], *([*side.T] for side in sides))


def own_data(own: Own, dataset: Dataset, train: np.ndarray, test: np.ndarray, examples: bool) -> dict[str, Any]:
    """The names, the rows to review and, with `examples`, the cells of the table, in the order of the page."""
    content: dict[str, Any] = {
        "names": {
            "train": own.ids[train].astype(str).tolist() if own.ids is not dataset.train_ids else None,
            "test": own.test_ids[test].astype(str).tolist() if own.test_ids is not dataset.test_ids else None,
        },
        "suspects": None,
        "cells": _cells(own.table, dataset, train, test) if own.table is not None and examples else None,
    }
    if "preferred" in own.columns:
        rows = own.suspects
        content["suspects"] = {
            "answer": own.answer,
            "place": np.argsort(train)[rows],
            "label": own.columns["label"][rows].astype(str).tolist(),
            "preferred": own.columns["preferred"][rows].astype(str).tolist(),
            **{key: own.columns[name][rows] for key, name in SUSPECTS.items()},
        }
    return content


def _cells(table: Table, dataset: Dataset, train: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    most = CELLS_MOST // max(1, len(table.names))
    train, test = train[:most], test[:most]
    columns = []
    for values, others in zip(table.train, table.test, strict=True):
        if values.dtype.kind in "biuf":
            sides = {"train": packed(values[train], np.float64), "test": packed(others[test], np.float64)}
            columns.append(sides | {"standing": standing(values, dataset.train_labels)[train]})
        else:
            texts = np.unique(np.concatenate([values[train], others[test]]))
            sides = {"train": np.searchsorted(texts, values[train]), "test": np.searchsorted(texts, others[test])}
            columns.append(sides | {"texts": texts.tolist()})
    return {"names": table.names, "columns": columns, "numTrain": len(train), "numTest": len(test)}


def standing(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where each value stands among the training examples of its label: the percentage below, ties counted by half."""
    found = np.full(len(values), UNKNOWN, np.uint8)
    numbers = values.astype(np.float64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        ordered = np.sort(numbers[members])
        middle = (np.searchsorted(ordered, numbers[members]) + np.searchsorted(ordered, numbers[members], "right")) / 2
        found[members] = np.round(100 * middle / len(members))
    found[~np.isfinite(numbers)] = UNKNOWN
    return found


def cells_of(table: Table | None, dataset: Dataset, row: int) -> list[dict[str, Any]]:
    """The columns in which a row stands farthest from the middle of its class; none without a table."""
    if table is None:
        return []
    cells = []
    members = np.flatnonzero(dataset.train_labels == dataset.train_labels[row])
    for name, values in zip(table.names, table.train, strict=True):
        if values.dtype.kind in "biuf":
            among = np.concatenate([[row], members[members != row]])
            place = int(standing(values[among], np.zeros(len(among), int))[0])
            text, share = f"{values[row]:.6g}", None if place == UNKNOWN else place
        else:
            text, share = str(values[row]), None
        cells.append({"name": name, "text": text, "standing": share})
    distance = [50 if cell["standing"] is None else abs(cell["standing"] - 50) for cell in cells]
    return [cells[place] for place in np.argsort(np.negative(distance), kind="stable")[:FEW]]
