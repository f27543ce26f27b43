"""Are random labels and random inputs learned slower than real data?

Zhang et al. 2017 and Arpit et al. 2017, arXiv 1706.05394, sections 3.4 and 4: real data are fitted fast, noise slowly.
Loss and training accuracy by epoch on real data, random labels, random inputs and shuffled pixels; epochs until 90, 99
and 100 % of the training examples are right, also where only a part of the labels or of the inputs is random.  With the
paper's SGD (rate .01, constant), and with Adam beside it.

    python -m experiments.arpit.speed --size quick    digits, 60 a class, 4 draws of 2 networks
    python -m experiments.arpit.speed                 MNIST's 5,000 digits, 100 a class, 5 draws of 2 networks

A network that is not there after the last epoch counts as if it had been then, so that its time is a lower bound, and
cannot show that others are slower, or that it is no slower; the shares that were there are in the result.  In the full
form the mean over the networks of a draw is one case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_interval, mean_intervals, opened, paired
from experiments.common.networks import NetworkSettings
from experiments.common.plots import COLOURS, band, panels, plainly
from experiments.common.recipes import RECIPES
from experiments.common.settings import Cost
from memjax import dynamics

COST = Cost("1 min 34 s", "8 min 4 s")

SIZES = {  # network, examples per class, epochs, draws, networks of a draw
    "smoke": ("mlp:16", 10, 4, 2, 2),
    "quick": ("mlp:64,64", 60, 150, 4, 2),
    "full": ("mlp:256,256", 100, 100, 5, 2),
}
NOISES = {"random labels": "random-labels", "random inputs": "random-inputs"}
KINDS = ("real", *NOISES, "shuffled pixels")
PARTS = {"smoke": (0.5,), "quick": (0.2, 0.4, 0.6, 0.8), "full": (0.2, 0.4, 0.6, 0.8)}  # of the examples with noise
OPTIMIZERS = {"SGD .01": RECIPES["sgd"], "Adam .001": RECIPES["adam"]}
SHARES = (0.9, 0.99, 1.0)


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """Epochs to fit real data and noise."""

    batch_size: int = 16

    default_data: ClassVar = {"full": "mnist5k"}

    @property
    def own_draws(self) -> int:
        """How many draws of the data the experiment makes itself."""
        return SIZES[self.size][3]


class Speed(dict[str, np.ndarray]):
    """Of one kind of data: loss and accuracy by epoch, (draws, epochs); of each share, (draws, shares), the epochs to
    it, and which part of the networks was there.

    With parts of noise: the latter two alone, (draws, parts, shares).
    """


def measured(settings: Settings, kind: str, optimizer: str, part: float = 1.0) -> Speed:
    """Trains the networks of every draw; a part of the examples is of this kind, the others are real."""
    corrupt = () if kind == "real" else (f"{NOISES.get(kind, 'shuffled-pixels')}={part:g}",)
    model, per_class, epochs, _, models = SIZES[settings.size]
    train = replace(OPTIMIZERS[optimizer], batch_size=settings.batch_size)
    rows: dict[str, list[np.ndarray]] = {"epochs": [], "there": [], "accuracy": [], "loss": []}
    for drawn in settings.each_draw():
        data = drawn.data(per_class=per_class, corrupt=corrupt)
        curves = drawn.fitted(drawn.config(data, model, epochs, models, train=train, record=("correct", "loss"))).curves
        needed = np.stack([dynamics.epochs_to_fit(curves.values["correct"], curves.masks, curves.epochs, share)
                           for share in SHARES], 1)  # fmt: skip
        rows["there"].append(np.isfinite(needed).mean(0))
        rows["epochs"].append(np.exp(np.log(np.where(np.isnan(needed), epochs, needed)).mean(0)))
        rows["accuracy"].append(dynamics.over_examples(curves.values["correct"], curves.masks).inside.mean(0))
        rows["loss"].append(dynamics.over_examples(curves.values["loss"], curves.masks).inside.mean(0))
    return Speed({name: np.stack(values) for name, values in rows.items()})


def verdicts_of(found: dict[str, dict[str, Speed]]) -> list[Verdict]:
    """The verdicts, from epochs to each share and which part of the networks was there, by optimiser and kind of data.

    Epochs of networks that were not there are lower bounds.
    """
    return [
        Verdict(f"{kind} are fitted to {share:.0%} later than real data, {optimizer} (log of the ratio of epochs)",
                opened(paired(*(np.log(side["epochs"][:, place]) for side in (of[kind], of["real"]))),
                       *((side["there"][:, place] < 1).any() for side in (of["real"], of[kind]))))
        for optimizer, of in found.items()
        for kind in ("random labels", "random inputs")
        for place, share in enumerate(SHARES)
    ]  # fmt: skip


def slopes(parts: Sequence[float], by_part: np.ndarray) -> np.ndarray:
    """How much the logarithm of the epochs grows from the least noise to all, from (draws, parts): a line's slope.

    Data without noise are left out: that noise slows training down at all does not say that more of it does.
    """
    return np.polyfit(parts[1:], np.log(by_part[:, 1:]).T, 1)[0].round(12)  # equal epochs have a slope of 0


def verdicts_of_parts(parts: Sequence[float], mixed: dict[tuple[str, str], Speed]) -> list[Verdict]:
    """The verdicts, from epochs and which part was there, (draws, parts, shares), by optimiser and kind of noise.

    Epochs of networks that were not there are lower bounds: if with little noise, the slope may be lower, else higher.
    """
    weight = (np.array(parts[1:]) - np.mean(parts[1:])).round(12)
    return [
        Verdict(f"the more {kind}, from {parts[1]:.0%} on, the later {share:.0%} are fitted, {optimizer} "
                "(slope of log epochs on their part)",
                opened(mean_interval(slopes(parts, of["epochs"][..., place])),
                       *((of["there"][:, 1:, place] < 1)[:, side].any() for side in (weight < 0, weight > 0))))
        for (optimizer, kind), of in mixed.items()
        for place, share in enumerate(SHARES)
    ]  # fmt: skip


def run(settings: Settings) -> Result:
    found = {name: {kind: measured(settings, kind, name) for kind in KINDS} for name in OPTIMIZERS}
    between = PARTS[settings.size]
    parts = (0.0, *between, 1.0)
    mixed = {}
    for name, of in found.items():
        for kind in NOISES:
            each = [of["real"], *(measured(settings, kind, name, part) for part in between), of[kind]]
            mixed[name, kind] = Speed({what: np.stack([one[what] for one in each], 1) for what in ("epochs", "there")})
    numbers: dict[str, Any] = {
        name: {kind: {"epochs_to": dict(zip(map(str, SHARES), values["epochs"].mean(0), strict=True)),
                      "networks_there": values["there"].mean(0),
                      "training_accuracy_at_the_end": values["accuracy"][:, -1].mean()}
               for kind, values in of.items()}
        for name, of in found.items()
    }  # fmt: skip
    for (name, kind), values in mixed.items():
        numbers[name][f"parts of {kind}"] = {
            "parts": parts,
            "epochs_to": dict(zip(SHARES, values["epochs"].mean(0).T, strict=True)),
            "networks_there": dict(zip(SHARES, values["there"].mean(0).T, strict=True)),
        }
    title = f"{settings.data_name}, {SIZES[settings.size][-2]} draws"
    verdicts = verdicts_of(found) + verdicts_of_parts(parts, mixed)
    return Result(numbers, verdicts, draw(found, parts, mixed, title, SIZES[settings.size][-1]))


def draw(
    found: dict[str, dict[str, Speed]], parts: Sequence[float], mixed: dict[tuple[str, str], Speed], title: str,
    models: int,
):  # fmt: skip
    """Loss and training accuracy by epoch, and epochs by the part with noise; a row for each optimiser."""
    last = next(iter(next(iter(found.values())).values()))["loss"].shape[1]
    note = f"{title} of {models} networks; bands: 95 % intervals of the mean over draws; never counts as {last} epochs"
    figure, axes = panels(2, 3, 3.6, 3.1, note=note)
    colours = COLOURS | {"shuffled pixels": "#cc79a7"}
    for row, (name, of) in zip(axes, found.items(), strict=True):
        for kind, values in of.items():
            x = np.arange(1, values["loss"].shape[1] + 1)
            for axis, what in zip(row[:2], ("loss", "accuracy"), strict=True):
                line = "--" if kind == "shuffled pixels" else "-"  # where it hides real data
                band(axis, x, mean_intervals(values[what]), kind, color=colours[kind], markevery=[],
                     linestyle=line)  # fmt: skip
        for axis, what in zip(row[:2], ("training loss", "training accuracy"), strict=True):
            axis.set(xlabel="epochs", ylabel=what, title=name, xscale="log")
        for kind in NOISES:
            for place, dashes in enumerate((":", "--", "-")):
                label = f"to {SHARES[place]:.0%}" if kind == "random labels" else None
                times = mean_intervals(mixed[name, kind]["epochs"][..., place])
                band(row[2], parts, times, label, color=colours[kind], linestyle=dashes)
        row[2].set(xlabel="part of the examples with noise", ylabel="epochs", title=name)
        plainly(row[2])
        row[2].legend(fontsize=7, handlelength=4, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=4, loc="outside upper center")
    return figure


if __name__ == "__main__":
    main(Settings, run)
