"""What `memjax verify --repair` does: damaged blocks are trained again, and estimates are made again from them."""

from collections.abc import Iterable
from pathlib import Path

from memjax import store
from memjax.machine import environment
from memjax.machine.debugging import without_debugging
from memjax.runs import stages
from memjax.runs.open_folder import reopen_run
from memjax.runs.progress import Teller


@without_debugging()
def repair(folder: Path, damaged: Iterable[int], teller: Teller) -> None:
    """Sets damaged blocks aside and trains their models again, and no others.

    Estimates are made again where there were some and all their blocks are there; a whole set of them stays.  The
    report is left as it is, since it may have been written without examples.
    """
    run = reopen_run(folder)
    environment.start_jax(run.config.cpu_devices)
    numbers = set(damaged)
    for number in numbers:
        store.set_aside(folder, number)
    with teller.progress(run.plan.num_models, run.num_trained) as progress:
        stages.train(run, progress.update, progress.write, numbers)
        if store.has_results(folder) and not run.untrained:
            stages.estimate(run, progress.update, progress.write)
