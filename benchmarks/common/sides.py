"""The sides of a comparison: processes of their own, run in turn, so that a slow minute of the machine falls on all."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.common.command import log
from benchmarks.common.machine import ROOT


@dataclass(frozen=True)
class Turns:
    """How often each side is run, and with what."""

    rounds: int = 5
    """How often every side is run, in turn."""
    drop: float = 1.5
    """A side that takes so many times longer than the fastest side of its contestant in round 0 is not run again."""
    only: str = ""
    """Run only the sides whose description, contestant first, matches this regular expression."""
    torch_python: str = sys.executable
    """The interpreter of the sides that use torch."""


@dataclass(frozen=True)
class Side:
    """One setting of one contestant.

    Attributes:
      who: the contestant; a comparison takes each contestant at its best setting.
      how: the setting in words.
      command: what to run in the root of the repository; the last line it prints is a JSON object of numbers.
    """

    who: str
    how: str
    command: tuple[str, ...]


class Quantity(NamedTuple):
    """The time that is compared.

    Attributes:
      key: its name in what the sides print, in seconds.
      name: its name in a table.
      factor: units of the table in a second.
      inverse: the name of its inverse, if a table shows that too.
    """

    key: str
    name: str
    factor: float = 1.0
    inverse: str = ""


Found = dict[Side, list[dict[str, Any]]]  # what each side printed, an entry per round


def module(name: str, *options: object, python: str = sys.executable) -> tuple[str, ...]:
    """The command that runs a module of this repository."""
    return (python, "-m", name, *map(str, options))


def one_call(function: str, **arguments: object) -> tuple[str, ...]:
    """The command that calls a function, given as module:name, with arguments that JSON can hold."""
    return module("benchmarks.common.one_call", function, json.dumps(arguments))


def run_in_turn(sides: Iterable[Side], turns: Turns, quantity: Quantity) -> Found:
    """Runs every side once a round and prints what it measured as a JSON line.  A side that fails is left out."""
    found: Found = {side: [] for side in sides if re.search(turns.only, f"{side.who}: {side.how}")}
    racing = list(found)
    for number in range(turns.rounds):
        for side in racing:
            result = run_side(side)
            log(round=number, who=side.who, how=side.how, **result)
            if quantity.key in result:
                found[side].append(result)
        racing = [side for side in racing if len(found[side]) == number + 1]
        if number == 0:
            racing = _contenders({side: found[side] for side in racing}, quantity, turns.drop)
    return {side: results for side, results in found.items() if results}


def run_side(side: Side) -> dict[str, Any]:
    """What a side printed; if it failed, the last line of its error under the key `failed`."""
    done = subprocess.run(side.command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def must_run(side: Side) -> dict[str, Any]:
    """As `run_side`, for a side that nothing can be compared without: a failure ends the benchmark."""
    result = run_side(side)
    if "failed" in result:
        raise SystemExit(f"{side.how}: {result['failed']}")
    return result


def _contenders(found: Found, quantity: Quantity, drop: float) -> list[Side]:
    fastest: dict[str, float] = {}
    for side, results in found.items():
        fastest[side.who] = min(fastest.get(side.who, float("inf")), results[0][quantity.key])
    return [side for side, results in found.items() if results[0][quantity.key] <= drop * fastest[side.who]]
