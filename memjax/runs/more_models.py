"""How many models the goal of a run, `--until`, still needs."""

import math

from memjax import store
from memjax.errors import InputError
from memjax.runs import stages, summary
from memjax.runs.decisions import undecided
from memjax.runs.open_folder import Run
from memjax.runs.train_blocks import Advance, Notify


def models_until(run: Run) -> int | None:
    """Models that a typical score needs for the standard error asked for; None if it has it, or none was asked for.

    Standard errors fall with the square root of the number of models.  At most four times as many are predicted
    at once, since the first few say little.
    """
    goal, now = run.config.goal, run.plan.num_models
    estimates = store.read_estimates(run.folder) if goal and not goal.decides else None
    if goal is None or estimates is None:
        return None
    typical = summary.typical_stderr(estimates)
    if typical <= goal.value or now >= (run.config.max_models or math.inf):
        return None
    if math.isnan(typical):
        raise InputError(
            f"--until {goal} cannot be reached with --design {run.config.subset.design}: no score has a "
            "standard error, which takes two models that trained on an example and two that did not. The estimates are "
            "written; choose another design, or leave the goal out"
        )
    return _whole(run, min(4 * now, max(now + 1, math.ceil(now * (typical / goal.value) ** 2))))


def num_undecided(run: Run, advance: Advance, notify: Notify) -> tuple[int, int] | None:
    """How many decisions of the goal are open, and of how many; None if it has none.  Trains what is missing."""
    goal = run.config.goal
    if goal is None or not goal.decides:
        return None
    found = stages.tally(run, advance, notify)
    return undecided(goal, found, run.dataset) if found.num_used else None


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
