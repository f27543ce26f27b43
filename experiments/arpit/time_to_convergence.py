"""Does noise take longer to fit than real data, the more so with less capacity and with more data?

Arpit et al. 2017, arXiv 1706.05394, section 3.4 and figure 6.  Epochs until a network has all its training examples
right, against its width and against the number of examples; with real data, and with random inputs in their place.

    python -m experiments.arpit.time_to_convergence --size quick    digits, up to 60 a class, 6 networks each
    python -m experiments.arpit.time_to_convergence                 MNIST's 5,000 digits, up to 100 a class, 6 each
    python -m experiments.arpit.time_to_convergence --optimizer adam

The paper has SGD at rate .01; with Adam, today's usual choice, a few epochs do for everything.  A network that has not
converged after the last epoch counts as if it had then: such times are lower bounds, and the shares that did converge
are in the result.  Widths are compared down to the narrowest at which all networks converged.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, mean_intervals
from experiments.common.networks import NetworkSettings, over_networks
from experiments.common.plots import COLOURS, band, logarithmic, panels
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec

COST = Cost("2 min 34 s", "not measured")

SIZES = {  # widths, examples per class, networks, epochs
    "smoke": ((8, 16), (10, 20), 2, 4),
    "quick": ((16, 64, 256), (15, 30, 60), 6, 200),
    "full": ((32, 64, 256), (20, 50, 100), 6, 300),
}
OPTIMIZERS = {
    "sgd": TrainSpec(optimizer="sgd", optimizer_options=(), learning_rate=0.01, batch_size=16),
    "adam": TrainSpec(learning_rate=0.001),
}
KINDS = ("real", "random inputs")


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Epochs to fit everything, by width and by size of the data."""

    optimizer: Literal["sgd", "adam"] = "sgd"
    """sgd: rate .01, no momentum, batches of 16.  adam: rate .001."""
    share: float = 1.0
    """Share of its training examples that a network must have right."""

    default_data: ClassVar = {"full": "mnist5k"}


def epochs_needed(settings: Settings, kind: str, width: int, per_class: int) -> tuple[np.ndarray, float]:
    """Epochs that each network needs, and the share of the networks that converged."""
    *_, models, epochs = SIZES[settings.size]
    train = replace(OPTIMIZERS[settings.optimizer], schedule="constant", warmup=0.0)
    config = settings.config(settings.data(kind, 1.0, per_class), f"mlp:{width}x2", epochs, models, train=train)
    curves = settings.fitted(config).curves
    found = dynamics.epochs_to_fit(curves.values["correct"], curves.masks, curves.epochs, settings.share)
    return np.where(np.isnan(found), epochs, found), float(np.isfinite(found).mean())


def run(settings: Settings) -> Result:
    widths, sizes, *_ = SIZES[settings.size]
    by_width = {kind: [epochs_needed(settings, kind, width, sizes[-1]) for width in widths] for kind in KINDS}
    by_size = {kind: [epochs_needed(settings, kind, widths[-1], size) for size in sizes] for kind in KINDS}
    wide, large = (
        {kind: np.stack([times for times, _ in row], 1) for kind, row in by.items()} for by in (by_width, by_size)
    )
    converged = np.array([[share for _, share in by_width[kind]] for kind in KINDS])
    found = {
        name: {kind: {"x": x, "epochs": [times.mean() for times, _ in row],
                      "sd": [times.std(ddof=1) for times, _ in row], "converged": [share for _, share in row]}
               for kind, row in by.items()}
        for name, x, by in (("width", widths, by_width), ("examples_a_class", sizes, by_size))
    }  # fmt: skip
    parts = ("units in each hidden layer", widths, wide), ("training examples per class", sizes, large)
    return Result(found, verdicts_of(wide, large, converged, widths, sizes), draw(parts))


def verdicts_of(
    wide: dict[str, np.ndarray], large: dict[str, np.ndarray], converged: np.ndarray, widths: tuple[int, ...],
    sizes: tuple[int, ...],
) -> list[Verdict]:  # fmt: skip
    """The verdicts.

    Args:
      wide, large: epochs of each network by width and by size of the data, (networks, points), by kind of data.
      converged: the share of the networks that converged, (kinds, widths).
    """
    there = (converged == 1).all(0)
    narrow = int(there.argmax()) if there[:-1].any() else 0
    slow = {kind: np.log(times[:, narrow] / times[:, -1]) for kind, times in wide.items()}
    grow = {kind: np.log(times[:, -1] / times[:, 0]) for kind, times in large.items()}
    return [
        Verdict(
            "random inputs take longer to fit than real data (log of the ratio of epochs, largest width and data)",
            contrast(np.log(wide["random inputs"][:, -1]), np.log(wide["real"][:, -1])),
        ),
        Verdict(
            f"from width {widths[-1]} down to {widths[narrow]} they slow down more (log of the ratio)",
            contrast(slow["random inputs"], slow["real"]),
        ),
        Verdict(
            f"from {sizes[0]} to {sizes[-1]} examples per class they slow down more (log of the ratio)",
            contrast(grow["random inputs"], grow["real"]),
        ),
    ]


def draw(parts: tuple[tuple[str, tuple[int, ...], dict[str, np.ndarray]], ...]):
    """Epochs to convergence; a panel each of: label, points, and (networks, points) by kind of data."""
    from matplotlib.ticker import LogLocator

    figure, [axes] = panels(1, 2, 3.4, 3.3, note=over_networks(len(parts[0][2]["real"])))
    for axis, (label, x, times) in zip(axes, parts, strict=True):
        for kind in KINDS:
            band(axis, x, mean_intervals(times[kind]), kind, color=COLOURS[kind])
        logarithmic(axis, x)
        axis.set(yscale="log", xlabel=label, ylabel="epochs to fit all examples")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axis.yaxis.set_minor_formatter("{x:g}")
        axis.legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
