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
from experiments.common.plots import band, panels
from experiments.common.recipes import NetworkChoice
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import DataSpec
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
    figure, [axes] = panels(1, 3, 3.4, 3.3, note=over_networks(SIZES[settings.size][1]))
    for place, (name, c) in enumerate(curves.items()):
        band(axes[0], c.epochs, mean_intervals(held_out[name]), name)
        loss = dynamics.over_models(dynamics.mean_loss(c.values["loss"]), c.masks).inside
        loss = np.sort(loss[np.isfinite(loss)])
        axes[1].plot(np.linspace(0, 1, len(loss)), loss, label=name)
        for kind, dashes in zip(KINDS, ("-", ":", "--"), strict=True):
            label = kind if not place else None
            band(axes[2], c.epochs, mean_intervals(fitted[name, kind]), label, color=f"C{place}", linestyle=dashes)
    axes[0].set(xlabel="epochs", ylabel="held-out accuracy")
    axes[1].set(xlabel="training examples, easiest first", ylabel="loss over training, mean", yscale="log")
    axes[2].set(xlabel="epochs", ylabel="training accuracy")
    for axis in axes:
        axis.legend(handlelength=4)
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


if __name__ == "__main__":
    main(Settings, run)
