"""The command `memjax`: tyro reads the command line, and each command has its own function."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import Annotated

import tyro

from memjax import __version__, store
from memjax.cli import inspect, machine, use_results
from memjax.cli.options import everything, of_command, shortly
from memjax.cli.output import Output, conclude, put
from memjax.config.from_keywords import FIRST, KEPT, with_purpose
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import SubsetSpec
from memjax.errors import InputError, one_of
from memjax.machine.workers import make_worker


def run(config: RunConfig) -> None:
    """Trains, estimates, writes the report and prints the closing table."""
    worker = make_worker(config.share)
    output = Output(config.output, f"memjax {worker.index}/{worker.count}" if worker.count > 1 else "memjax")
    from memjax.runs.fit import fit_config

    if config.engine:
        import jax

        jax.config.update("jax_platforms", "cpu")  # a driver that held a GPU's memory would leave none to the tasks
    result = fit_config(config, None, output)
    if result.run.sees_everything:
        output.result("summary", repr(result), store.shown(result.folder), trained=result.trained)
        return
    report = result.folder / "report.html"
    if result.fresh or not store.is_there(report) or not config.examples:
        result.report(config.examples)
    made = {"report": store.shown(report), "trained": result.trained, "seconds": result.seconds}
    made |= {"controlled": text} if (text := result.controlled_error) else {}
    conclude(output, result.folder, result.dataset, made, store.shown(report), result.columns)


COMMANDS: dict[str, Callable[..., int | None]] = {
    command.__name__: command
    for command in (
        run, inspect.status, inspect.verify, use_results.report, use_results.suspects, use_results.apply,
        use_results.compare, use_results.estimate, use_results.export, use_results.publish, use_results.judge,
        use_results.truth, machine.doctor, machine.seed,
    )
}  # fmt: skip


def call(arguments: list[str]) -> int:
    """Carries out a command line and returns its exit code.  The default command is `run`.

    Raises:
      InputError: the command is not known, or it cannot be carried out.
      SystemExit: options are wrong, or help or a completion script was printed.
    """
    if arguments in (["--version"], ["-V"]):
        put(f"memjax {__version__}")
        return 0
    named = bool(arguments) and not arguments[0].startswith("-")
    command, rest = (arguments[0], arguments[1:]) if named else ("run", arguments)
    if command not in (*COMMANDS, "describe", "completion"):
        from memjax.data.sources import kind_of

        if kind := kind_of(command):
            raise InputError(f"{command!r} is a data set, not a command; did you mean --dataset {kind}:{command}?")
        raise one_of("command", command, [*COMMANDS, "describe", "completion"])
    if not {"-h", "--help", "--help-all"}.isdisjoint(rest):
        short = of_command(command, COMMANDS[command]) if command in COMMANDS and command != "run" else shortly()
        put((everything() if "--help-all" in rest else short).removesuffix("\n"))
        raise SystemExit(0)
    if command == "describe":  # the doctor, with the data set as its first word
        named = bool(rest) and not rest[0].startswith("-")
        command, rest = "doctor", ["--dataset", *rest] if named else rest
    if command == "completion":
        if len(rest) != 1 or rest[0] not in SHELLS:
            raise one_of("shell", " ".join(rest), SHELLS)
        command = "--tyro-print-completion"
    commands = COMMANDS
    if command in ("run", "doctor", "truth"):
        chips, rest = machine.ahead(rest) if command == "doctor" else (None, rest)
        begin, rest = beginning(rest)
        if command == "truth":
            begin = replace(begin, num_models=1000, subset=SubsetSpec(subset_fraction=0.5))
        defaults = {"config": begin} | ({"ahead": chips} if chips else {})
        commands = COMMANDS | {command: partial(COMMANDS[command], **defaults)}
    return tyro.extras.subcommand_cli_from_dict(commands, prog="memjax", args=[command, *rest], config=CONFIG) or 0


SHELLS = ("bash", "zsh", "tcsh")
CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)


@dataclass(frozen=True)
class Beginning:
    """The options that decide the defaults of all others."""

    preset: str | None = None
    run: str | None = None
    purpose: Annotated[str | None, tyro.conf.arg(name="for")] = None


def beginning(arguments: list[str]) -> tuple[RunConfig, list[str]]:
    """The settings that `--preset`, `--for` or an existing `--run DIR` give, and the arguments that are left."""
    found, rest = tyro.cli(Beginning, args=arguments, add_help=False, return_unknown_args=True)
    after = rest[rest.index("--keep") + 1 :] if "--keep" in rest else KEPT
    keep = [*takewhile(lambda word: not word.startswith("--"), after)]
    if found.preset is not None and found.preset not in PRESETS:
        raise one_of("--preset", found.preset, list(PRESETS))
    preset = PRESETS[found.preset] if found.preset is not None else None
    plan = store.read_plan(store.place(found.run)) if found.run else None
    if plan is not None and found.run and preset is None:
        from memjax.runs.open_folder import config_of

        return with_purpose(replace(config_of(plan, store.place(found.run)), run=found.run), found.purpose, keep), rest
    config = with_purpose(preset or RunConfig(), found.purpose, keep)
    if any(word.partition("=")[0] in ("--until", "--until-stderr", "--until_stderr") for word in rest):
        config = replace(config, num_models=FIRST)
    return (replace(config, run=found.run) if found.run else config), rest
