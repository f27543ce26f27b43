"""Reads what XLA's compilers write about a compiled program: cycles of a TPU, kernels, and what devices exchange."""

import re
from functools import cache

_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-]+) .*\{$", re.MULTILINE)
_ESTIMATE = re.compile(r'"estimated_cycles":"(\d+)"')
_LOOP = re.compile(r" while\(.*condition=%?([\w.\-]+), body=%?([\w.\-]+)")
_LAST = re.compile(r" constant\((\d+)\)")  # in the condition of a loop: how often it runs
_CALL = re.compile(r" call\(.*to_apply=%?([\w.\-]+)")
_CHOICE = re.compile(
    r" conditional\(.*(?:branch_computations=\{([^}]*)\}|true_computation=(.*)false_computation=([^ ,]*))"
)
_COLLECTIVE = re.compile(r" (all-\w+|collective-\w+|reduce-scatter|send|recv)(?:-start)?\(")


def estimated_cycles(text: str, trips: int = 1) -> int:
    """Cycles of one device for a compiled program, `compiled.as_text()`, by the compiler's estimate of instructions.

    Loops count as often as they run, of branches the longest.  Gathers, sorts, the gradient of max pooling and copies
    in the background count as nothing, because the compiler gives no estimate for them.  `trips` is how often those
    loops run whose number the compiler does not know: the loop over epochs.
    """
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    parts = {head[2]: text[head.end() : end].splitlines() for head, end in zip(heads, ends, strict=True)}

    @cache
    def cost(name: str) -> int:
        return sum(map(of_line, parts[name]))

    def of_line(line: str) -> int:
        cycles = sum(map(int, _ESTIMATE.findall(line)))
        if loop := _LOOP.search(line):
            last = _LAST.search("\n".join(parts[loop[1]]))
            return cycles + (int(last[1]) if last else trips) * cost(loop[2])
        if choice := _CHOICE.search(line):
            return cycles + max(map(cost, re.findall(r"[\w.\-]+", " ".join(filter(None, choice.groups())))))
        return cycles + (cost(call[1]) if (call := _CALL.search(line)) else 0)

    return cost(next(head[2] for head in heads if head[1]))


def collectives(text: str) -> list[str]:
    """The instructions of a compiled program by which devices wait for each other; none are expected."""
    return sorted(set(_COLLECTIVE.findall(text)))


def kernels(text: str) -> int:
    """Fusions and calls of libraries in a program for a GPU: each is a kernel."""
    return len(re.findall(r" (?:fusion|custom-call)\(", text))
