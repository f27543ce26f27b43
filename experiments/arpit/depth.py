"""With a fixed number of parameters, do deeper networks fit random labels sooner and generalise no worse?

After section 3 of Arpit et al. 2017, arXiv 1706.05394, which varies width and leaves depth.  MLPs of several depths
with nearly the same number of parameters: epochs to fit nine tenths of their examples with random labels; held-out
accuracy on real data.  Each depth has the learning rate that fits random labels soonest in other networks, on another
draw of the data: with one rate for all, the rate decides which depth is the fastest.

    python -m experiments.arpit.depth --size quick    digits, depths 1, 2, 4
    python -m experiments.arpit.depth                 MNIST's 5,000 digits, 100 a class, depths 1 to 8
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, mean_intervals
from experiments.common.networks import OVER_NETWORKS, NetworkSettings
from experiments.common.plots import COLOURS, band, logarithmic, panels
from experiments.common.settings import BETWEEN_REPEATS, Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec
from memjax.data import load_dataset
from memjax.types import Curves

COST = Cost("2 min 44 s", "not measured")

SIZES = {  # depths, parameters, networks, of them to choose the rate, epochs, examples per class
    "smoke": ((1, 2), 1_000, 2, 2, 3, 10),
    "quick": ((1, 2, 4), 20_000, 6, 2, 60, 60),
    "full": ((1, 2, 4, 8), 100_000, 8, 2, 100, 100),
}
SHARE = 0.9


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Memorizing and generalising against depth."""

    learning_rates: tuple[float, ...] = (0.0003, 0.001, 0.003, 0.01)
    """Of Adam; each depth has its own best one."""

    default_data: ClassVar = {"full": "mnist5k"}


def width_for(parameters: int, depth: int, inputs: int, classes: int) -> int:
    """Units a layer, so that weights and biases of an MLP are as near as can be to a number."""
    widths = np.arange(1, parameters)
    sizes = widths * (inputs + 1) + (depth - 1) * widths * (widths + 1) + classes * (widths + 1)
    return int(widths[abs(sizes - parameters).argmin()])


def curves_of(settings: Settings, kind: str, depth: int, rate: float, models: int) -> Curves:
    """The training of networks of a depth at a rate, on real data or on random labels."""
    _, parameters, _, _, epochs, per_class = SIZES[settings.size]
    data = settings.data(kind, 1.0, per_class)
    dataset = load_dataset(data)
    width = width_for(parameters, depth, int(np.prod(dataset.input_shape)), dataset.num_classes)
    train = TrainSpec(learning_rate=rate, schedule="constant", warmup=0.0)
    return settings.fitted(settings.config(data, f"mlp:{width}x{depth}", epochs, models, train=train)).curves


def epochs_to_fit(curves: Curves) -> np.ndarray:
    """Epochs until each network has nine tenths of its examples right; one that never has, twice the last epoch."""
    found = dynamics.epochs_to_fit(curves.values["correct"], curves.masks, curves.epochs, SHARE)
    return np.where(np.isnan(found), 2 * curves.epochs[-1], found)


def best_rate(by_rate: dict[float, float]) -> float:
    """The rate with the fewest epochs; of equal ones the lowest."""
    return min(by_rate, key=lambda rate: (by_rate[rate], rate))


def run(settings: Settings) -> Result:
    depths, parameters, models, choosing, epochs, _ = SIZES[settings.size]
    step = BETWEEN_REPEATS // 2  # other networks and another draw than those that judge
    elsewhere = replace(settings, seed=settings.seed + step, data_seed=settings.data_seed + step)
    tried = {
        depth: {rate: float(epochs_to_fit(curves_of(elsewhere, "random labels", depth, rate, choosing)).mean())
                for rate in settings.learning_rates}
        for depth in depths
    }  # fmt: skip
    rates = {depth: best_rate(by_rate) for depth, by_rate in tried.items()}
    noise = [curves_of(settings, "random labels", depth, rates[depth], models) for depth in depths]
    real = [curves_of(settings, "real", depth, rates[depth], models) for depth in depths]
    epochs_needed = [epochs_to_fit(curves) for curves in noise]
    converged = [float((values <= epochs).mean()) for values in epochs_needed]
    accuracy = [dynamics.over_examples(curves.values["correct"], curves.masks).outside[:, -1] for curves in real]
    verdicts = [
        Verdict(
            f"depth {depths[-1]} fits {SHARE:.0%} of random labels in fewer epochs than depth 1 (log of the ratio)",
            contrast(np.log(epochs_needed[0]), np.log(epochs_needed[-1])),
        ),
        Verdict(
            f"on real data, depth {depths[-1]} is no worse by more than a hundredth than depth 1 (held-out accuracy)",
            contrast(accuracy[-1], accuracy[0]), -0.01,
        ),
    ]  # fmt: skip
    found = {
        "depths": depths,
        "parameters": parameters,
        "rates": rates,
        "epochs_by_rate_in_the_networks_that_choose": tried,
        "epochs_on_random_labels": [values.mean() for values in epochs_needed],
        "epochs_sd": [values.std(ddof=1) for values in epochs_needed],
        "converged": converged,
        "held_out_accuracy": [values.mean() for values in accuracy],
        "accuracy_sd": [values.std(ddof=1) for values in accuracy],
    }
    return Result(found, verdicts, draw(depths, parameters, tried, epochs_needed, accuracy))


def draw(
    depths: tuple[int, ...], parameters: int, tried: dict[int, dict[float, float]], epochs_needed: list[np.ndarray],
    accuracy: list[np.ndarray],
):  # fmt: skip
    """Epochs to fit random labels by rate, then at the best rate of each depth; held-out accuracy on real data."""
    figure, [axes] = panels(1, 3, 3.4, 3.4, note=OVER_NETWORKS)
    for depth, by_rate in tried.items():
        axes[2].plot(list(by_rate), list(by_rate.values()), "o-", markersize=3, label=f"{depth} hidden layers")
    logarithmic(axes[2], list(next(iter(tried.values()))))
    axes[2].set(
        xlabel="learning rate",
        ylabel=f"epochs to fit {SHARE:.0%} of random labels",
        title="networks that choose the rate",
        yscale="log",
    )
    axes[2].legend(fontsize=7)
    band(axes[0], depths, mean_intervals(np.stack(epochs_needed, 1)), "random labels", color=COLOURS["random labels"])
    axes[0].set(
        xlabel="hidden layers",
        ylabel=f"epochs to fit {SHARE:.0%} of random labels",
        title=f"{parameters:,} parameters, best rate",
    )
    band(axes[1], depths, mean_intervals(np.stack(accuracy, 1)), "real", color=COLOURS["real"])
    axes[1].set(xlabel="hidden layers", ylabel="held-out accuracy", title="real data")
    for axis in axes[:2]:
        axis.set_xticks(depths)
    return figure


if __name__ == "__main__":
    main(Settings, run)
