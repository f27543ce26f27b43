"""Decisions that a run should reach, `--until`: how many are open after the models that there are.

Intervals are confidence sequences, which hold at every number of models: looking often costs nothing.  For `threshold`
each example's interval holds with 95 %; for `ranking` and `pairs` those of all examples, and of all pairs of one class,
hold together.
"""

import numpy as np

from memjax.config.goals import Goal
from memjax.estimators import MEM_THRESHOLD, Tally, estimate_of
from memjax.estimators.confidence_sequences import difference_bounds
from memjax.estimators.kernels.influence_from_bits import counts_of_bits
from memjax.types import Dataset

ERROR = 0.05


def undecided(goal: Goal, tally: Tally, dataset: Dataset) -> tuple[int, int]:
    """How many decisions are open, and of how many.

    threshold: an example is decided if its interval is on one side of the threshold, or within some distance of it.
    ranking: an example at the top is decided if no other can be larger by more than that distance, and an example below
      if it can be larger than none at the top.
    pairs: as threshold, for pairs of one class whose training example is memorized.
    """
    if goal.kind == "pairs":
        return _pairs(goal, tally, dataset)
    error = ERROR / dataset.num_train if goal.kind == "ranking" else ERROR
    totals = tally.scores[tally.score]
    inside, num_in = np.asarray(totals.sums.inside), np.asarray(totals.num_in)
    outside, num_out = np.asarray(totals.sums.total) - inside, tally.num_used - num_in
    low, high = difference_bounds(inside, num_in, outside, num_out, error, tally.complementary)
    if goal.kind == "threshold":
        return int(_open(low, high, goal).sum()), len(low)
    value = np.nan_to_num(np.asarray(estimate_of(totals).value), nan=-np.inf)
    order = np.argsort(-value, kind="stable")
    top, rest = order[: int(goal.value)], order[int(goal.value) :]
    if not len(rest):
        return 0, len(order)
    open_top, open_rest = low[top] + goal.within < high[rest].max(), high[rest] > low[top].min() + goal.within
    return int(open_top.sum() + open_rest.sum()), len(order)


def _pairs(goal: Goal, tally: Tally, dataset: Dataset) -> tuple[int, int]:
    memorized = np.asarray(estimate_of(tally.scores["correct"]).value) >= MEM_THRESHOLD
    sizes = [
        np.bincount(labels, minlength=dataset.num_classes) for labels in (dataset.train_labels, dataset.test_labels)
    ]
    error, num_open, of = ERROR / max(1, int(sizes[0] @ sizes[1])), 0, 0
    for number in range(dataset.num_classes):
        rows = np.flatnonzero(memorized & (dataset.train_labels == number))
        columns = np.flatnonzero(dataset.test_labels == number)
        inside, num_in, right = counts_of_bits(tally.bits, rows, columns)
        outside, num_out = right - inside, tally.num_used - num_in
        low, high = difference_bounds(inside, num_in, outside, num_out, error, tally.complementary)
        num_open, of = num_open + int(_open(low, high, goal).sum()), of + low.size
    return num_open, of


def _open(low: np.ndarray, high: np.ndarray, goal: Goal) -> np.ndarray:
    near = (low >= goal.value - goal.within) & (high <= goal.value + goal.within)
    return (low < goal.value) & (high >= goal.value) & ~near
