"""The commands of `python -m memjax.run`: each reads its own arguments and prints what came of them."""

from collections.abc import Callable

from memjax.commands.looking import status, verify
from memjax.commands.machine import doctor, seed
from memjax.commands.results import estimate, export, report
from memjax.commands.training import run

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

__all__ = ["COMMANDS"]
