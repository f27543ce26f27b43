"""The sides of a comparison: processes of their own, run in turn, so that a slow minute of the machine falls on all."""

import json
import os
import platform
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from memjax.machine.environment import usable_cores, versions

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Turns:
    """How often each side is run, and with what."""

    rounds: int = 5
    """Times that every side is run, in turn."""
    drop: float = 1.5
    """A side that takes so many times longer than the fastest of its contestant in round 0 is not run again."""
    only: str = ""
    """Only the sides whose words, contestant first, match this regular expression."""
    torch_python: str = sys.executable
    """The interpreter of the sides that use torch."""


@dataclass(frozen=True)
class Side:
    """One setting of one contestant.

    Attributes:
      who: the contestant; a comparison takes each at its best setting.
      how: the setting in words.
      command: what to run in the root of the repository; the last line it prints is a JSON object of numbers.
    """

    who: str
    how: str
    command: tuple[str, ...]


class Quantity(NamedTuple):
    """What is compared: a time, as a key of what the sides print, in units of 1 / factor, and its name in a table."""

    key: str
    name: str
    factor: float = 1.0
    inverse: str = ""  # the name of its inverse, if that is shown too


Found = dict[Side, list[dict[str, Any]]]  # what each side printed, a round an entry


def module(name: str, *options: object, python: str = sys.executable) -> tuple[str, ...]:
    """The command that runs a module of this repository."""
    return (python, "-m", name, *map(str, options))


def run_in_turn(sides: Iterable[Side], turns: Turns, quantity: Quantity) -> Found:
    """Runs every side once a round and prints what it found as a JSON line.  A side that fails is left out."""
    found: Found = {side: [] for side in sides if re.search(turns.only, f"{side.who}: {side.how}")}
    racing = list(found)
    for number in range(turns.rounds):
        for side in racing:
            result = run_side(side)
            print(json.dumps({"round": number, "who": side.who, "how": side.how} | result), flush=True)
            if quantity.key in result:
                found[side].append(result)
        racing = [side for side in racing if len(found[side]) == number + 1]
        if number == 0:
            racing = _contenders({side: found[side] for side in racing}, quantity, turns.drop)
    return {side: results for side, results in found.items() if results}


def run_side(side: Side) -> dict[str, Any]:
    """What a side printed; if it failed, the last line of why."""
    done = subprocess.run(side.command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def report(found: Found, quantity: Quantity, ours: str, bars: dict[str, float | None]) -> None:
    """Prints the table of a comparison, the ratios to each contestant of `bars`, and the facts."""
    print(table(found, quantity))
    print()
    for theirs, bar in bars.items():
        print(against(found, quantity, ours, theirs, bar))
    print(facts(result for results in found.values() for result in results))


def table(found: Found, quantity: Quantity) -> str:
    """Medians and extremes of every side, as markdown."""
    inverse = [quantity.inverse] if quantity.inverse else []
    rows = [["who", "how", "n", f"{quantity.name}: median", "min to max", *inverse]]
    for side, results in found.items():
        times = _times(results, quantity)
        middle = statistics.median(times)
        cells = [side.who, side.how, str(len(times)), _number(middle)]
        cells += [f"{_number(min(times))} to {_number(max(times))}"]
        rows.append(cells + [_number(quantity.factor / middle)] * len(inverse))
    return markdown(rows)


def markdown(rows: list[list[str]]) -> str:
    """Rows of cells, the first being the header, as a markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def against(found: Found, quantity: Quantity, ours: str, theirs: str, bar: float | None = None) -> str:
    """How many times faster one contestant is than another, each at its best setting.

    The ratio is taken within each round, where both sides saw the same machine: its median and extremes.
    """
    sides = [best(found, quantity, who) for who in (ours, theirs)]
    if None in sides:
        return f"{ours} against {theirs}: one of them did not run"
    fast, slow = (_times(found[side], quantity) for side in sides)
    ratios = [b / a for a, b in zip(fast, slow, strict=False)]
    wanted = "" if bar is None else f"; bar {bar:g}x: {'met' if statistics.median(ratios) >= bar else 'missed'}"
    return (
        f"{ours} ({sides[0].how}) against {theirs} ({sides[1].how}): {statistics.median(ratios):.2f}x "
        f"({min(ratios):.2f} to {max(ratios):.2f}, n = {len(ratios)}){wanted}"
    )


def best(found: Found, quantity: Quantity, who: str) -> Side | None:
    """A contestant's fastest side, by the median, of those that ran in every round."""
    rounds = max((len(results) for side, results in found.items() if side.who == who), default=0)
    sides = [side for side, results in found.items() if side.who == who and len(results) == rounds]
    return min(sides, key=lambda side: statistics.median(_times(found[side], quantity)), default=None)


def facts(results: Iterable[dict[str, Any]] = ()) -> str:
    """What a number is nothing without: versions, machine, commit and command."""
    packages = [f"{name} {version}" for name, version in versions().items()]
    packages += sorted({str(result["peer"]) for result in results if "peer" in result})
    return "\n".join(
        [
            ", ".join(packages),
            f"{usable_cores()} cores, {_processor()}; load when it ended {os.getloadavg()[0]:.1f}",
            f"commit {_commit()}, python -m {_program()}",
        ]
    )


def peak_mib() -> float:
    """The most memory that this process has had so far, in MiB; Linux counts in KiB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _contenders(found: Found, quantity: Quantity, drop: float) -> list[Side]:
    fastest: dict[str, float] = {}
    for side, results in found.items():
        fastest[side.who] = min(fastest.get(side.who, float("inf")), results[0][quantity.key])
    return [side for side, results in found.items() if results[0][quantity.key] <= drop * fastest[side.who]]


def _times(results: list[dict[str, Any]], quantity: Quantity) -> list[float]:
    return [result[quantity.key] * quantity.factor for result in results]


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    features = {word for line in lines if line.startswith("flags") for word in line.split()}
    wide = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in features]
    return " ".join([names[0] if names else platform.machine(), *wide])


def _commit() -> str:
    git = shutil.which("git")
    if not git:
        return "unknown"

    def ask(*words: str) -> str:
        return subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    return ask("rev-parse", "--short", "HEAD") + ("+" if ask("status", "--porcelain") else "")


def _program() -> str:
    path = Path(sys.argv[0]).resolve()
    name = path.relative_to(ROOT).with_suffix("") if path.is_relative_to(ROOT) else path
    return shlex.join([str(name).replace("/", "."), *sys.argv[1:]])
