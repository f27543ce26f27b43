"""With a fixed number of parameters, do deeper networks fit random labels sooner and generalise no worse?

After section 3 of Arpit et al. 2017, arXiv 1706.05394, which varies width and leaves depth.  MLPs of several depths
with nearly the same number of parameters: epochs to fit nine tenths of their examples with random labels; held-out
accuracy on real data.

    python -m experiments.arpit.depth --size quick    digits, depths 1, 2, 4
    python -m experiments.arpit.depth                 Fashion-MNIST, 300 a class, depths 1 to 8
"""

from dataclasses import dataclass

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, mean_intervals
from experiments.common.networks import OVER_NETWORKS, NetworkSettings
from experiments.common.plots import COLOURS, band, panels
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec

COST = Cost("29 s", "6 min 9 s")

SIZES = {  # depths, parameters, networks, epochs, examples per class, inputs, classes
    "smoke": ((1, 2), 1_000, 2, 3, 10),
    "quick": ((1, 2, 4), 20_000, 6, 60, 60),
    "full": ((1, 2, 4, 8), 200_000, 8, 200, 300),
}
SHARE = 0.9


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Memorizing and generalising against depth."""

    learning_rate: float = 0.001


def width_for(parameters: int, depth: int, inputs: int, classes: int) -> int:
    """Units a layer, so that weights and biases of an MLP are as near as can be to a number."""
    widths = np.arange(1, parameters)
    sizes = widths * (inputs + 1) + (depth - 1) * widths * (widths + 1) + classes * (widths + 1)
    return int(widths[abs(sizes - parameters).argmin()])


def run(settings: Settings) -> Result:
    depths, parameters, models, epochs, per_class = SIZES[settings.size]
    inputs = {"": 64 if settings.size != "full" else 784, "digits": 64}.get(settings.dataset, 784)
    widths = [width_for(parameters, depth, inputs, 10) for depth in depths]
    train = TrainSpec(learning_rate=settings.learning_rate, schedule="constant", warmup=0.0)

    def models_of(kind: str, width: int, depth: int):
        data = settings.data(kind, 1.0, per_class)
        return settings.fitted(settings.config(data, f"mlp:{width}x{depth}", epochs, models, train=train)).curves

    epochs_needed, accuracy, converged = [], [], []
    for depth, width in zip(depths, widths, strict=True):
        curves = models_of("random labels", width, depth)
        found = dynamics.epochs_to_fit(curves.values["correct"], curves.masks, curves.epochs, SHARE)
        converged.append(float(np.isfinite(found).mean()))
        epochs_needed.append(np.where(np.isnan(found), epochs, found))
        curves = models_of("real", width, depth)
        accuracy.append(dynamics.over_examples(curves.values["correct"], curves.masks).outside[:, -1])
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
        "widths": widths,
        "epochs_on_random_labels": [values.mean() for values in epochs_needed],
        "epochs_sd": [values.std(ddof=1) for values in epochs_needed],
        "converged": converged,
        "held_out_accuracy": [values.mean() for values in accuracy],
        "accuracy_sd": [values.std(ddof=1) for values in accuracy],
    }
    return Result(found, verdicts, draw(depths, parameters, epochs_needed, accuracy))


def draw(depths: tuple[int, ...], parameters: int, epochs_needed: list[np.ndarray], accuracy: list[np.ndarray]):
    """Epochs to fit random labels at the left, held-out accuracy on real data at the right, by depth."""
    figure, [axes] = panels(1, 2, 3.4, 3.4, note=OVER_NETWORKS)
    band(axes[0], depths, mean_intervals(np.stack(epochs_needed, 1)), "random labels", color=COLOURS["random labels"])
    axes[0].set(
        xlabel="hidden layers", ylabel=f"epochs to fit {SHARE:.0%} of random labels", title=f"{parameters:,} parameters"
    )
    band(axes[1], depths, mean_intervals(np.stack(accuracy, 1)), "real", color=COLOURS["real"])
    axes[1].set(xlabel="hidden layers", ylabel="held-out accuracy", title="real data")
    for axis in axes:
        axis.set_xticks(depths)
    return figure


if __name__ == "__main__":
    main(Settings, run)
