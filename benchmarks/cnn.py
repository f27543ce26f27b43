"""How long does a training step of a small convolutional network take, against torch?

Three 3 x 3 convolutions of 32, 64 and 64 channels, each with ReLU and 2 x 2 max pooling, and a dense layer, on 28 x 28
images, batches of 128, SGD with momentum 0.9.  The time is milliseconds a step of one model, without evaluation.
memjax trains for 1 and for --epochs epochs (at least 2) of 30 steps, and the difference of the two times counts.  torch
trains for --epochs, in float32 and bfloat16, with and without channels-last, by one thread, by two, and by two
processes of one thread.  torch.compile needs a C++ compiler; sides that use it fail without one and are left out.

    python -m benchmarks.cnn
    python -m benchmarks.cnn --rounds 1 --epochs 1 --packs 1 --precisions float32 --only memjax
"""

from dataclasses import dataclass, field

from benchmarks.common.command import measure
from benchmarks.common.comparison import Comparison
from benchmarks.common.contestants import exported, memjax_sides, torch_sides
from benchmarks.common.sides import Quantity, Turns, run_in_turn
from benchmarks.common.workloads import CNN

COST = "not measured"
STEPS = 30  # an epoch: 3,840 of 4,800 images in batches of 128
STEP = Quantity("epoch_s", "ms a model-step", 1000 / STEPS)


@dataclass(frozen=True)
class Settings:
    """What is compared."""

    turns: Turns = field(default_factory=Turns)
    devices: int = 2
    packs: tuple[int, ...] = CNN.packs
    precisions: tuple[str, ...] = CNN.precisions
    torch_precisions: tuple[str, ...] = ("float32", "bfloat16", "bfloat16-products")
    """bfloat16-products: float32 except in the products."""
    variants: tuple[str, ...] = ("", "--channels-last", "--channels-last --compile")
    """Flags of torch's loop, tried in each precision."""
    epochs: int = 3


def run(settings: Settings) -> Comparison:
    short = ("--calls", 2, "--timed-epochs", 1, max(2, settings.epochs))
    with exported(CNN.data) as folder:
        sides = memjax_sides((*CNN.ours(CNN.epochs), *short), settings.devices, settings.precisions, settings.packs)
        sides += torch_sides(
            *(settings.turns.torch_python, folder, CNN.theirs(settings.epochs)),
            *(settings.torch_precisions, settings.variants),
        )
        found = run_in_turn(sides, settings.turns, STEP)
    return Comparison(found, STEP, (("memjax", "torch"),))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
