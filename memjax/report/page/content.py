"""The examples and pairs that the page shows without its script, in their order and with their numbers."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from memjax.report.page.images import Painter, Picture
from memjax.report.page.overview import finite
from memjax.results import Estimates, PairTable
from memjax.types import Dataset


class Example(NamedTuple):
    """One training example with all its numbers; source_id is its row in its source."""

    picture: Picture | None
    name: str
    source_id: int
    mislabelled: bool
    mem: float
    mem_stderr: float
    correct_in: float
    correct_out: float
    probability_out: float
    num_in: int
    num_out: int


class Influenced(NamedTuple):
    """One test example, and the influence of a training example on it."""

    picture: Picture | None
    name: str
    source_id: int
    infl: float
    infl_stderr: float
    correct: float


class PairRow(NamedTuple):
    """One training example and the test examples it helps, strongest first."""

    train: Example
    tests: list[Influenced]


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

    def nearest(self, target: float, limit: int) -> list[Example]:
        """The examples with the scores nearest to a value; ties are broken at random, with a fixed seed."""
        mem = self._estimates.mem
        defined = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(mem)))
        order = np.argsort(np.abs(mem[defined] - target), kind="stable")
        return self.of_rows(defined[order[:limit]])

    def of_rows(self, rows: Iterable[int | np.integer]) -> list[Example]:
        """These rows of the data set."""
        return [self._train(row) for row in rows]

    def strongest_pairs(self, pairs: PairTable, limit: int) -> list[PairRow]:
        """The strongest pairs, a row for each training example, ordered by the strongest pair of the row."""
        rows: dict[int, PairRow] = {}
        for pair, (row, column) in enumerate(zip(pairs.train_rows[:limit].tolist(), pairs.test_rows, strict=False)):
            if row not in rows:
                rows[row] = PairRow(self._train(row), [])
            influence, error = float(pairs.influence[pair]), float(pairs.influence_stderr[pair])
            rows[row].tests.append(self._test(int(column), influence, error))
        return list(rows.values())

    def _train(self, row: int | np.integer) -> Example:
        data, estimates = self._dataset, self._estimates
        probability, memorization = estimates.scores.get("probability"), estimates.memorization
        return Example(
            picture=self._paint(data.train_inputs[row]),
            name=data.class_names[data.train_labels[row]],
            source_id=int(data.train_ids[row]),
            mislabelled=bool(data.mislabelled[row]),
            mem=float(memorization.value[row]),
            mem_stderr=float(memorization.stderr[row]),
            correct_in=float(estimates.correct.mean_in[row]),
            correct_out=float(estimates.correct.mean_out[row]),
            probability_out=np.nan if probability is None else float(probability.mean_out[row]),
            num_in=int(memorization.num_in[row]),
            num_out=int(memorization.num_out[row]),
        )

    def _test(self, row: int, infl: float, stderr: float) -> Influenced:
        data = self._dataset
        return Influenced(
            picture=self._paint(data.test_inputs[row]),
            name=data.class_names[data.test_labels[row]],
            source_id=int(data.test_ids[row]),
            infl=infl,
            infl_stderr=stderr,
            correct=float(self._estimates.test_correct[row]),
        )
