"""Claim: networks learn patterns before they memorize noise, so that stopping early keeps the one without the other.

Arpit et al. 2017, arXiv 1706.05394, section 4.  Two in five labels wrong; each example's loss and correctness after
every epoch; when clean and noisy examples of a network's own training set are learned; what the best epoch on clean
held-out examples gains over the last one, and how many epochs it saves.

    python -m experiments.arpit_patterns_first --preset quick    digits, 12 networks: about half a minute on two cores
    python -m experiments.arpit_patterns_first                   Fashion-MNIST, 300 a class, 20 networks: 5 minutes
"""

from dataclasses import dataclass

import numpy as np
import tyro

from experiments.arpit import COLOURS, ArpitOptions, band, paired, panels, recorded, request
from experiments.claim import Result, Verdict, conclude
from memjax import dynamics
from memjax.machine import environment

SIZES = {  # model, networks, epochs, examples a class
    "smoke": ("mlp:16", 2, 4, 10),
    "quick": ("mlp:128", 12, 60, None),
    "full": ("mlp:512x2", 20, 100, 300),
}


@dataclass(frozen=True)
class PatternsFirst(ArpitOptions):
    """When clean and noisy labels are learned."""

    noise: float = 0.4


def run(options: PatternsFirst) -> Result:
    model, models, epochs, per_class = SIZES[options.preset]
    data = options.data(per_class=per_class, label_noise=options.noise)
    config = request(data, model, epochs, models, record=("correct", "loss"))
    curves, dataset = recorded(config, options.place("arpit_patterns_first"))
    correct, wrong, epoch = curves.values["correct"], dataset.mislabelled, curves.epochs
    sides = {
        "clean labels": dynamics.over_examples(correct, curves.masks, ~wrong),
        "wrong labels": dynamics.over_examples(correct, curves.masks, wrong),
    }
    first = dynamics.first_learned(correct, epoch)
    when = {
        name: np.array([np.nanmedian(np.where(np.isnan(f), epochs + 1, f)[m & rows])
                        for f, m in zip(first, curves.masks, strict=True)])
        for name, rows in (("clean", ~wrong), ("wrong", wrong))
    }  # fmt: skip
    held_out = sides["clean labels"].outside
    best = held_out.argmax(1)
    fitted = np.array([sides["wrong labels"].inside[t, at] for t, at in enumerate(best)])
    verdicts = [
        Verdict(
            "wrong labels are learned later than clean ones (difference of median first epochs, in epochs)",
            paired(when["wrong"], when["clean"]),
        ),
        Verdict(
            "stopping at the best epoch keeps clean held-out accuracy that the last epoch has lost",
            paired(held_out.max(1), held_out[:, -1]),
        ),
        Verdict(
            "at that epoch most of a network's own wrong labels are not fitted yet (share not fitted)",
            paired(1 - fitted, 0), 0.5,
        ),
    ]  # fmt: skip
    found = {
        "first_learned_median": {name: values.mean() for name, values in when.items()},
        "best_epoch": epoch[best].mean(),
        "epochs_saved": float(1 - epoch[best].mean() / epochs),
        "held_out_best": held_out.max(1).mean(),
        "held_out_last": held_out[:, -1].mean(),
        "train_last": {name: side.inside[:, -1].mean() for name, side in sides.items()},
    }
    return Result(found, verdicts, draw(curves, sides, wrong))


def draw(curves, sides, wrong):
    figure, axes = panels(3)
    for (name, side), colour in zip(sides.items(), (COLOURS["real"], COLOURS["random labels"]), strict=True):
        band(axes[0], curves.epochs, side.inside, f"{name}, training", color=colour)
    held_out = sides["clean labels"].outside
    band(axes[0], curves.epochs, held_out, "clean labels, held out", color=COLOURS["random inputs"])
    axes[0].set(xlabel="epochs", ylabel="accuracy on the given labels")
    axes[0].legend(fontsize=7)
    loss = dynamics.over_models(curves.values["loss"], curves.masks).inside  # (epochs, train), where trained on
    for axis, (title, rows) in zip(axes[1:], (("clean labels", ~wrong), ("wrong labels", wrong)), strict=True):
        known = loss[:, rows & np.isfinite(loss).all(0)]
        order = dynamics.easiest_first(known)
        image = axis.imshow(known[:, order].T, aspect="auto", vmin=0, vmax=4, cmap="magma_r", interpolation="nearest")
        axis.set(title=f"loss, {title}", xlabel="epochs", ylabel="training examples, easiest on top")
    figure.colorbar(image, ax=axes[1:], shrink=0.8)
    return figure


if __name__ == "__main__":
    options = tyro.cli(PatternsFirst, config=(tyro.conf.OmitArgPrefixes,))
    environment.start_jax()
    conclude("arpit_patterns_first", options, run(options))
