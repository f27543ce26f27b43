"""The table of training examples: all there is of each."""

from typing import Any

import numpy as np

from memjax.results import Estimates
from memjax.runs.suspects import looks_wrong
from memjax.types import Dataset


def example_columns(
    estimates: Estimates, dataset: Dataset, classes: list[Any], ids: np.ndarray, held_out: np.ndarray | None
) -> dict[str, np.ndarray]:
    """One value for each training example, by the name of the column.

    id, row (in the source), label, memorization with its standard error and 95 % interval, models in and out,
    accuracy of each side, probability of each side if it was stored, and if the mean probability of each class over
    held-out models (train, classes) is known, what these models prefer, and whether the label looks wrong.
    """
    (low, high), own = estimates.memorization.interval(), np.array(classes)
    columns: dict[str, Any] = {
        "id": ids,
        "row": dataset.train_ids,
        "label": own[dataset.train_labels],
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
    if held_out is not None:
        defined = np.isfinite(held_out).all(1)
        numbers = np.where(defined, np.nan_to_num(held_out).argmax(1), 0)
        preferred = own[numbers].astype(object)
        preferred[~defined] = None
        columns |= {"preferred": preferred, "preferred_probability": held_out[np.arange(len(numbers)), numbers]}
        columns["looks_wrong"] = looks_wrong(held_out, dataset.train_labels)
    if dataset.mislabelled.any():
        columns["mislabelled"] = dataset.mislabelled
    if dataset.corrupted.any():
        columns["corrupted"] = dataset.corrupted
    return {name: np.asarray(values) for name, values in columns.items()}
