"""How many models per second does memjax train on digits, against torch.func.vmap and a plain loop in torch?

MLP 64-128-10, 70 % of the 1,437 training examples, batches of 64, 30 epochs, SGD with momentum 0.9 at a constant
learning rate; whole trainings, with all 1,797 examples evaluated at the end.  memjax runs with several numbers of
models per device and in both precisions.  torch.func.vmap runs with several numbers of models stacked, with foreach and
with fused momentum, with products in float32 and in bfloat16, by one thread, by two, and by two processes of one
thread; with torch.compile it is a contestant of its own.  torch.compile needs a C++ compiler; sides that use it fail
without one and are left out.

    python -m benchmarks.digits_mlp
    python -m benchmarks.digits_mlp --rounds 1 --epochs 1 --packs 8 --precisions float32 --only memjax
"""

from dataclasses import dataclass, field

from benchmarks.common.command import measure
from benchmarks.common.comparison import Comparison
from benchmarks.common.contestants import exported, memjax_sides, torch_sides, vmap_sides
from benchmarks.common.sides import Quantity, Turns, run_in_turn
from benchmarks.common.workloads import DIGITS

COST = "not measured"
MODEL = Quantity("model_s", "ms a model", 1000, "models/s")
COMPILED = "torch.func.vmap compiled"


@dataclass(frozen=True)
class Settings:
    """What is compared."""

    turns: Turns = field(default_factory=Turns)
    devices: int = 2
    packs: tuple[int, ...] = DIGITS.packs
    precisions: tuple[str, ...] = DIGITS.precisions
    stacks: tuple[int, ...] = (8, 32, 64)
    epochs: int = DIGITS.epochs


def run(settings: Settings) -> Comparison:
    ours, theirs = DIGITS.ours(settings.epochs), DIGITS.theirs(settings.epochs)
    python = settings.turns.torch_python
    compiled = ("--fused --compile", "--fused --bfloat16 --compile")
    with exported(DIGITS.data) as folder:
        sides = memjax_sides((*ours, "--calls", 8), settings.devices, settings.precisions, settings.packs)
        sides += vmap_sides(python, folder, theirs, settings.stacks, ("", "--fused", "--fused --bfloat16"))
        sides += vmap_sides(python, folder, theirs, settings.stacks, compiled, COMPILED)
        sides += torch_sides(python, folder, (*theirs, "--models", 4), ("float32",), ("", "--compile"))
        found = run_in_turn(sides, settings.turns, MODEL)
    return Comparison(found, MODEL, tuple(("memjax", who) for who in ("torch.func.vmap", COMPILED, "torch")))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
