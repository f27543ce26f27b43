"""Do data sets differ in how easy their examples are?

After the comparison of MNIST with CIFAR-10 in Arpit et al. 2017, arXiv 1706.05394.  The same network and recipe on data
sets of the same size: the share of held-out examples that are right after the first epoch and at the end, how unequally
the loss over training is spread over examples, and how fast each set is fitted with its own labels, with random labels,
and with random inputs.

    python -m experiments.arpit.datasets --size quick    digits and Fashion-MNIST, 8 networks each
    python -m experiments.arpit.datasets                 the same with 30 networks each
    python -m experiments.arpit.datasets --datasets digits fashion_mnist cifar10 svhn_cropped

CIFAR-10 and SVHN are downloaded by memjax where there is a network; `memjax seed` takes files that you have.
"""

from dataclasses import dataclass

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import contrast, mean_intervals, paired
from experiments.common.networks import CORRUPTIONS, KINDS, over_networks
from experiments.common.plots import COLOURS, band, panels
from experiments.common.recipes import NetworkChoice
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import DataSpec
from memjax.errors import InputError
from memjax.types import Curves

COST = Cost("17 s", "3 min 33 s")

SIZES = {"smoke": ("mlp:8", 2, 3, 10), "quick": ("mlp:128", 8, 30, 130), "full": ("mlp:256", 30, 60, 130)}


@dataclass(frozen=True)
class Settings(NetworkChoice):
    """How easy the examples of data sets are."""

    datasets: tuple[str, ...] = ("digits", "fashion_mnist")

    @property
    def data_name(self) -> str:
        """What the experiment trains on, in words."""
        return " and ".join(self.datasets)

    def check(self) -> None:
        """As of all experiments; also that there are data sets to compare."""
        super().check()
        if len(self.datasets) < 2:
            raise InputError(
                f"--datasets names {' '.join(self.datasets)} alone; give two or more, such as digits fashion_mnist"
            )


def trained(settings: Settings, name: str, kind: str) -> Curves:
    """Loss and correctness after each epoch, on the examples of one data set, real or made random."""
    usual, models, epochs, per_class = SIZES[settings.size]
    data = DataSpec(
        settings.source(name), data_seed=settings.data_seed, per_class=per_class, test_per_class=20,
        corrupt=() if kind == "real" else (f"{CORRUPTIONS[kind]}=1",),
    )  # fmt: skip
    model, train = settings.model or usual, settings.recipe
    config = settings.config(data, model, epochs, models, train=train, record=("correct", "loss"))
    return settings.fitted(config).curves


def run(settings: Settings) -> Result:
    every = {(name, kind): trained(settings, name, kind) for name in settings.datasets for kind in KINDS}
    fitted = {each: dynamics.over_examples(c.values["correct"], c.masks).inside for each, c in every.items()}
    curves, found = {name: every[name, "real"] for name in settings.datasets}, {}
    held_out = {name: dynamics.over_examples(c.values["correct"], c.masks).outside for name, c in curves.items()}
    unequal = {
        name: np.array([dynamics.gini(loss[mask]) for loss, mask in
                        zip(dynamics.mean_loss(c.values["loss"]), c.masks, strict=True)])
        for name, c in curves.items()
    }  # fmt: skip
    for name, c in curves.items():
        lost = dynamics.forgetting_events(c.values["correct"], c.epochs)
        found[name] = {
            "right_after_one_epoch": held_out[name][:, 0].mean(),
            "right_at_the_end": held_out[name][:, -1].mean(),
            "gini_of_mean_loss_in_sample": unequal[name].mean(),
            "forgotten_at_least_once_in_sample": float((lost[c.masks] > 0).mean()),
            "fitted_mean_over_epochs": {kind: fitted[name, kind].mean() for kind in KINDS},
        }
    losses = {}
    for name, c in curves.items():
        loss = dynamics.over_models(dynamics.mean_loss(c.values["loss"]), c.masks).inside
        losses[name] = np.sort(loss[np.isfinite(loss)])
    figure = draw(next(iter(curves.values())).epochs, held_out, losses, fitted)
    right = {name: values[:, -1] for name, values in held_out.items()}
    return Result(found, verdicts_of(*settings.datasets[:2], right, unequal) + slower(fitted), figure)


def verdicts_of(one: str, other: str, right: dict[str, np.ndarray], unequal: dict[str, np.ndarray]) -> list[Verdict]:
    """The verdicts on two data sets, from held-out accuracy and the Gini coefficient of loss, (networks,)."""
    return [
        Verdict(f"of {one}, more held-out examples are right at the end than of {other}",
                contrast(right[one], right[other])),
        Verdict(f"of {other}, the loss over training is spread more equally: fewer easy examples (Gini coefficient)",
                contrast(unequal[one], unequal[other])),
    ]  # fmt: skip


def slower(fitted: dict[tuple[str, str], np.ndarray]) -> list[Verdict]:
    """The verdicts on each data set, from training accuracy (networks, epochs) of each set and kind of data."""
    names = dict.fromkeys(name for name, _ in fitted)
    return [
        Verdict(f"{name} is fitted sooner than with {kind} (training accuracy, mean over epochs)",
                paired(fitted[name, "real"].mean(1), fitted[name, kind].mean(1)))
        for name in names for kind in CORRUPTIONS
    ]  # fmt: skip


def draw(
    epochs: np.ndarray,
    held_out: dict[str, np.ndarray],
    losses: dict[str, np.ndarray],
    fitted: dict[tuple[str, str], np.ndarray],
):
    """Above: held-out accuracy by epoch, and the loss of each example.  Below: training accuracy, a panel for each set.

    Args:
      held_out: (networks, epochs) by the name of the data set.
      losses: (train,) from the smallest, by the name of the data set.
      fitted: (networks, epochs) training accuracy by the name of the data set and the kind of data.
    """
    count = len(held_out)
    note = over_networks(len(next(iter(held_out.values()))))
    figure, cells = panels(2, 2 * count, 1.7, 3.0, note=note)
    grid = cells[0, 0].get_gridspec()
    for cell in cells.flat:
        cell.remove()
    above = [figure.add_subplot(grid[0, part]) for part in (slice(count), slice(count, None))]
    for name, values in held_out.items():
        band(above[0], epochs, mean_intervals(values), name)
        above[1].plot(np.linspace(0, 1, len(losses[name])), losses[name], label=name)
    above[0].set(xlabel="epochs", ylabel="held-out accuracy")
    above[1].set(xlabel="training examples, easiest first", ylabel="loss over training, mean", yscale="log")
    for axis in above:
        axis.legend()
    for place, name in enumerate(held_out):
        axis = figure.add_subplot(grid[1, 2 * place : 2 * place + 2])
        for kind in KINDS:
            band(axis, epochs, mean_intervals(fitted[name, kind]), kind, color=COLOURS[kind])
        axis.set(title=name, xlabel="epochs", ylabel="training accuracy", ylim=(-0.02, 1.02))
    figure.axes[2].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
