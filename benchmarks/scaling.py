"""How many times more models per second do two CPU devices train than one?

Each number of devices runs at its best number of models, in both precisions, for the two MLPs.  One device may use
both cores for what XLA runs in parallel within an operation.  The second comparison binds the process of one device to
one core.

    python -m benchmarks.scaling
    python -m benchmarks.scaling --workloads digits --packs 1 2 4 8 16 32
    python -m benchmarks.scaling --workloads digits --packs 8 --precisions float32 --epochs 1 --rounds 1
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.common.command import measure
from benchmarks.common.comparison import Comparison
from benchmarks.common.contestants import memjax_sides
from benchmarks.common.sides import Quantity, Turns, run_in_turn
from benchmarks.common.workloads import DIGITS, FELDMAN_ZHANG, Workload

COST = "not measured"
MODEL = Quantity("model_s", "ms a model", 1000, "models/s")
TWO, ONE, BOUND = "2 devices", "1 device", "1 device, 1 core"
WORKLOADS = {"digits": (DIGITS, DIGITS.epochs, 8), "feldman_zhang": (FELDMAN_ZHANG, 1, 3)}  # with epochs and calls


@dataclass(frozen=True)
class Settings:
    """What is compared."""

    turns: Turns = field(default_factory=Turns)
    workloads: tuple[str, ...] = tuple(WORKLOADS)
    """digits: whole trainings.  feldman_zhang: one epoch and the evaluation."""
    precisions: tuple[str, ...] = DIGITS.precisions
    packs: tuple[int, ...] = ()
    """Models per device.  Default: a few that suit the network."""
    epochs: int | None = None


class Result(NamedTuple):
    """A comparison for each network and precision."""

    comparisons: dict[str, Comparison]

    def __str__(self) -> str:
        return "\n\n".join(f"{name}\n\n{comparison}" for name, comparison in self.comparisons.items())


def compare(settings: Settings, workload: Workload, epochs: int, calls: int, precision: str) -> Comparison:
    """One network in one precision."""
    options = (*workload.ours(epochs), "--calls", calls)
    packs = settings.packs or workload.packs
    sides = memjax_sides(options, 2, (precision,), packs, TWO)
    sides += memjax_sides(options, 1, (precision,), packs, ONE)
    sides += memjax_sides((*options, "--cores", 1), 1, (precision,), packs, BOUND)
    return Comparison(run_in_turn(sides, settings.turns, MODEL), MODEL, ((TWO, ONE), (TWO, BOUND)))


def run(settings: Settings) -> Result:
    comparisons = {}
    for workload, usual_epochs, calls in (WORKLOADS[name] for name in settings.workloads):
        epochs = settings.epochs or usual_epochs
        for precision in settings.precisions:
            name = f"{workload.name}, {epochs} epochs, {precision}"
            comparisons[name] = compare(settings, workload, epochs, calls, precision)
    return Result(comparisons)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
