"""The command line: `python -m memjax.run`.  Parsing and printing only."""

import errno
import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import tyro

from memjax import environment, store, summary
from memjax.config import RunConfig
from memjax.errors import InputError, Interrupted
from memjax.interruption import INTERRUPTED, KEPT, listen
from memjax.presets import PRESETS, preset_and_rest

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

Folder = Annotated[Path, tyro.conf.Positional]

ABOUT = """Train many small models on random subsets of a data set; estimate the memorization of every training example
and the influence of every train-test pair; write a report.  Run again to go on where it stopped.

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


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit code.

    0: done.  1: `verify` found something wrong.  2: the request or the input is wrong.  75: interrupted, to be begun
    again with the same command.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    known = bool(arguments) and arguments[0] in COMMANDS
    command = COMMANDS[arguments[0]] if known else run
    try:
        return command(arguments[1:] if known else arguments) or 0
    except InputError as problem:
        print(f"memjax: {summary.printable(str(problem))}", file=sys.stderr)
        return 2
    except OSError as problem:
        advice = f"; {KEPT}" if problem.errno in FULL else ""
        print(f"memjax: {problem.filename or 'a file'}: {problem.strerror or problem}{advice}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Interrupted):
        print(f"memjax: interrupted; {KEPT}", file=sys.stderr)
        return INTERRUPTED


def run(arguments: list[str]) -> None:
    preset, rest = preset_and_rest(arguments)
    config = _parse(RunConfig, "python -m memjax.run", ABOUT, rest, preset or _begun(rest))
    environment.start_jax(config.cpu_devices)
    from memjax import opening, pipeline
    from memjax.progress import progress_bar

    opened = opening.open_run(config)
    _headline(opened)
    fresh = False
    while True:
        with progress_bar(opened.plan.num_models, opened.num_trained) as bar:
            fresh |= pipeline.estimate(opened, bar.update, lambda text: bar.write(f"memjax: {text}", sys.stderr))
        if (more := pipeline.models_until(opened)) is None:
            break
        print(f"standard error above {config.until_stderr:g}: training on to {more} models", flush=True)
        opened = opening.extend_run(opened, more)
    report = opened.folder / "report.html"
    if fresh or not report.exists() or not config.examples:
        pipeline.report(opened, config.examples)
    _conclusion(opened, report)


def status(arguments: list[str]) -> None:
    folder = _parse(Folder, "python -m memjax.run status", "How far a run folder is.", arguments)
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{folder} holds no run: there is no plan.json in it")
    finished = store.finished_blocks(folder)
    models = plan.num_trained(finished)
    estimates = store.read_results(folder, "estimates.npz")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"data         {summary.printable(plan.data['name'])}, {plan.data['num_train']:,} training examples")
    print(f"model        {summary.printable(plan.config['model']['model'])}")
    print(f"models       {models} of {plan.num_models} trained, {plan.pack_size} a block{_latest(folder, finished)}")
    if estimates is None:
        print(f"estimates    none yet; go on with: python -m memjax.run --run {shlex.quote(str(folder))}")
    else:
        print(f"estimates    from {estimates['num_models']} models, {estimates['num_failed']} of them diverged")
    print(f"on disk      {size / 2**20:.1f} MiB, begun {plan.created}")


@dataclass(frozen=True)
class Again:
    """Write the report of a run folder again."""

    folder: Folder
    examples: bool = True
    """Whether it shows what examples look like; without, it holds no image and no feature of any, but still says
    which rows are the most memorized."""


def report(arguments: list[str]) -> None:
    request = _parse(Again, "python -m memjax.run report", "Write the report of a run folder again.", arguments)
    from memjax import opening, pipeline

    print(pipeline.report(opening.reopen_run(request.folder), request.examples))


def verify(arguments: list[str]) -> int:
    about = "Looks at every file of a run folder and says whether it is as it was written.  Changes nothing."
    folder = _parse(Folder, "python -m memjax.run verify", about, arguments)
    problems = 0
    for finding in store.verify(folder):
        problems += finding.kind == "problem"
        print(f"{finding.kind:<8} {summary.printable(finding.text)}", flush=True)
    return 1 if problems else 0


@dataclass(frozen=True)
class Elsewhere:
    """Memorization, influence and strong pairs from arrays of predictions, trained with whatever library."""

    arrays: str
    """An npz file, or a folder of npy files: masks (models, train), train_correct (models, train) and, if there,
    test_correct (models, test), train_labels, test_labels.  Other names that people use are understood
    (memjax.exchange.NAMES), and so are the folders of Feldman and Zhang's aux_arrays.npz and of LiRA's experiments."""
    out: str
    """Folder for estimates.npz and pairs.npz; made if need be."""
    influence: Literal["same-class", "all"] = "same-class"
    """all: influence.npy besides, every train-test pair."""


def estimate(arguments: list[str]) -> None:
    about = "Memorization, influence and strong pairs from predictions that were trained elsewhere."
    request = _parse(Elsewhere, "python -m memjax.run estimate", about, arguments)
    from memjax.estimation import write_results
    from memjax.exchange import outcomes_of, read_predictions

    examples, outcomes = outcomes_of(read_predictions(request.arrays), request.arrays)
    folder = Path(request.out)
    folder.mkdir(parents=True, exist_ok=True)
    write_results(folder, examples, outcomes, 0, request.influence == "all")
    _summary(folder, examples)


@dataclass(frozen=True)
class Export:
    """A run folder's predictions or estimates in the files that others read."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path
    """Folder for the files; made if need be."""
    format: Literal["arrays", "feldman-zhang", "lira", "csv", "parquet"] = "arrays"
    """arrays: npy files of masks and predictions.  feldman-zhang: a folder a model with aux_arrays.npz.  lira: an
    experiment a model.  csv, parquet: tables of training examples and of pairs."""


