"""From arrays to what the page shows: which examples, in which order, with which numbers."""

from typing import NamedTuple

import numpy as np

from memjax.errors import InputError
from memjax.report.page.images import Painter, Picture
from memjax.report.page.overview import finite
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
    """One test example, and what a training example did to it."""

    picture: Picture | None
    name: str
    source_id: int
    infl: float
    infl_stderr: float
    correct: float


class PairRow(NamedTuple):
    """One training example and the test examples it helps, strongest first."""

    train: Example
    mem: float
    mem_stderr: float
    tests: list[Influenced]


class PairSummary(NamedTuple):
    """How many pairs passed which thresholds, out of how many possible ones: those of one class."""

    number: int
    shown: int
    num_train: int
    num_test: int
    possible: int
    num_large: int
    infl_threshold: float
    mem_threshold: float


def check_fits(dataset: Dataset, estimates: dict[str, np.ndarray], pairs: dict[str, np.ndarray]) -> None:
    """InputError unless the estimates are of these examples: the images shown would be the wrong ones."""
    for key, labels in (("tr_labels", dataset.train_labels), ("tt_labels", dataset.test_labels)):
        if not np.array_equal(estimates[key], labels):
            raise InputError(
                f"the estimates ({key}: {len(estimates[key])} labels) are not of the data set {dataset.name!r} as it "
                f"is now ({len(labels)} labels); give the data options of the run that made them"
            )
    sizes = {"tr_idx": dataset.num_train, "tt_idx": dataset.num_test}
    for side in ("helped", "hurt"):
        if f"{side}_idx" in pairs:
            sizes[f"{side}_idx"] = dataset.num_test
            shapes = {pairs.get(f"{side}_{name}", np.zeros(0)).shape for name in ("idx", "infl", "stderr")}
            if len(shapes) > 1 or any(len(shape) != 2 or shape[0] != dataset.num_train for shape in shapes):
                raise InputError(f"pairs list test examples ({side}: {shapes}) for other than {dataset.num_train} rows")
    for key, size in sizes.items():
        rows = pairs[key]
        if rows.dtype.kind not in "iu" or (rows.size and not 0 <= rows.min() <= rows.max() < size):
            raise InputError(f"pairs name a row {key} outside 0 .. {size - 1}; they are of another data set")


def pair_summary(dataset: Dataset, mem: np.ndarray, pairs: dict[str, np.ndarray], limit: int) -> PairSummary:
    """What the page says about the pairs in words."""
    threshold = float(pairs["mem_threshold"])
    return PairSummary(
        number=len(pairs["infl"]),
        shown=min(limit, len(pairs["infl"])),
        num_train=len(np.unique(pairs["tr_idx"])),
        num_test=len(np.unique(pairs["tt_idx"])),
        possible=_pairs_of_one_class(dataset),
        num_large=int((finite(mem) >= threshold).sum()),
        infl_threshold=float(pairs["infl_threshold"]),
        mem_threshold=threshold,
    )


class Examples:
    """The examples of a run, chosen by their scores."""

    def __init__(self, dataset: Dataset, estimates: dict[str, np.ndarray], painter: Painter | None):
        self._dataset = dataset
        self._estimates = estimates
        self._paint = painter or (lambda example: None)

    def most_memorized(self, limit: int) -> list[Example]:
        """The highest scores, highest first; of equal ones the better known first.  Undefined ones are left out."""
        mem = self._estimates["tr_mem"]
        order = np.lexsort((self._estimates["tr_mem_stderr"], -mem))
        return [self._train(row) for row in order[np.isfinite(mem[order])][:limit]]

    def nearest(self, target: float, limit: int) -> list[Example]:
        """The scores nearest a value.  Often thousands are equally near: then some of them by a fixed lot."""
        mem = self._estimates["tr_mem"]
        defined = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(mem)))
        order = np.argsort(np.abs(mem[defined] - target), kind="stable")
        return [self._train(row) for row in defined[order[:limit]]]

    def of_rows(self, rows: list[int]) -> list[Example]:
        """These rows of the data set."""
        return [self._train(row) for row in rows]

    def strongest_pairs(self, pairs: dict[str, np.ndarray], limit: int) -> list[PairRow]:
        """The strongest pairs, those of one training example in one row, rows by their strongest pair."""
        rows: dict[int, PairRow] = {}
        for pair in range(min(limit, len(pairs["infl"]))):
            row = int(pairs["tr_idx"][pair])
            if row not in rows:
                mem, stderr = float(pairs["mem"][pair]), float(pairs["mem_stderr"][pair])
                rows[row] = PairRow(self._train(row), mem, stderr, [])
            rows[row].tests.append(
                self._test(int(pairs["tt_idx"][pair]), float(pairs["infl"][pair]), float(pairs["infl_stderr"][pair]))
            )
        return list(rows.values())

    def _train(self, row: int | np.integer) -> Example:
        data, estimates = self._dataset, self._estimates
        probability = estimates.get("tr_probability_out")
        return Example(
            picture=self._paint(data.train_inputs[row]),
            name=data.class_names[data.train_labels[row]],
            source_id=int(data.train_ids[row]),
            mislabelled=bool(data.mislabelled[row]),
            mem=float(estimates["tr_mem"][row]),
            mem_stderr=float(estimates["tr_mem_stderr"][row]),
            correct_in=float(estimates["tr_correct_in"][row]),
            correct_out=float(estimates["tr_correct_out"][row]),
            probability_out=np.nan if probability is None else float(probability[row]),
            num_in=int(estimates["tr_num_in"][row]),
            num_out=int(estimates["tr_num_out"][row]),
        )

    def _test(self, row: int, infl: float, stderr: float) -> Influenced:
        data = self._dataset
        return Influenced(
            picture=self._paint(data.test_inputs[row]),
            name=data.class_names[data.test_labels[row]],
            source_id=int(data.test_ids[row]),
            infl=infl,
            infl_stderr=stderr,
            correct=float(self._estimates["tt_correct"][row]),
        )


def _pairs_of_one_class(dataset: Dataset) -> int:
    train, test = (
        np.bincount(labels, minlength=dataset.num_classes) for labels in (dataset.train_labels, dataset.test_labels)
    )
    return int(train @ test)
