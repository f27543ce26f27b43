"""Does noise in the training data raise the capacity that a network needs?

Arpit et al. 2017, arXiv 1706.05394, section 3.3 and figure 5.  Networks with two hidden layers of several widths; a
share of the training examples has random inputs or random labels; accuracy is that on held-out examples without noise.
The numbers have the epochs until each network has 90, 99 and 100 % of its training examples right, too (section 3.4);
NaN where it never has.

    python -m experiments.arpit.capacity --size quick    digits, 4 widths, 8 networks each
    python -m experiments.arpit.capacity                 Fashion-MNIST, 1,000 a class, 8 widths, 4 networks each
    python -m experiments.arpit.capacity --widths 2 8 32 128 --noise 0.5     a part of it

Expected: from a small to the largest width, accuracy gains more with noise than without; and with noise a larger width
is needed for nearly the best accuracy, which is what the paper says of its figure.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, mean_intervals
from experiments.common.networks import over_networks
from experiments.common.plots import COLOURS, band, logarithmic, panels
from experiments.common.recipes import RecipeSettings
from experiments.common.settings import Cost
from memjax import dynamics

COST = Cost("1 min 27 s", "45 min, --widths 2 32 512 4096 --noise 0.5")

SIZES = {  # widths, shares of noise, networks, epochs, examples per class
    "smoke": ((4, 16), (0.5,), 2, 3, 10),
    "quick": ((2, 8, 64, 256), (0.5,), 8, 40, None),
    "full": ((2, 8, 32, 128, 512, 1024, 2048, 4096), (0.25, 0.5, 0.75), 4, 20, 1000),
}
SHARES = (0.9, 0.99, 1.0)  # of the training examples
NEARLY = 0.95  # of the best accuracy


@dataclass(frozen=True)
class Settings(RecipeSettings):
    """Accuracy against width, at several levels of noise."""

    widths: tuple[int, ...] = ()
    """Other widths than those of the form."""
    noise: tuple[float, ...] = ()
    """Other shares of noise."""

    @property
    def steps(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """The widths and the shares of noise."""
        widths, rates, *_ = SIZES[self.size]
        return self.widths or widths, self.noise or rates


class Fit(NamedTuple):
    """What is measured of each network.

    Attributes:
      accuracy: (networks,) on the examples that it was not trained on and that have no noise.
      epochs: (shares, networks) until so many of its own examples are right; NaN where it never gets there.
    """

    accuracy: np.ndarray
    epochs: np.ndarray


def fit(settings: Settings, kind: str, rate: float, width: int) -> Fit:
    """Trains the networks of one width on data with one level of noise."""
    _, _, models, epochs, per_class = SIZES[settings.size]
    data = settings.data(kind, rate, per_class)
    found = settings.fitted(settings.config(data, f"mlp:{width}x2", epochs, models, train=settings.recipe))
    curves, clean = found.curves, ~found.dataset.corrupted
    right = curves.values["correct"]
    accuracy = dynamics.over_examples(right[:, -1:], curves.masks, clean).outside[:, -1]
    return Fit(accuracy, np.stack([dynamics.epochs_to_fit(right, curves.masks, curves.epochs, s) for s in SHARES]))


def run(settings: Settings) -> Result:
    widths, rates = settings.steps
    levels = [("real", 0.0), *((kind, rate) for kind in ("random inputs", "random labels") for rate in rates)]
    fits = {level: [fit(settings, *level, width) for width in widths] for level in levels}
    accuracy = {level: np.stack([each.accuracy for each in row], 1) for level, row in fits.items()}
    found = {
        f"{kind} {rate:g}": {
            "widths": widths,
            "accuracy": accuracy[kind, rate].mean(0),
            "sd": accuracy[kind, rate].std(0, ddof=1),
            **{f"epochs_to_fit_{share:.0%}": [each.epochs[of] for each in row] for of, share in enumerate(SHARES)},
        }
        for (kind, rate), row in fits.items()
    }  # fmt: skip
    dashes = {0.0: "-", **dict(zip(rates, ("-", "--", ":"), strict=False))}
    figure, [axes] = panels(1, 2, 3.4, 3.9, note=over_networks(SIZES[settings.size][2]))
    for axis, noisy in zip(axes, ("random inputs", "random labels"), strict=True):
        for (kind, rate), values in accuracy.items():
            if kind in ("real", noisy):
                label = "no noise" if kind == "real" else f"{rate:.0%} {kind}"
                band(axis, widths, mean_intervals(values), label, color=COLOURS[kind], linestyle=dashes[rate])
        logarithmic(axis, widths)
        axis.set(xlabel="units in each hidden layer", ylabel="held-out accuracy, clean examples")
        axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, -0.18), ncols=2)  # there is no room inside
    return Result(found, verdicts_of(accuracy, widths), figure)


def width_needed(accuracy: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """log2 of the least width with nearly the best accuracy of all widths, for each row of (networks, widths).

    Between two widths accuracy is a line over the logarithm of the width.
    """
    order = np.argsort(widths)
    x, found = np.log2(np.array(widths)[order]), []
    for row in accuracy[:, order]:
        aim = NEARLY * row.max()
        first = int(np.argmax(row >= aim))
        found.append(x[0] if not first else np.interp(aim, row[first - 1 : first + 1], x[first - 1 : first + 1]))
    return np.array(found)


def verdicts_of(accuracy: dict[tuple[str, float], np.ndarray], widths: tuple[int, ...]) -> list[Verdict]:
    """The verdicts, from the held-out accuracy of each network at each width, (networks, widths), by level of noise."""
    gain = {level: values[:, -1] - values[:, 0] for level, values in accuracy.items()}
    needed = {level: width_needed(values, widths) for level, values in accuracy.items()}
    noisy = [level for level in accuracy if level[1]]
    return [
        Verdict(
            f"from width {widths[0]} to {widths[-1]}, accuracy gains more with {rate:.0%} {kind} than with none",
            contrast(gain[kind, rate], gain["real", 0.0]),
        )
        for kind, rate in noisy
    ] + [
        Verdict(
            f"{NEARLY:.0%} of the best accuracy needs more width with {rate:.0%} {kind} than with none "
            "(log2 of the ratio)",
            contrast(needed[kind, rate], needed["real", 0.0]),
        )
        for kind, rate in noisy
    ]


if __name__ == "__main__":
    main(Settings, run)
