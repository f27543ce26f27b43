"""How many times more models a second with two CPU devices than with one?

Each number of devices at its best of a few pack sizes, in both precisions, for the two MLPs.  One device may use what
it normally does: its threads are bound to nothing, so on two cores it has the second one for whatever XLA runs in
parallel within an operation.  The second comparison binds the process of one device to one core.

    python -m benchmarks.scaling
    python -m benchmarks.scaling --workloads digits --packs 1 2 4 8 16 32
"""

from dataclasses import dataclass, field

import tyro

from benchmarks.contestants import memjax_sides
from benchmarks.sides import Quantity, Turns, against, facts, run_in_turn, table
from benchmarks.workloads import DIGITS, FELDMAN_ZHANG, Workload

MODEL = Quantity("model_s", "ms a model", 1000, "models/s")
BAR = 1.7
WORKLOADS = {"digits": (DIGITS, DIGITS.epochs, 8), "feldman_zhang": (FELDMAN_ZHANG, 1, 3)}  # with epochs and calls


@dataclass(frozen=True)
class Benchmark:
    """Models a second with two devices against one."""

    turns: Turns = field(default_factory=Turns)
    workloads: tuple[str, ...] = tuple(WORKLOADS)
    """digits: whole trainings.  feldman_zhang: one epoch and the evaluation."""
    precisions: tuple[str, ...] = DIGITS.precisions
    packs: tuple[int, ...] = ()
    """Models a pack.  Default: a few that suit the network."""
    epochs: int | None = None


def compare(benchmark: Benchmark, workload: Workload, epochs: int, calls: int, precision: str) -> None:
    """One network in one precision."""
    options = (*workload.ours(benchmark.epochs or epochs), "--calls", calls)
    packs = benchmark.packs or workload.packs
    sides = memjax_sides(options, 2, (precision,), packs, "2 devices")
    sides += memjax_sides(options, 1, (precision,), packs, "1 device")
    sides += memjax_sides((*options, "--cores", 1), 1, (precision,), packs, "1 device, 1 core")
    found = run_in_turn(sides, benchmark.turns, MODEL)
    print(f"\n{workload.name}, {benchmark.epochs or epochs} epochs, {precision}\n\n{table(found, MODEL)}\n")
    print(against(found, MODEL, "2 devices", "1 device", BAR))
    print(against(found, MODEL, "2 devices", "1 device, 1 core"), flush=True)


def main(benchmark: Benchmark) -> None:
    for name in benchmark.workloads:
        for precision in benchmark.precisions:
            compare(benchmark, *WORKLOADS[name], precision)
    print(facts())


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
