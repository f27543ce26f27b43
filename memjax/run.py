"""The command line: `python -m memjax.run`.  Parsing and printing only."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from memjax import environment, store, summary
from memjax.config import RunConfig
from memjax.errors import InputError
from memjax.presets import PRESETS, preset_and_rest

INTERRUPTED = 75  # "try again later": safe to put back into a queue

Folder = Annotated[Path, tyro.conf.Positional]

ABOUT = """Train many small models on random subsets of a data set; estimate the memorization of every training example
and the influence of every train-test pair; write a report.  Run again to go on where it stopped.

Other commands:
  status DIR           how far a run folder is
  report DIR           write its report again
  doctor [OPTIONS]     this machine, and what a run with these options will take and reach
  seed DATASET FOLDER  put files of mnist, fashion_mnist, cifar10, cifar100 or svhn_cropped that you already have
                       where they would have been downloaded to

--preset NAME sets the data, the network and the training of a paper; other options change them.  The names:
""" + ", ".join(PRESETS)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0 done, 2 the request or the input is wrong, 75 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    known = bool(arguments) and arguments[0] in COMMANDS
    command = COMMANDS[arguments[0]] if known else run
    try:
        command(arguments[1:] if known else arguments)
    except InputError as problem:
        print(f"memjax: {summary.printable(str(problem))}", file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"memjax: {problem.filename or 'a file'}: {problem.strerror or problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("memjax: interrupted; what is finished is kept, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    return 0


def run(arguments: list[str]) -> None:
    preset, rest = preset_and_rest(arguments)
    config = _parse(RunConfig, "python -m memjax.run", ABOUT, rest, preset)
    environment.start_jax(config.cpu_devices)
    from memjax import pipeline
    from memjax.progress import progress_bar

    opened = pipeline.open_run(config)
    _headline(opened)
    with progress_bar(opened.plan.num_models, opened.num_trained) as bar:
        fresh = pipeline.estimate(opened, bar.update, lambda text: bar.write(f"memjax: {text}", sys.stderr))
    report = opened.folder / "report.html"
    if fresh or not report.exists():
        pipeline.report(opened)
    _conclusion(opened, report)


def status(arguments: list[str]) -> None:
    folder = _parse(Folder, "python -m memjax.run status", "How far a run folder is.", arguments)
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{folder} holds no run: there is no plan.json in it")
    models = plan.num_trained(store.finished_blocks(folder))
    estimates = store.read_results(folder, "estimates.npz")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"data         {summary.printable(plan.data['name'])}, {plan.data['num_train']:,} training examples")
    print(f"model        {summary.printable(plan.config['model']['model'])}")
    print(f"models       {models} of {plan.num_models} trained, {plan.pack_size} a block")
    if estimates is None:
        print(f"estimates    none yet; go on with: python -m memjax.run --run {shlex.quote(str(folder))}")
    else:
        print(f"estimates    from {estimates['num_models']} models, {estimates['num_failed']} of them diverged")
    print(f"on disk      {size / 2**20:.1f} MiB, begun {plan.created}")


def report(arguments: list[str]) -> None:
    folder = _parse(Folder, "python -m memjax.run report", "Write the report of a run folder again.", arguments)
    from memjax import pipeline

    print(pipeline.report(pipeline.reopen_run(folder)))


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


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "run": run,
    "status": status,
    "report": report,
    "doctor": doctor,
    "seed": seed,
}


def _parse(kind, prog: str, about: str, arguments: list[str], default=None):
    more = {} if default is None else {"default": default}
    return tyro.cli(kind, prog=prog, description=about, args=arguments, config=(tyro.conf.OmitArgPrefixes,), **more)


def _headline(opened) -> None:
    data = opened.dataset
    print(
        f"{summary.printable(data.name)}: {data.num_train:,} training and {data.num_test:,} test examples, "
        f"{data.num_classes} classes; {opened.plan.num_models} models {opened.config.model.model}, "
        f"{opened.design.name}; run folder {opened.folder}",
        flush=True,
    )


def _conclusion(opened, report: Path) -> None:
    estimates = store.read_results(opened.folder, "estimates.npz")
    pairs = store.read_results(opened.folder, "pairs.npz")
    assert estimates is not None
    assert pairs is not None
    print(f"\nreport          {report}")
    print(
        f"models          {estimates['num_models']} models; accuracy in sample {estimates['in_sample_accuracy']:.4f}, "
        f"held out {estimates['held_out_accuracy']:.4f}, test {estimates['test_accuracy']:.4f}"
    )
    print(
        f"standard error  {summary.typical_stderr(estimates):.4f} for a typical score (root mean square), "
        f"{summary.largest_stderr(estimates):.4f} at most"
    )
    print(
        f"pairs           {len(pairs['infl'])} with influence >= {pairs['infl_threshold']} within a class; "
        f"{pairs['expected_by_chance']:.1f} would be expected by chance"
    )
    for text in summary.warnings(estimates, pairs):
        print(f"warning         {text}")
    print("\nThe most memorized examples:")
    print("\n".join(summary.most_memorized(opened.dataset, estimates)))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # after an interrupt a device may still be at work, and taking the interpreter down under it crashes
