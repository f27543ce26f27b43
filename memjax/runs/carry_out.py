"""An opened run carried out: missing models are trained, estimates are made, and more models if they are needed."""

from memjax.config.goals import Goal
from memjax.machine.debugging import without_debugging
from memjax.machine.workers import make_worker
from memjax.runs import open_folder, stages
from memjax.runs.open_folder import Run
from memjax.runs.parameters import parameter_bytes
from memjax.runs.progress import Teller


@without_debugging()
def carry_out(run: Run, teller: Teller, estimate: bool = True, advice: str = "") -> tuple[Run, int, bool]:
    """Trains what is missing, and unless `estimate` is False, estimates.  The advice is a notice to begin with.

    Returns:
      The run, with the further models that --until needed; how many models were trained, here or elsewhere; and whether
      estimates were written.
    """
    from memjax.runs.decisions import models_to_decide, models_until, undecided  # with jax, which takes a second

    goal, fresh, looks, notices = run.config.goal, False, 0, [advice] if advice else []
    if not run.dataset.num_test:
        notices.append("there are no test examples: memorization is estimated, influence is undefined")
    if size := parameter_bytes(run.config, run.dataset):
        notices.append(
            f"the parameters of a model take {size:,} bytes, those of all models {size * run.plan.num_models:,}; "
            "blocks/*.parameters.npz may be deleted at any time"
        )
    before = done = run.num_trained
    while True:
        others = run.config.engine or make_worker(run.config.share).count > 1
        recount = (lambda run=run: run.num_trained) if others else None  # others train models too
        with teller.progress(run.plan.num_models, done, recount) as progress:
            while notices:
                progress.write(notices.pop(0))
            if not estimate or run.sees_everything:
                stages.train(run, progress.update, progress.write)
                return run, run.plan.num_models - before, False
            left = None
            if goal and goal.decides:
                tally = stages.tally(run, progress.update, progress.write)
                left = undecided(goal, tally, run.dataset) if tally.num_used else None
            more = models_to_decide(run, left[0]) if left else None
            if more is None:
                fresh |= stages.estimate(run, progress.update, progress.write)
        looks, more = looks + 1, more or models_until(run)
        if goal:
            _tell(teller, goal, run.plan.num_models, more, looks, left)
        if more is None:
            return run, run.plan.num_models - before, fresh
        done, run = run.plan.num_models, open_folder.extend_run(run, more)


def _tell(
    teller: Teller, goal: Goal, num_models: int, more: int | None, looks: int, left: tuple[int, int] | None
) -> None:
    """Says what is open, what it has cost, and how many models are trained next."""
    if left is not None:
        what = "pairs" if goal.kind == "pairs" else "examples"
        words = f"{goal}, look {looks} after {num_models:,} models: {left[0]:,} of {left[1]:,} {what} open; "
        done = f"all other {what} are decided with 95 %, or known within {goal.within:g}"
        words += f"training on to {more:,} models" if more else done
        teller.say("decisions", words, until=str(goal), num_models=num_models, looks=looks, open=left[0], of=left[1])
    elif more:
        words = f"standard error above {goal.value:g}: training on to {more} models"
        teller.say("extend", words, num_models=more, until_stderr=goal.value)
