"""The command `memjax`: tyro reads the command line, and each command has its own function."""

from typing import Annotated, Any, Union

import tyro

from memjax import __version__
from memjax.cli.beginning import beginning
from memjax.cli.help import SHORT, everything, of_command
from memjax.cli.inspect import Status, Verify, status, verify
from memjax.cli.machine import Doctor, Seed, doctor, seed
from memjax.cli.output import put
from memjax.cli.results import Apply, Estimate, Export, Report, Suspects, apply, estimate, export, report, suspects
from memjax.cli.train import train
from memjax.config.run_config import RunConfig
from memjax.errors import one_of

COMMANDS = {
    RunConfig: ("run", train),
    Status: ("status", status),
    Verify: ("verify", verify),
    Report: ("report", report),
    Suspects: ("suspects", suspects),
    Apply: ("apply", apply),
    Estimate: ("estimate", estimate),
    Export: ("export", export),
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
    begin, rest = beginning(rest) if command in ("run", "doctor") else (RunConfig(), rest)
    defaults = {RunConfig: {"default": begin}, Doctor: {"default": Doctor(begin)}}
    commands = [Annotated[kind, tyro.conf.subcommand(name, **defaults.get(kind, {}))]
                for kind, (name, _) in COMMANDS.items()]  # fmt: skip
    union: Any = Union[tuple(commands)]  # noqa: UP007  # a union of a list
    request = tyro.cli(union, prog="memjax", args=[command, *rest], config=CONFIG)
    return COMMANDS[type(request)][1](request) or 0


SHELLS = ("bash", "zsh", "tcsh")
CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)
