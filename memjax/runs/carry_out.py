"""An opened run carried out: missing models are trained, estimates are made, and more models if they are needed."""

from memjax.machine.debugging import without_debugging
from memjax.machine.workers import make_worker
from memjax.runs import open_folder, stages, summary
from memjax.runs.open_folder import Run
from memjax.runs.progress import Teller


@without_debugging()
def carry_out(run: Run, teller: Teller, estimate: bool = True, advice: str = "") -> tuple[Run, bool]:
    """Trains what is missing, and estimates.

    Args:
      estimate: False only trains.
      advice: a notice to begin with, or nothing.

    Returns:
      The run, with the further models that --until-stderr needed, and whether estimates were written.
    """
    fresh, goal = False, run.config.until_stderr
    notices = [text for text in (advice, summary.without_test(run.dataset)) if text]
    while True:
        others = make_worker(run.config.worker).count > 1
        recount = (lambda run=run: run.num_trained) if others else None  # others train models too
        with teller.progress(run.plan.num_models, run.num_trained, recount) as progress:
            while notices:
                progress.write(notices.pop(0))
            if not estimate:
                stages.train(run, progress.update, progress.write)
                return run, False
            fresh |= stages.estimate(run, progress.update, progress.write)
        more = stages.models_until(run)
        if more is None:
            return run, fresh
        words = f"standard error above {goal:g}: training on to {more} models"
        teller.say("extend", words, num_models=more, until_stderr=goal)
        run = open_folder.extend_run(run, more)
