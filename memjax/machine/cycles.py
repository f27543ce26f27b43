"""Reads what XLA's compiler for TPUs writes about a compiled program: its cycles, and what it sends between chips."""

import re
from functools import cache
from typing import NamedTuple

_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-]+) .*\{$")
_ESTIMATE = re.compile(r'"estimated_cycles":"(\d+)"')
_LOOP = re.compile(r" while\(.*body=%?([\w.\-]+)")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
_BRANCHES = re.compile(r" conditional\(.*branch_computations=\{([^}]*)\}")
_CHOICE = re.compile(r" conditional\(.*true_computation=%?([\w.\-]+), false_computation=%?([\w.\-]+)")
_CALL = re.compile(r" call\(.*to_apply=%?([\w.\-]+)")
COLLECTIVES = (
    "all-reduce", "all-gather", "all-to-all", "collective-permute", "collective-broadcast", "reduce-scatter", "send",
    "recv",
)  # fmt: skip


class Part(NamedTuple):
    """A computation of a program, such as the body of a loop: its own cycles, and the parts that it runs."""

    cycles: int
    loops: tuple[tuple[str, int | None], ...]  # body and how often it runs; None if that is known only when it runs
    branches: tuple[tuple[str, ...], ...]  # of each set one runs


def estimated_cycles(text: str, trips: int = 1) -> int:
    """Cycles of one device for a compiled program, by the compiler's estimate of each instruction.

    Loops count as often as they run; of branches the longest counts.

    Args:
      text: of the program, `compiled.as_text()`.
      trips: how often the loops run whose number the compiler does not know, such as the loop over epochs.
    """
    entry, parts = _parts(text)

    @cache
    def cost(name: str) -> int:
        part = parts[name]
        loops = sum((trips if count is None else count) * cost(body) for body, count in part.loops)
        return part.cycles + loops + sum(max(map(cost, names)) for names in part.branches)

    return cost(entry)


def collectives(text: str) -> list[str]:
    """The kinds of instructions in a compiled program by which devices wait for each other; none are expected."""
    return [word for word in COLLECTIVES if re.search(rf" {word}(-start)?\(", text)]


def kernels(text: str) -> int:
    """Kernels that a program for a GPU starts: fusions and calls of libraries."""
    return len(re.findall(r" (?:fusion|custom-call)\(", text))


def _parts(text: str) -> tuple[str, dict[str, Part]]:
    """The name of the entry, and all computations by name."""
    entry, lines, name = "", {}, ""
    for line in text.splitlines():
        if not line.startswith(" ") and (head := _HEAD.match(line)):
            name = head[2]
            lines[name] = []
            entry = name if head[1] else entry
        elif name:
            lines[name].append(line)
    return entry, {name: _part(own) for name, own in lines.items()}


def _part(lines: list[str]) -> Part:
    cycles, loops, branches = 0, [], []
    for line in lines:
        if found := _ESTIMATE.search(line):
            cycles += int(found[1])
        if found := _LOOP.search(line):
            trips = _TRIPS.search(line)
            loops.append((found[1], int(trips[1]) if trips else None))
        elif found := _BRANCHES.search(line):
            branches.append(tuple(word.strip().lstrip("%") for word in found[1].split(",")))
        elif found := _CHOICE.search(line):
            branches.append((found[1], found[2]))
        elif found := _CALL.search(line):
            loops.append((found[1], 1))
    return Part(cycles, tuple(loops), tuple(branches))
