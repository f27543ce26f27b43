"""The command line that all benchmarks share."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import tyro

from benchmarks.common.machine import facts

Settings = TypeVar("Settings")
Result = TypeVar("Result")


def measure(settings: type[Settings], run: Callable[[Settings], Result]) -> Result:
    """Reads the settings from the command line, runs the benchmark, and prints its result and the facts."""
    description = sys.modules[run.__module__].__doc__
    result = run(tyro.cli(tyro.conf.OmitArgPrefixes[settings], description=description))
    print(f"\n{result}\n\n{facts()}", flush=True)
    return result


def log(**measured: Any) -> None:
    """Prints one measurement as a JSON line, as soon as it is known."""
    print(json.dumps(measured), flush=True)
