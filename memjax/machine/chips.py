"""Accelerators that a run can be planned for: what they can do and cost, and what their compilers write."""

import re
from functools import cache
from pathlib import Path
from string import Template
from typing import NamedTuple

from memjax.errors import one_of

# The date of the prices below.  They are approximate: they were not read from a list of the provider, and other reports
# name between a quarter and 1.4 times of them (v5e: .32 to 1.60).  Lists: cloud.google.com/tpu/pricing and
# cloud.google.com/compute/gpus-pricing.
PRICED = "2025-06"
GIB = 2**30


class Chip(NamedTuple):
    """One kind of accelerator."""

    name: str
    topology: str  # what XLA calls one host of TPUs; empty for a GPU
    host: int  # chips of a host
    cores: int  # devices of a chip that jax counts for themselves
    clock: float  # cycles per second of a TPU
    peak: float  # operations per second in bfloat16, of matrix products
    bandwidth: float  # bytes per second
    memory: int  # bytes of one device
    price: float  # dollars for an hour of one chip on demand in the United States, approximately


CHIPS = {
    chip.name: chip
    for chip in (
        Chip("v4", "v4:2x2x1", 4, 2, 1.05e9, 275e12, 1.23e12, 16 * GIB, 3.22),
        Chip("v5e", "v5e:2x2", 4, 1, 1.5e9, 197e12, 819e9, 16 * GIB, 1.20),
        Chip("v5p", "v5p:2x2x1", 4, 1, 1.75e9, 459e12, 2.77e12, 95 * GIB, 4.20),
        Chip("v6e", "v6e:2x2", 4, 1, 1.75e9, 918e12, 1.64e12, 32 * GIB, 2.70),
        Chip("a100", "", 8, 1, 0, 312e12, 1.56e12, 40 * GIB, 3.67),
        Chip("h100", "", 8, 1, 0, 989e12, 3.35e12, 80 * GIB, 11.06),
        Chip("h200", "", 8, 1, 0, 989e12, 4.8e12, 141 * GIB, 10.85),
    )
}
# By the compiler's estimate of a large product and of copying a GiB, cycles are up to so many times those of the
# hardware's data sheet.  So a program may be faster than estimated by as much, if it waits for nothing.
CALIBRATION = {"v4": 1.26, "v5e": 1.23, "v5p": 1.39, "v6e": 1.24}
SLOWEST = 0.5  # the least share of the estimated speed to count with; assumed, no estimate was held against a clock


class Slice(NamedTuple):
    """Some chips of one kind: `v5e-16` is 16 of `v5e`."""

    name: str
    chip: Chip
    chips: int
    hosts: int
    devices: int  # of all hosts, as jax counts them


def slice_named(text: str) -> Slice:
    """The chips of a name, such as `v5e`, `v5e-16` or `h100-8`.  InputError for other words."""
    found = re.fullmatch(r"(\w+?)(?:-([1-9]\d{0,4}))?", text, re.ASCII)
    if not found or found[1] not in CHIPS:
        raise one_of("--for", text, [*CHIPS, "v5e-4", "v5e-16"])
    chip, chips = CHIPS[found[1]], int(found[2] or 1)
    return Slice(text, chip, chips, -(-chips // chip.host), chips * chip.cores)


def described(chip: Chip) -> str:
    """A GPU as XLA's compiler wants it described: a `GpuTargetConfigProto` as text."""
    major, cores, cache, shared, clock = _GPUS[chip.name]
    template = Template(Path(__file__).with_name("gpu.pbtxt").read_text(encoding="ascii"))
    return template.substitute(
        name=chip.name, bandwidth=f"{chip.bandwidth:.0f}", memory=chip.memory, major=major, cores=cores, cache=cache,
        shared=shared, shared_per_core=shared + 1024, clock=clock, units=128 if major == 9 else 64,
    )  # fmt: skip


# Compute capability, multiprocessors, bytes of second-level cache and of shared memory for a block, clock in GHz.
_GPUS = {
    "a100": (8, 108, 40 * 2**20, 166912, 1.41), "h100": (9, 132, 50 * 2**20, 232448, 1.98),
    "h200": (9, 132, 50 * 2**20, 232448, 1.98),
}  # fmt: skip


# What XLA's compilers write about a compiled program.
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
