"""How long does a training step of a small convolutional network take, against torch at its best?

Three 3 x 3 convolutions of 32, 64 and 64 channels, each with ReLU and 2 x 2 max pooling, and a dense layer, on 28 x 28
images, batches of 128, SGD with momentum 0.9; milliseconds a step of one model, evaluation left out.  memjax trains
for 1 and for --epochs epochs (but 2 at least) of 30 steps and the difference counts; torch trains for --epochs, in
float32 and bfloat16, with and without channels-last, by one thread, two, and two processes of one, and with
torch.compile, which needs a C++ compiler and fails without.

    python -m benchmarks.cnn
"""

from dataclasses import dataclass, field

import tyro

from benchmarks.contestants import exported, memjax_sides, torch_sides
from benchmarks.sides import Quantity, Turns, report, run_in_turn
from benchmarks.workloads import CNN

STEPS = 30  # an epoch: 3,840 of 4,800 images in batches of 128
STEP = Quantity("epoch_s", "ms a model-step", 1000 / STEPS)
BARS = {"torch": 0.8}


@dataclass(frozen=True)
class Benchmark:
    """Milliseconds a step of a small convolutional network."""

    turns: Turns = field(default_factory=Turns)
    devices: int = 2
    packs: tuple[int, ...] = CNN.packs
    precisions: tuple[str, ...] = CNN.precisions
    torch_precisions: tuple[str, ...] = ("float32", "bfloat16", "bfloat16-products")
    """bfloat16-products: float32 outside of the products."""
    variants: tuple[str, ...] = ("", "--channels-last", "--channels-last --compile")
    """Flags of torch's loop, tried in each precision."""
    epochs: int = 3


def main(benchmark: Benchmark) -> None:
    short = ("--calls", 2, "--timed-epochs", 1, max(2, benchmark.epochs))
    with exported(CNN.data) as folder:
        sides = memjax_sides((*CNN.ours(CNN.epochs), *short), benchmark.devices, benchmark.precisions, benchmark.packs)
        sides += torch_sides(
            *(benchmark.turns.torch_python, folder, CNN.theirs(benchmark.epochs)),
            *(benchmark.torch_precisions, benchmark.variants),
        )
        found = run_in_turn(sides, benchmark.turns, STEP)
    report(found, STEP, "memjax", BARS)


if __name__ == "__main__":
    main(tyro.cli(tyro.conf.OmitArgPrefixes[Benchmark]))
