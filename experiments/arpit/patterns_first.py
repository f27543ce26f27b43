"""Do networks learn patterns before they memorize noise, so that early stopping keeps only the patterns?

Arpit et al. 2017, arXiv 1706.05394, section 4.  Two in five labels are wrong.  Measured: each example's loss and
correctness after every epoch; when clean and wrong labels of a network's own training set are learned; what stopping
early gains over the last epoch, and how many epochs it saves.  The epoch is the best one for half of the
networks on half of the clean held-out examples, and the gain is that of the other networks on the other half.

    python -m experiments.arpit.patterns_first --size quick    digits, 12 networks
    python -m experiments.arpit.patterns_first                 Fashion-MNIST, 300 a class, 20 networks
"""

import math
from dataclasses import dataclass

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, mean_interval, mean_intervals, paired
from experiments.common.networks import over_networks
from experiments.common.plots import COLOURS, band, panels
from experiments.common.recipes import NetworkChoice
from experiments.common.settings import Cost
from experiments.common.stopping import Stopped, stopped_early
from memjax import dynamics
from memjax.types import Curves

COST = Cost("12 s", "2 min 37 s")

SIZES = {  # model, networks, epochs, examples per class
    "smoke": ("mlp:16", 2, 4, 10),
    "quick": ("mlp:128", 12, 60, None),
    "full": ("mlp:512x2", 20, 100, 300),
}


@dataclass(frozen=True)
class Settings(NetworkChoice):
    """When clean and noisy labels are learned."""

    noise: float = 0.4


def run(settings: Settings) -> Result:
    usual, models, epochs, per_class = SIZES[settings.size]
    data, model = settings.data(per_class=per_class, label_noise=settings.noise), settings.model or usual
    config = settings.config(data, model, epochs, models, train=settings.recipe, record=("correct", "loss"))
    found = settings.fitted(config)
    curves = found.curves
    correct, wrong, epoch = curves.values["correct"], found.dataset.mislabelled, curves.epochs
    sides = {
        "clean labels": dynamics.over_examples(correct, curves.masks, ~wrong),
        "wrong labels": dynamics.over_examples(correct, curves.masks, wrong),
    }
    when = {name: when_learned(curves, rows) for name, rows in (("clean", ~wrong), ("wrong", wrong))}
    stopped = stopped_early(correct, curves.masks, ~wrong, settings.seed)
    best = epoch[stopped.epochs].mean()
    numbers = {
        "first_learned_median": {name: values.mean() for name, values in when.items()},
        "best_epoch": best,
        "epochs_saved": float(1 - best / epochs),
        "held_out_best": stopped.accuracy.mean(),
        "held_out_last": sides["clean labels"].outside[:, -1].mean(),
        "train_last": {name: side.inside[:, -1].mean() for name, side in sides.items()},
    }
    verdicts = verdicts_of(when, stopped, sides["wrong labels"].inside)
    return Result(numbers, verdicts, draw(curves, sides, wrong))


def verdicts_of(when: dict[str, np.ndarray], stopped: Stopped, fitted: np.ndarray) -> list[Verdict]:
    """The verdicts.

    Args:
      when: when each network learned its labels, (models,).
      fitted: the share of its wrong labels that each network has fitted, (models, epochs).  Networks that fit none by
        the end do not count for the last verdict; it is NaN where all are so.
    """
    some = fitted[1::2, -1] > 0
    late = 1 - stopped.at(fitted)[some] / fitted[1::2, -1][some]
    return [
        Verdict(
            "wrong labels are learned later than clean ones (difference of median first epochs, in epochs)",
            paired(when["wrong"], when["clean"]),
        ),
        Verdict(
            "stopping at the best epoch keeps clean held-out accuracy that the last epoch has lost (chosen by half "
            "of the networks on half of the held-out examples, judged by the other networks on the other examples)",
            paired(stopped.gain, 0),
        ),
        Verdict(
            "at that epoch most of the wrong labels that a network fits by the end are not fitted yet (share of these)",
            mean_interval(late) if some.any() else Interval(math.nan, -math.inf, math.inf, 0), 0.5,
        ),
    ]  # fmt: skip


def when_learned(curves: Curves, rows: np.ndarray) -> np.ndarray:
    """Median first epoch at which each network has its own examples among `rows` right; after the last one if never."""
    first = dynamics.first_learned(curves.values["correct"], curves.epochs)
    first = np.where(np.isnan(first), curves.epochs[-1] + 1, first)
    return np.array([np.median(epoch[mask & rows]) for epoch, mask in zip(first, curves.masks, strict=True)])


def draw(curves: Curves, sides: dict[str, dynamics.Sides], wrong: np.ndarray):
    """Accuracy by epoch on clean and wrong labels, and the loss of each example by epoch."""
    figure, [axes] = panels(1, 3, 3.4, 3.3, note=over_networks(len(curves.masks)))
    plain = {"markevery": []}  # points would hide the bands
    for (name, side), colour in zip(sides.items(), (COLOURS["real"], COLOURS["random labels"]), strict=True):
        band(axes[0], curves.epochs, mean_intervals(side.inside), f"{name}, training", color=colour, **plain)
    held_out = sides["clean labels"].outside
    band(axes[0], curves.epochs, mean_intervals(held_out), "clean labels, held out", color=COLOURS["random inputs"],
         **plain)  # fmt: skip
    axes[0].set(xlabel="epochs", ylabel="accuracy on the given labels")
    axes[0].legend(fontsize=7)
    loss = dynamics.over_models(curves.values["loss"], curves.masks).inside  # (epochs, train), where trained on
    for axis, (title, rows) in zip(axes[1:], (("clean labels", ~wrong), ("wrong labels", wrong)), strict=True):
        known = loss[:, rows & np.isfinite(loss).all(0)]
        order = np.argsort(dynamics.mean_loss(known), kind="stable")
        first, last = curves.epochs[[0, -1]]
        image = axis.imshow(
            known[:, order].T, aspect="auto", vmin=0, vmax=4, cmap="magma_r", interpolation="nearest",
            extent=(first - 0.5, last + 0.5, len(order), 0),
        )  # fmt: skip
        axis.set(title=f"loss, {title}", xlabel="epochs", ylabel="training examples, easiest on top")
    figure.colorbar(image, ax=axes[1:], shrink=0.8, extend="max", label="mean over networks that trained on it")
    return figure


if __name__ == "__main__":
    main(Settings, run)
