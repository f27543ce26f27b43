"""All numbers of a run as tables, and a dictionary of their columns."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from memjax.data.targets import label_values
from memjax.metrics import METRICS
from memjax.runs.result import Result

Columns = dict[str, np.ndarray]


def tables_of(result: Result) -> dict[str, Columns]:
    """Tables by their names: examples, tests, pairs, extremes (the test examples that each training example helps and
    hurts most), groups if there are any, labels if it is stored which are right, and dynamics (a row for each example
    and recorded epoch) if something was recorded."""
    estimates, data, pairs = result.estimates, result.dataset, result.pairs
    examples = dict(result.columns)
    known = [name for name in estimates.scores if name != "correct" or data.train_targets is None]
    for name, means in ((name, estimates.scores[name]) for name in known):
        examples |= {f"{name}_in": means.mean_in, f"{name}_out": means.mean_out}
        if name != estimates.score:
            value, stderr, *_ = map(np.asarray, means.memorization)
            examples |= {f"memorization_{name}": value, f"memorization_{name}_stderr": stderr}
    tests = {"id": result.test_ids, "row": data.test_ids, "label": label_values(data, "test", result.classes)}
    if data.train_targets is None:
        tests["correct"] = estimates.test_correct
    tables = {"examples": examples, "tests": tests, "pairs": result.pair_columns}
    listed = [(helps, found) for helps, found in ((True, pairs.helped), (False, pairs.hurt)) if found is not None]
    if listed:
        parts = [_extremes(helps, found, result) for helps, found in listed]
        tables["extremes"] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if result.run.groups is not None:
        tables["groups"] = result.group_columns
    if "right_labels" in result.config.keep:
        tables["labels"] = result.label_columns
    if (recorded := result._found.dynamics) is not None:
        named = {name.removeprefix("tr_"): values for name, values in recorded.items() if name.startswith("tr_")}
        examples |= {name: values for name, values in named.items() if values.ndim == 1 and name not in examples}
        epochs = recorded["epochs"]
        tables["dynamics"] = {"id": np.repeat(result.ids, len(epochs)), "epoch": np.tile(epochs, data.num_train)}
        tables["dynamics"] |= {name: values.ravel() for name, values in named.items() if values.ndim == 2}
    return tables


def _extremes(helps: bool, found: Any, result: Result) -> Columns:
    size, count = found.test_rows.shape
    columns = {"train_id": np.repeat(result.ids, count), "test_id": result.test_ids[found.test_rows.ravel()],
               "helps": np.full(size * count, helps), "influence": found.influence.ravel(),
               "stderr": found.stderr.ravel()}  # fmt: skip
    return columns if found.q_value is None else columns | {"q_value": found.q_value.ravel()}


def dictionary(tables: dict[str, Columns]) -> Columns:
    """A table with a row for each column of the tables: table, column, meaning, range."""
    rows = [(table, name, *meaning(table, name)) for table, columns in tables.items() for name in columns]
    return dict(zip(("table", "column", "meaning", "range"), np.array(rows, str).T, strict=True))


def meaning(table: str, column: str) -> tuple[str, str]:
    """What a column says, and its range; KeyError if nobody has written that down."""
    if (table, column) in _known():
        return _known()[table, column]
    score = max((name for name in METRICS if name in column), key=len, default="")
    about, values = _known()[table, column.replace(score, "SCORE")]
    low, high = METRICS[score].range
    bounds = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more" if np.isfinite(low) else "any number"
    bounds = f"up to {high:g}" if np.isneginf(low) and np.isfinite(high) else bounds
    return about.replace("SCORE", score), values or bounds


@cache
def _known() -> dict[tuple[str, str], tuple[str, str]]:
    with (Path(__file__).parent / "published" / "columns.csv").open(newline="", encoding="utf-8") as stream:
        return {(row["table"], row["column"]): (row["meaning"], row["range"]) for row in csv.DictReader(stream)}
