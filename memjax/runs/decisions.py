"""The goal of a run, `--until`: how many of its decisions are open, and how many models it still needs.

Intervals are confidence sequences, which hold at every number of models: looking often costs nothing.  For `threshold`
each example's interval holds with 95 %; for `ranking` and `pairs` those of all examples, and of all pairs of one class,
hold together.
"""

import math

import numpy as np

from memjax import store
from memjax.config.goals import Goal
from memjax.errors import InputError
from memjax.estimators import MEM_THRESHOLD, Tally, estimate_of
from memjax.estimators.intervals import difference_bounds
from memjax.estimators.kernels.influence_from_bits import counts_of_bits
from memjax.runs.open_folder import Run
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
    sizes = [np.bincount(side, minlength=dataset.num_classes) for side in (dataset.train_labels, dataset.test_labels)]
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


def models_until(run: Run) -> int | None:
    """Models that a typical score needs for the standard error asked for; None if it has it, or none was asked for.

    Standard errors fall with the square root of the number of models.  At most four times as many are predicted
    at once, since the first few say little.
    """
    goal, now = run.config.goal, run.plan.num_models
    estimates = store.read_estimates(run.folder) if goal and not goal.decides else None
    if goal is None or estimates is None:
        return None
    typical = estimates.typical_stderr
    if typical <= goal.value or now >= (run.config.max_models or math.inf):
        return None
    if math.isnan(typical):
        raise InputError(
            f"--until {goal} cannot be reached with --design {run.config.subset.design}: no score has a "
            "standard error, which takes two models that trained on an example and two that did not. The estimates are "
            "written; choose another design, or leave the goal out"
        )
    return _whole(run, min(4 * now, max(now + 1, math.ceil(now * (typical / goal.value) ** 2))))


def models_to_decide(run: Run, num_open: int) -> int | None:
    """Models after which to look again, an eighth more; None if nothing is open, or no more models may be trained."""
    now = run.plan.num_models
    if not num_open or now >= (run.config.max_models or math.inf):
        return None
    return _whole(run, now + now // 8)


def _whole(run: Run, num_models: int) -> int:
    """So many models as whole packs, at least one pack more than there are, and no more than there may be."""
    size = run.plan.pack_size
    packs = max(-(-num_models // size), run.plan.num_models // size + 1)
    return min(packs * size, run.config.max_models or packs * size)
