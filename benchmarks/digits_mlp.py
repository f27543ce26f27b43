"""How many models a second on digits, against torch.func.vmap and a plain loop in torch?

MLP 64-128-10, 70 % of the 1,437 training examples, batches of 64, 30 epochs, SGD with momentum 0.9 at a constant
learning rate; whole trainings, all 1,797 examples evaluated at the end.  memjax at several pack sizes and both
precisions; torch.func.vmap at several numbers of models, with foreach and with fused momentum, with products in
bfloat16 too, by one thread, two, and two processes of one, and, as a contestant of its own, with torch.compile; the
plain loop likewise.  torch.compile needs a C++ compiler and fails without.

    python -m benchmarks.digits_mlp
"""

from dataclasses import dataclass, field

import tyro

from benchmarks.contestants import exported, memjax_sides, torch_sides, vmap_sides
from benchmarks.sides import Quantity, Turns, report, run_in_turn
from benchmarks.workloads import DIGITS

MODEL = Quantity("model_s", "ms a model", 1000, "models/s")
COMPILED = "torch.func.vmap compiled"
BARS = {"torch.func.vmap": 3.0, COMPILED: None, "torch": None}


@dataclass(frozen=True)
class Benchmark:
    """Models a second on digits."""

    turns: Turns = field(default_factory=Turns)
    devices: int = 2
    packs: tuple[int, ...] = DIGITS.packs
    precisions: tuple[str, ...] = DIGITS.precisions
    stacks: tuple[int, ...] = (8, 32, 64)
    epochs: int = DIGITS.epochs


def main(benchmark: Benchmark) -> None:
    ours, theirs = DIGITS.ours(benchmark.epochs), DIGITS.theirs(benchmark.epochs)
    python = benchmark.turns.torch_python
    with exported(DIGITS.data) as folder:
        sides = memjax_sides((*ours, "--calls", 8), benchmark.devices, benchmark.precisions, benchmark.packs)
        sides += vmap_sides(python, folder, theirs, benchmark.stacks, ("", "--fused", "--fused --bfloat16"))
        sides += vmap_sides(
            python, folder, theirs, benchmark.stacks, ("--fused --compile", "--fused --bfloat16 --compile"), COMPILED
        )
        sides += torch_sides(python, folder, (*theirs, "--models", 4), ("float32",), ("", "--compile"))
        found = run_in_turn(sides, benchmark.turns, MODEL)
    report(found, MODEL, "memjax", BARS)


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
