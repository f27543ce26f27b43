"""How many models per second at Feldman and Zhang's settings, against their loop and against torch?

MLP 784-512-256-10 on Fashion-MNIST: 42,000 of 60,000 training examples, batches of 128, 10 epochs, SGD with momentum
0.9 at learning rate 0.1, inputs from 0 to 1; all 70,000 examples are evaluated at the end of each model.

Their loop trains one model in full.  Its compilation counts, since it compiles anew for each model.  torch and memjax
train for --epochs only, warm: a model then takes 10 times an epoch and one evaluation.  torch times the two apart;
memjax, where they are one program, takes them from trainings of 1 and of --epochs epochs (at least 2).

    python -m benchmarks.feldman_zhang_mlp
    python -m benchmarks.feldman_zhang_mlp --epochs 10          nothing extrapolated
"""

from dataclasses import dataclass, field

from benchmarks.common.command import measure
from benchmarks.common.comparison import Comparison
from benchmarks.common.contestants import exported, loop_side, memjax_sides, torch_sides
from benchmarks.common.sides import Quantity, Turns, run_in_turn
from benchmarks.common.workloads import FELDMAN_ZHANG

COST = "not measured"
MODEL = Quantity("model_s", "s a model", inverse="models/s")
LOOP = "their loop"


@dataclass(frozen=True)
class Settings:
    """What is compared."""

    turns: Turns = field(default_factory=Turns)
    devices: int = 2
    packs: tuple[int, ...] = FELDMAN_ZHANG.packs
    precisions: tuple[str, ...] = FELDMAN_ZHANG.precisions
    torch_precisions: tuple[str, ...] = ("float32", "bfloat16", "bfloat16-products")
    """bfloat16-products: float32 except in the products."""
    epochs: int = 3
    their_epochs: int = FELDMAN_ZHANG.epochs
    """Epochs of their loop; with fewer than 10 the last one is counted for those left out."""


def run(settings: Settings) -> Comparison:
    ours, theirs = (options(FELDMAN_ZHANG.epochs) for options in (FELDMAN_ZHANG.ours, FELDMAN_ZHANG.theirs))
    short = (*ours, "--calls", 2, "--timed-epochs", 1, max(2, settings.epochs))
    with exported(FELDMAN_ZHANG.data) as folder:
        sides = [loop_side(folder, settings.their_epochs, LOOP)]
        sides += memjax_sides(short, settings.devices, settings.precisions, settings.packs)
        sides += torch_sides(
            *(settings.turns.torch_python, folder, (*theirs, "--timed-epochs", settings.epochs)),
            *(settings.torch_precisions, ("", "--compile")),
        )
        found = run_in_turn(sides, settings.turns, MODEL)
    return Comparison(found, MODEL, (("memjax", LOOP), ("memjax", "torch")))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
