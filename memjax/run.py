"""The command line: `python -m memjax.run`.  Parsing and printing only."""

import errno
import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from memjax import environment, store, summary
from memjax.config import RunConfig
from memjax.errors import InputError, Interrupted
from memjax.interruption import INTERRUPTED, KEPT, listen
from memjax.output import Output, print_event, table
from memjax.presets import PRESETS, preset_and_rest
from memjax.progress import clock
from memjax.specs import OutputSpec
from memjax.workers import make_worker

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

Folder = Annotated[Path, tyro.conf.Positional]

ABOUT = """Train many small models on random subsets of a data set; estimate the memorization of every training example
and the influence of every train-test pair; write a report.  Run again to go on where it stopped.

In a terminal a bar shows how far it is, in a log a line every 30 seconds.  --quiet prints only errors and the path of
the report; --json prints one JSON object a line, with the keys that docs/howto/programs.md lists.

Other commands:
  status DIR           how far a run folder is
  verify DIR           whether everything in it is as it was written
  report DIR           write its report again
  estimate [OPTIONS]   memorization and influence from predictions that were trained elsewhere
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
        return _leave(arguments, 2, summary.printable(str(problem)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter would complain of it once more at its end
        return _leave([], 2, f"whoever read what is printed here has gone; {KEPT}")
    except OSError as problem:
        advice = f"; {KEPT}" if problem.errno in FULL else ""
        return _leave(arguments, 2, f"{problem.filename or 'a file'}: {problem.strerror or problem}{advice}")
    except (KeyboardInterrupt, Interrupted):
        return _leave(arguments, INTERRUPTED, f"interrupted; {KEPT}")


def _leave(arguments: list[str], code: int, text: str) -> int:
    """Says why the command ends before its end."""
    print(f"memjax: {text}", file=sys.stderr)
    if "--json" in arguments:
        with suppress(BrokenPipeError):
            print_event("error", text=text, exit_code=code)
    return code


def run(arguments: list[str]) -> None:
    preset, rest = preset_and_rest(arguments)
    config = _parse(RunConfig, "python -m memjax.run", ABOUT, rest, preset or _begun(rest))
    worker = make_worker(config.worker)
    output = Output(config.output, f"memjax {worker.index}/{worker.count}" if worker.count > 1 else "memjax")
    environment.start_jax(config.cpu_devices)
    from memjax import opening, pipeline

    opened = opening.open_run(config)
    start = summary.start(opened.dataset, opened.plan, opened.design)
    output.say("start", f"{summary.headline(start)}; run folder {opened.folder}", run=opened.folder, **start)
    fresh, began, before = False, time.monotonic(), opened.num_trained
    while True:
        recount = (lambda run=opened: run.num_trained) if worker.count > 1 else None
        with output.progress(opened.plan.num_models, opened.num_trained, recount) as progress:
            fresh |= pipeline.estimate(opened, progress.update, progress.write)
        if (more := pipeline.models_until(opened)) is None:
            break
        words = f"standard error above {config.until_stderr:g}: training on to {more} models"
        output.say("extend", words, num_models=more, until_stderr=config.until_stderr)
        opened = opening.extend_run(opened, more)
    seconds = time.monotonic() - began
    report = opened.folder / "report.html"
    if fresh or not report.exists():
        pipeline.report(opened)
    found = {"report": report, "trained": opened.num_trained - before, "seconds": seconds}
    _conclusion(output, opened.folder, opened.dataset, found, str(report))


@dataclass(frozen=True)
class Look:
    """How far a run folder is."""

    folder: Folder
    json: bool = False
    """One JSON object instead of lines."""


def status(arguments: list[str]) -> None:
    request = _parse(Look, "python -m memjax.run status", "How far a run folder is.", arguments)
    folder = request.folder
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{folder} holds no run: there is no plan.json in it")
    finished = store.finished_blocks(folder)
    models = plan.num_trained(finished)
    estimates = store.read_results(folder, "estimates.npz")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    ago = _seconds_ago(folder, finished)
    latest = "" if ago is None else f"; the last {ago:,.0f} s ago"
    rows = [
        ("data", f"{summary.printable(plan.data['name'])}, {plan.data['num_train']:,} training examples"),
        ("model", summary.printable(plan.config["model"]["model"])),
        ("models", f"{models} of {plan.num_models} trained, {plan.pack_size} a block{latest}"),
        ("estimates", f"none yet; go on with: python -m memjax.run --run {shlex.quote(str(folder))}"
         if estimates is None
         else f"from {estimates['num_models']} models, {estimates['num_failed']} of them diverged"),
        ("on disk", f"{size / 2**20:.1f} MiB, begun {plan.created}"),
    ]  # fmt: skip
    counts = {} if estimates is None else {key: estimates[key] for key in ("num_models", "num_failed")}
    Output(OutputSpec(json=request.json)).say(
        "status", table(rows), run=folder, data=plan.data["name"], model=plan.config["model"]["model"], models=models,
        of=plan.num_models, pack_size=plan.pack_size, estimates=counts or None, bytes=size, begun=plan.created,
        seconds_since_last_block=ago,
    )  # fmt: skip


def report(arguments: list[str]) -> None:
    folder = _parse(Folder, "python -m memjax.run report", "Write the report of a run folder again.", arguments)
    from memjax import opening, pipeline

    print(pipeline.report(opening.reopen_run(folder)))


@dataclass(frozen=True)
class Check:
    """Whether a run folder is as it was written."""

    folder: Folder
    output: OutputSpec = field(default_factory=OutputSpec)


def verify(arguments: list[str]) -> int:
    about = (
        "Looks at every file of a run folder and says whether it is as it was written.  Changes nothing.  With --quiet "
        "only what is wrong."
    )
    request = _parse(Check, "python -m memjax.run verify", about, arguments)
    output, counts = Output(request.output), Counter()
    for finding in store.verify(request.folder):
        counts[finding.kind] += 1
        words = f"{finding.kind:<8} {summary.printable(finding.text)}"
        output.result("finding", words, words * (finding.kind == "problem"), kind=finding.kind, text=finding.text)
    if request.output.json:
        print_event("summary", problems=counts["problem"], notes=counts["note"])
    return 1 if counts["problem"] else 0


@dataclass(frozen=True)
class Elsewhere:
    """Memorization, influence and strong pairs from arrays of predictions, trained with whatever library."""

    arrays: str
    """An npz file: masks (models, train), train_correct (models, train) and, if there, test_correct (models, test),
    train_labels, test_labels.  Other names that people use are understood (memjax.arrays.NAMES)."""
    out: str
    """Folder for estimates.npz and pairs.npz; made if need be."""
    influence: Literal["same-class", "all"] = "same-class"
    """all: influence.npy besides, every train-test pair."""
    output: OutputSpec = field(default_factory=OutputSpec)


def estimate(arguments: list[str]) -> None:
    about = "Memorization, influence and strong pairs from predictions that were trained elsewhere."
    request = _parse(Elsewhere, "python -m memjax.run estimate", about, arguments)
    from memjax.arrays import outcomes_of, read_arrays
    from memjax.estimation import write_results

    examples, outcomes = outcomes_of(read_arrays(request.arrays), request.arrays)
    folder = Path(request.out)
    folder.mkdir(parents=True, exist_ok=True)
    write_results(folder, examples, outcomes, 0, request.influence == "all")
    path = folder / "estimates.npz"
    _conclusion(Output(request.output), folder, examples, {"estimates": path}, str(path))


def doctor(arguments: list[str]) -> None:
    about = "This machine, and what a run with these options will take and reach on it."
    preset, rest = preset_and_rest(arguments)
    config = _parse(RunConfig, "python -m memjax.run doctor", about, rest, preset)
    environment.start_jax(config.cpu_devices)
    from memjax.doctor import forecast, machine

    output = Output(config.output)
    for event, rows in (("machine", machine(config.folder())), ("forecast", forecast(config))):
        rows = [(name, summary.printable(text)) for name, text in rows]
        output.say(event, table(rows, "without a score"), **dict(rows))


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


def _seconds_ago(folder: Path, finished: set[int]) -> float | None:
    """How long ago the last block was committed."""
    times = [store.record_path(folder, number).stat().st_mtime for number in finished]
    return max(0.0, time.time() - max(times)) if times else None


def _conclusion(output: Output, folder: Path, dataset, made: dict[str, Any], short: str) -> None:
    """The table at the end of a run: what was made, what is in it, and the warnings."""
    estimates, pairs = (store.read_results(folder, name) for name in ("estimates.npz", "pairs.npz"))
    assert estimates is not None
    assert pairs is not None
    found = summary.findings(dataset, estimates, pairs)
    rows = [(name, str(made[name])) for name in ("report", "estimates") if name in made]
    rows += summary.rows(found)
    if made.get("trained"):
        rate = made["trained"] / made["seconds"]
        rows.append(("time", f"{clock(made['seconds'])}, {made['trained']:,} models trained, {rate:.1f} a second"))
    rows += [("warning", text) for text in found["warnings"]]
    top = "\n".join(summary.most_memorized(dataset, estimates))
    output.result("summary", f"\n{table(rows)}\n\nThe most memorized examples:\n{top}", short, **made, **found)


if __name__ == "__main__":
    listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a log in ASCII is no reason to lose the end of a run
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # after an interrupt a device may still be at work, and taking the interpreter down under it crashes
