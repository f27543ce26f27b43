"""The commands of `python -m memjax.run`: each reads its own arguments and prints what came of them."""

from collections.abc import Callable

from memjax.cli.inspect import status, verify
from memjax.cli.machine import doctor, seed
from memjax.cli.results import estimate, export, report
from memjax.cli.train import run

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
