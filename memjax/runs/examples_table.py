"""Tables of training examples: all there is of each, and those whose labels look wrong."""

from typing import Any

import numpy as np

from memjax.results import Estimates
from memjax.types import Dataset


def example_columns(
    estimates: Estimates, dataset: Dataset, classes: list[Any], ids: np.ndarray, held_out: np.ndarray | None
) -> dict[str, np.ndarray]:
    """One value for each training example, by the name of the column.

    id, row (in the source), label, memorization with its standard error and 95 % interval, models in and out,
    accuracy of each side, probability of each side if it was stored, and what the held-out models prefer.

    Args:
      classes: the user's own value of each class.
      ids: the user's own name of each training example.
      held_out: (train, classes) mean probability of each class over held-out models, if known.
    """
    low, high = estimates.memorization.interval()
    columns: dict[str, Any] = {
        "id": ids,
        "row": dataset.train_ids,
        "label": _own(classes, dataset.train_labels),
        "memorization": estimates.memorization.value,
        "stderr": estimates.memorization.stderr,
        "low": low,
        "high": high,
        "num_in": estimates.memorization.num_in,
        "num_out": estimates.memorization.num_out,
        "correct_in": estimates.correct.mean_in,
        "correct_out": estimates.correct.mean_out,
    }
    if (sides := estimates.scores.get("probability")) is not None:
        columns |= {"probability_in": sides.mean_in, "probability_out": sides.mean_out}
    columns |= _preferred(held_out, classes)
    if dataset.mislabelled.any():
        columns["mislabelled"] = dataset.mislabelled
    if dataset.corrupted.any():
        columns["corrupted"] = dataset.corrupted
    return {name: np.asarray(values) for name, values in columns.items()}


def suspect_columns(table: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """The columns of `Result.suspects`, from those of all examples: the most suspicious first."""
    believed = table.get("probability_out", table["correct_out"])
    order = np.lexsort((-table["memorization"], believed))
    order = order[np.isfinite(believed[order])][:count]
    kept = {name: name for name in ("id", "row", "label", "preferred", "probability", "correct_out",
                                    "preferred_probability", "memorization", "low", "high")}  # fmt: skip
    kept["probability"] = "probability_out"
    if "probability_out" in table:
        del kept["correct_out"]  # which ranks only where the probability was not stored
    return {name: table[column][order] for name, column in kept.items() if column in table}


def _preferred(held_out: np.ndarray | None, classes: list[Any]) -> dict[str, np.ndarray]:
    """The class that held-out models find most probable on average, and its probability."""
    if held_out is None:
        return {}
    defined = np.isfinite(held_out).all(1)
    numbers = np.where(defined, np.nan_to_num(held_out).argmax(1), 0)
    preferred = _own(classes, numbers).astype(object)
    preferred[~defined] = None
    return {"preferred": preferred, "preferred_probability": held_out[np.arange(len(numbers)), numbers]}


def _own(classes: list[Any], numbers: np.ndarray) -> np.ndarray:
    """Class numbers as the user's own labels."""
    return np.array(classes)[numbers]
