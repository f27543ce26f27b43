"""The main command: train, estimate, report."""

import sys
import time
from dataclasses import replace
from itertools import pairwise

from memjax import store
from memjax.cli.final_table import conclude
from memjax.cli.output import Output
from memjax.cli.parsing import parse
from memjax.config.presets import PRESETS, preset_and_rest
from memjax.config.run_config import RunConfig
from memjax.machine import environment
from memjax.machine.host_rank import call_roll
from memjax.machine.workers import make_worker
from memjax.runs import summary

ABOUT = """Train many small models on random subsets of a data set; estimate the memorization of every training example
and the influence of every train-test pair; write a report.  Run again to go on where it stopped.

In a terminal a bar shows how far it is, in a log a line every 30 seconds.  --quiet prints only errors and the path of
the report; --json prints one JSON object a line, with the keys that docs/howto/programs.md lists.

Other commands:
  status DIR           how far a run folder is
  verify DIR           whether everything in it is as it was written
  report DIR           write its report again; --no-examples leaves out what examples look like
  estimate [OPTIONS]   memorization and influence from predictions that were trained elsewhere
  export DIR --out DIR predictions or tables of a run for other programs
  doctor [OPTIONS]     this machine, and what a run with these options will take and reach
  seed DATASET FOLDER  put files of mnist, fashion_mnist, cifar10, cifar100 or svhn_cropped that you already have
                       where they would have been downloaded to

--run DIR alone goes on with the run in that folder; with a larger --num-models it trains the difference.

--preset NAME sets the data, the network and the training of a paper; other options change them.  The names:
""" + ", ".join(PRESETS)


def run(arguments: list[str]) -> None:
    preset, rest = preset_and_rest(arguments)
    config = parse(RunConfig, "python -m memjax.run", ABOUT, rest, preset or _begun(rest))
    worker = make_worker(config.worker)
    if config.distributed is not None:
        worker = call_roll(config.distributed, worker, lambda text: print(f"memjax: {text}", file=sys.stderr))
        config = replace(config, worker=f"{worker.index}/{worker.count}", distributed=None)
    output = Output(config.output, f"memjax {worker.index}/{worker.count}" if worker.count > 1 else "memjax")
    environment.start_jax(config.cpu_devices)
    from memjax.runs import open_folder, outputs, stages

    opened = open_folder.open_run(config)
    where = store.shown(opened.folder)
    start = summary.start(opened.dataset, opened.plan, opened.design)
    output.say("start", f"{summary.headline(start)}; run folder {where}", run=where, **start)
    fresh, began, before = False, time.monotonic(), opened.num_trained
    while True:
        recount = (lambda run=opened: run.num_trained) if worker.count > 1 else None
        with output.progress(opened.plan.num_models, opened.num_trained, recount) as progress:
            fresh |= stages.estimate(opened, progress.update, progress.write)
        if (more := stages.models_until(opened)) is None:
            break
        words = f"standard error above {config.until_stderr:g}: training on to {more} models"
        output.say("extend", words, num_models=more, until_stderr=config.until_stderr)
        opened = open_folder.extend_run(opened, more)
    seconds = time.monotonic() - began
    report = opened.folder / "report.html"
    if fresh or not store.is_there(report) or not config.examples:
        outputs.report(opened, config.examples)
    found = {"report": store.shown(report), "trained": opened.num_trained - before, "seconds": seconds}
    conclude(output, opened.folder, opened.dataset, found, store.shown(report))


def _begun(arguments: list[str]) -> RunConfig | None:
    """The settings of the run folder that is named, if there is a run in it."""
    named = [value for word, value in pairwise(arguments) if word == "--run"]
    named += [word.removeprefix("--run=") for word in arguments if word.startswith("--run=")]
    folder = store.place(named[-1]) if named else None
    plan = store.read_plan(folder) if folder else None
    if plan is None or folder is None:
        return None
    from memjax.runs.open_folder import config_of

    return config_of(plan, folder)
