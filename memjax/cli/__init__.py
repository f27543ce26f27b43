"""The command `memjax`: tyro reads the command line, and each command has its own function."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Union

import tyro

from memjax import __version__, store
from memjax.cli import results
from memjax.cli.ahead import Ahead, ahead
from memjax.cli.inspect import Status, Verify, status, verify
from memjax.cli.judge import Judge, judge
from memjax.cli.machine import Doctor, Seed, doctor, seed
from memjax.cli.options import SHORT, everything, of_command
from memjax.cli.output import Output, conclude, put
from memjax.config.from_keywords import FIRST, with_purpose
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.errors import InputError, one_of
from memjax.machine.workers import make_worker


def train(config: RunConfig) -> None:
    """Trains, estimates, writes the report and prints the closing table."""
    worker = make_worker(config.share)
    output = Output(config.output, f"memjax {worker.index}/{worker.count}" if worker.count > 1 else "memjax")
    from memjax.runs.fit import fit_config

    if config.engine:
        import jax

        jax.config.update("jax_platforms", "cpu")  # a driver that held a GPU's memory would leave none to the tasks
    result = fit_config(config, None, output)
    report = result.folder / "report.html"
    if result.fresh or not store.is_there(report) or not config.examples:
        result.report(config.examples)
    made = {"report": store.shown(report), "trained": result.trained, "seconds": result.seconds}
    conclude(output, result.folder, result.dataset, made, store.shown(report), result.columns)


COMMANDS = {
    RunConfig: ("run", train),
    Status: ("status", status),
    Verify: ("verify", verify),
    results.Report: ("report", results.report),
    results.Suspects: ("suspects", results.suspects),
    results.Apply: ("apply", results.apply),
    results.Compare: ("compare", results.compare),
    results.Estimate: ("estimate", results.estimate),
    results.Export: ("export", results.export),
    results.Publish: ("publish", results.publish),
    Judge: ("judge", judge),
    Doctor: ("doctor", doctor),
    Seed: ("seed", seed),
}
NAMES = [name for name, _ in COMMANDS.values()]


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
    if command not in (*NAMES, "describe", "completion"):
        from memjax.data.sources import kind_of

        if kind := kind_of(command):
            raise InputError(f"{command!r} is a data set, not a command; did you mean --dataset {kind}:{command}?")
        raise one_of("command", command, [*NAMES, "describe", "completion"])
    if not {"-h", "--help", "--help-all"}.isdisjoint(rest):
        kinds = {name: kind for kind, (name, _) in COMMANDS.items() if kind is not RunConfig}
        short = of_command(command, kinds[command]) if command in kinds else SHORT
        put((everything() if "--help-all" in rest else short).removesuffix("\n"))
        raise SystemExit(0)
    if command == "describe":  # the doctor, with the data set as its first word
        named = bool(rest) and not rest[0].startswith("-")
        command, rest = "doctor", ["--dataset", *rest] if named else rest
    if command == "completion":
        if len(rest) != 1 or rest[0] not in SHELLS:
            raise one_of("shell", " ".join(rest), SHELLS)
        command = "--tyro-print-completion"
    chips, rest = ahead(rest) if command == "doctor" else (Ahead(), rest)
    begin, rest = beginning(rest) if command in ("run", "doctor") else (RunConfig(), rest)
    defaults = {RunConfig: {"default": begin}, Doctor: {"default": Doctor(begin, ahead=chips)}}
    commands = [Annotated[kind, tyro.conf.subcommand(name, **defaults.get(kind, {}))]
                for kind, (name, _) in COMMANDS.items()]  # fmt: skip
    union: Any = Union[tuple(commands)]  # noqa: UP007  # a union of a list
    request = tyro.cli(union, prog="memjax", args=[command, *rest], config=CONFIG)
    return COMMANDS[type(request)][1](request) or 0


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
    if found.preset is not None and found.preset not in PRESETS:
        raise one_of("--preset", found.preset, list(PRESETS))
    preset = PRESETS[found.preset] if found.preset is not None else None
    plan = store.read_plan(store.place(found.run)) if found.run else None
    if plan is not None and found.run and preset is None:
        from memjax.runs.plan_of import config_of

        return with_purpose(replace(config_of(plan, store.place(found.run)), run=found.run), found.purpose), rest
    config = with_purpose(preset or RunConfig(), found.purpose)
    if any(word.partition("=")[0] in ("--until", "--until-stderr", "--until_stderr") for word in rest):
        config = replace(config, num_models=FIRST)
    return (replace(config, run=found.run) if found.run else config), rest
