"""The examples and pairs that the page shows without its script, in their order and with their numbers."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from memjax.report.page.images import Painter
from memjax.report.page.overview import finite
from memjax.results import Estimates, PairTable
from memjax.types import Dataset

Shown = dict[str, Any]  # what the template is given of an example or a pair


def pair_summary(dataset: Dataset, mem: np.ndarray, pairs: PairTable, limit: int) -> dict[str, Any]:
    """The numbers that the page states about the pairs; `possible` pairs have one class."""
    train, test = (
        np.bincount(labels, minlength=dataset.num_classes) for labels in (dataset.train_labels, dataset.test_labels)
    )
    return {
        "number": len(pairs),
        "shown": min(limit, len(pairs)),
        "num_train": len(np.unique(pairs.train_rows)),
        "num_test": len(np.unique(pairs.test_rows)),
        "possible": int(train @ test),
        "num_large": int((finite(mem) >= pairs.memorization_threshold).sum()),
        "infl_threshold": pairs.influence_threshold,
        "mem_threshold": pairs.memorization_threshold,
    }


class Gallery:
    """The examples of a run, chosen by their scores."""

    def __init__(self, dataset: Dataset, estimates: Estimates, painter: Painter | None):
        self._dataset = dataset
        self._estimates = estimates
        self._paint = painter or (lambda example: None)

    def nearest(self, target: float, limit: int) -> list[Shown]:
        """The examples with the scores nearest to a value; ties are broken at random, with a fixed seed."""
        mem = self._estimates.mem
        defined = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(mem)))
        order = np.argsort(np.abs(mem[defined] - target), kind="stable")
        return self.of_rows(defined[order[:limit]])

    def of_rows(self, rows: Iterable[int | np.integer]) -> list[Shown]:
        """These rows of the data set."""
        return [self._train(row) for row in rows]

    def strongest_pairs(self, pairs: PairTable, limit: int) -> list[Shown]:
        """The strongest pairs, a row for each training example, ordered by the strongest pair of the row."""
        data, rows = self._dataset, dict[int, Shown]()
        for pair, (row, column) in enumerate(zip(pairs.train_rows[:limit].tolist(), pairs.test_rows, strict=False)):
            if row not in rows:
                rows[row] = {"train": self._train(row), "tests": []}
            rows[row]["tests"].append(
                {
                    "picture": self._paint(data.test_inputs[column]),
                    "name": data.class_names[data.test_labels[column]],
                    "source_id": int(data.test_ids[column]),
                    "infl": float(pairs.influence[pair]),
                    "infl_stderr": float(pairs.influence_stderr[pair]),
                    "correct": float(self._estimates.test_correct[column]),
                }
            )
        return list(rows.values())

    def _train(self, row: int | np.integer) -> Shown:
        data, estimates = self._dataset, self._estimates
        probability, memorization = estimates.scores.get("probability"), estimates.memorization
        return {
            "picture": self._paint(data.train_inputs[row]),
            "name": data.class_names[data.train_labels[row]],
            "source_id": int(data.train_ids[row]),
            "mislabelled": bool(data.mislabelled[row]),
            "mem": float(memorization.value[row]),
            "mem_stderr": float(memorization.stderr[row]),
            "correct_in": float(estimates.correct.mean_in[row]),
            "correct_out": float(estimates.correct.mean_out[row]),
            "probability_out": np.nan if probability is None else float(probability.mean_out[row]),
            "num_in": int(memorization.num_in[row]),
            "num_out": int(memorization.num_out[row]),
        }