def export(arguments: list[str]) -> None:
    about = "Predictions or estimates of a run in the files that others read."
    request = _parse(Export, "python -m memjax.run export", about, arguments)
    from memjax import opening, pipeline

    for line in pipeline.export(opening.reopen_run(request.run), request.out, request.format):
        print(line)


def doctor(arguments: list[str]) -> None:
    about = "This machine, and what a run with these options will take and reach on it."
    preset, rest = preset_and_rest(arguments)
    config = _parse(RunConfig, "python -m memjax.run doctor", about, rest, preset)
    environment.start_jax(config.cpu_devices)
    from memjax.doctor import forecast, machine

    for rows in (machine(config.folder()), forecast(config)):
        for name, text in rows:
            print(f"{name:<15}  {summary.printable(text)}", flush=True)


def seed(arguments: list[str]) -> None:
    def request(dataset: tyro.conf.Positional[str], folder: tyro.conf.Positional[Path]) -> tuple[str, Path]:
        """Put files that you already have where they would have been downloaded to."""
        return dataset, folder

    from memjax.data.seed import seed_cache

    dataset, folder = tyro.cli(request, prog="python -m memjax.run seed", args=arguments)
    for path in seed_cache(dataset, folder):
        print(path)


COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "run": run,
    "status": status,
    "verify": verify,
    "report": report,
    "estimate": estimate,
    "export": export,
    "doctor": doctor,
    "seed": seed,
}


def _parse(kind, prog: str, about: str, arguments: list[str], default=None):
    more = {} if default is None else {"default": default}
    return tyro.cli(kind, prog=prog, description=about, args=arguments, config=(tyro.conf.OmitArgPrefixes,), **more)


def _begun(arguments: list[str]) -> RunConfig | None:
    """The settings of the run folder that is named, if there is a run in it."""
    named = [value for word, value in pairwise(arguments) if word == "--run"]
    named += [word.removeprefix("--run=") for word in arguments if word.startswith("--run=")]
    folder = Path(named[-1]) if named else None
    plan = store.read_plan(folder) if folder else None
    if plan is None or folder is None:
        return None
    from memjax.opening import config_of

    return config_of(plan, folder)


def _latest(folder: Path, finished: set[int]) -> str:
    """How long ago the last block was committed, in words."""
    times = [store.record_path(folder, number).stat().st_mtime for number in finished]
    return f"; the last {max(0, time.time() - max(times)):,.0f} s ago" if times else ""


def _headline(opened) -> None:
    data = opened.dataset
    print(
        f"{summary.printable(data.name)}: {data.num_train:,} training and {data.num_test:,} test examples, "
        f"{data.num_classes} classes; {opened.plan.num_models} models {opened.config.model.model}, "
        f"{opened.design.name}; run folder {opened.folder}",
        flush=True,
    )


def _conclusion(opened, report: Path) -> None:
    print(f"\nreport          {report}")
    _summary(opened.folder, opened.dataset)


def _summary(folder: Path, dataset) -> None:
    estimates = store.read_results(folder, "estimates.npz")
    pairs = store.read_results(folder, "pairs.npz")
    assert estimates is not None
    assert pairs is not None
    print(
        f"models          {estimates['num_models']} models; accuracy in sample {estimates['in_sample_accuracy']:.4f}, "
        f"held out {estimates['held_out_accuracy']:.4f}, test {estimates['test_accuracy']:.4f}"
    )
    print(
        f"standard error  {summary.typical_stderr(estimates):.4f} for a typical score (root mean square), "
        f"{summary.largest_stderr(estimates):.4f} at most"
    )
    from memjax.estimators import count_pairs

    counts = count_pairs(pairs["tr_idx"], pairs["tt_idx"])
    print(
        f"pairs           {counts.pairs} with influence >= {pairs['infl_threshold']} within a class "
        f"({counts.train} training and {counts.test} test examples, {counts.test_with_one} of these in one pair\n"
        f"                only); {pairs['expected_by_chance']:.1f} would be expected by chance"
    )
    for text in summary.warnings(estimates, pairs):
        print(f"warning         {text}")
    print("\nThe most memorized examples:")
    print("\n".join(summary.most_memorized(dataset, estimates)))


if __name__ == "__main__":
    listen()
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # after an interrupt a device may still be at work, and taking the interpreter down under it crashes
