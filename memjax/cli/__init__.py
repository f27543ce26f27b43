"""The command `memjax`: its subcommands, read by tyro and carried out one file each."""

import sys
from typing import Annotated, Any

import tyro

from memjax import __version__
from memjax.cli.beginning import beginning
from memjax.cli.help import SHORT, everything, of_doctor
from memjax.cli.inspect import Status, Verify, status, verify
from memjax.cli.machine import Doctor, Seed, doctor, seed
from memjax.cli.results import Estimate, Export, Report, estimate, export, report
from memjax.cli.train import train
from memjax.config.run_config import RunConfig
from memjax.errors import one_of

COMMANDS = {
    RunConfig: ("run", train),
    Status: ("status", status),
    Verify: ("verify", verify),
    Report: ("report", report),
    Estimate: ("estimate", estimate),
    Export: ("export", export),
    Doctor: ("doctor", doctor),
    Seed: ("seed", seed),
}
NAMES = [name for name, _ in COMMANDS.values()]


def call(arguments: list[str]) -> int:
    """Carries out a command line and returns its exit code.  Without a command's name it is `run`.

    Raises:
      InputError: there is no such command, or what it asks for cannot be done.
      SystemExit: options are wrong, or help was asked for.
    """
    if arguments in (["--version"], ["-V"]):
        print(f"memjax {__version__}")
        return 0
    if arguments[:1] == ["completion"]:
        return _completion(arguments[1:])
    named = bool(arguments) and not arguments[0].startswith("-")
    if named and arguments[0] not in NAMES:
        raise one_of("command", arguments[0], [*NAMES, "completion"])
    command, rest = (arguments[0], arguments[1:]) if named else ("run", arguments)
    if command in ("run", "doctor") and not {"-h", "--help", "--help-all"}.isdisjoint(rest):
        print(everything() if "--help-all" in rest else SHORT if command == "run" else of_doctor(), end="")
        raise SystemExit(0)
    begin, rest = beginning(rest) if command in ("run", "doctor") else (RunConfig(), rest)
    request = tyro.cli(_requests(begin), prog="memjax", args=[command, *rest], config=CONFIG)  # type: ignore[arg-type]
    return COMMANDS[type(request)][1](request) or 0


CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)


def _requests(begin: RunConfig):
    """The union of all commands' settings, for tyro; those of `run` and `doctor` begin with what is given."""
    run = Annotated[RunConfig, tyro.conf.subcommand("run", default=begin)]
    found: Any = run | Annotated[Doctor, tyro.conf.subcommand("doctor", default=Doctor(begin))]
    for kind, (name, _) in COMMANDS.items():
        if kind not in (RunConfig, Doctor):
            found = found | Annotated[kind, tyro.conf.subcommand(name)]
    return found


def _completion(arguments: list[str]) -> int:
    """Prints the completion script of a shell: `memjax completion bash > FILE`, which the shell then sources."""
    shells = ("bash", "zsh", "tcsh")
    if len(arguments) != 1 or arguments[0] not in shells:
        raise one_of("shell", " ".join(arguments), shells)
    try:
        options = ["--tyro-print-completion", arguments[0]]
        tyro.cli(_requests(RunConfig()), prog="memjax", args=options, config=CONFIG)  # type: ignore[arg-type]
    except SystemExit as leave:
        sys.stdout.flush()
        return int(leave.code or 0)
    return 0
