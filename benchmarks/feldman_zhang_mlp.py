"""How many models a second at the settings of Feldman and Zhang's demonstration, against its loop and against torch?

MLP 784-512-256-10 on Fashion-MNIST: 42,000 of 60,000 training examples, batches of 128, 10 epochs, SGD with momentum
0.9 at learning rate 0.1, inputs from 0 to 1; all 70,000 examples evaluated at the end of each model.

Their loop trains one model in full, its compilation counted, since it compiles anew for each model.  torch and memjax
train for --epochs only, warm: a model is then 10 x the time of an epoch + one evaluation.  torch times the two apart;
memjax, where they are one program, takes them from trainings of 1 and of --epochs epochs (but 2 at least).

    python -m benchmarks.feldman_zhang_mlp
    python -m benchmarks.feldman_zhang_mlp --epochs 10          nothing extrapolated
"""

from dataclasses import dataclass, field

import tyro

from benchmarks.contestants import exported, memjax_sides, torch_sides
from benchmarks.sides import Quantity, Side, Turns, module, report, run_in_turn
from benchmarks.workloads import FELDMAN_ZHANG as DEMONSTRATION

MODEL = Quantity("model_s", "s a model", inverse="models/s")
BARS = {"their loop": 3.0, "torch": 2.2}


@dataclass(frozen=True)
class Benchmark:
    """Models a second at the settings of the demonstration."""

    turns: Turns = field(default_factory=Turns)
    devices: int = 2
    packs: tuple[int, ...] = DEMONSTRATION.packs
    precisions: tuple[str, ...] = DEMONSTRATION.precisions
    torch_precisions: tuple[str, ...] = ("float32", "bfloat16", "bfloat16-products")
    """bfloat16-products: float32 outside of the products."""
    epochs: int = 3
    their_epochs: int = DEMONSTRATION.epochs
    """Epochs of their loop; with fewer than 10 the last one is counted for those left out."""


def main(benchmark: Benchmark) -> None:
    ours, theirs = (options(DEMONSTRATION.epochs) for options in (DEMONSTRATION.ours, DEMONSTRATION.theirs))
    short = (*ours, "--calls", 2, "--timed-epochs", 1, max(2, benchmark.epochs))
    with exported(DEMONSTRATION.data) as folder:
        loop = module("benchmarks.peers.feldman_zhang_loop", "--data", folder, "--epochs", benchmark.their_epochs)
        sides = [Side("their loop", "float32, one model", loop)]
        sides += memjax_sides(short, benchmark.devices, benchmark.precisions, benchmark.packs)
        sides += torch_sides(
            *(benchmark.turns.torch_python, folder, (*theirs, "--timed-epochs", benchmark.epochs)),
            *(benchmark.torch_precisions, ("", "--compile")),
        )
        found = run_in_turn(sides, benchmark.turns, MODEL)
    print(f"memjax: trained for 1 and {max(2, benchmark.epochs)} epochs; torch: for {benchmark.epochs}, counted as 10")
    report(found, MODEL, "memjax", BARS)


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
