"""Are memorized examples worth more to test accuracy than as many random ones?

Feldman and Zhang 2020, figure 2: train without the examples whose memorization reaches a threshold, and without as many
random ones.  ImageNet, threshold .3: 32 % of the data are removed and accuracy falls by 3.4 points, against 2.6 for
random ones.  CIFAR-100, .3: 6.8 against 4.4.  MNIST: .05 points or less.

    python -m experiments.feldman_zhang.marginal_utility --size quick    220 retrainings of 1,000 examples
    python -m experiments.feldman_zhang.marginal_utility                 660 retrainings of 6,000 examples

Each retraining has a random set and initial weights of its own; the two sides of a comparison share the weights.  All
models take the same number of steps.  The memorized sets are the same in all retrainings: intervals are those of
retraining, not of the estimate.  `--repeats` repeats the estimate too.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, mean_interval, paired
from experiments.common.models import ModelSettings, fit_warning, in_sample
from experiments.common.plots import band, panels
from experiments.common.removal import accuracies, at_random, by_condition, without
from experiments.common.settings import Cost
from memjax.types import Dataset, Outcomes

COST = Cost("31 s*", "12 min*, --retrainings 12")

THRESHOLDS = tuple(round(0.1 * step, 1) for step in range(1, 11))
BY_CLASS = (0.3, 0.7)
CLASSES = 20  # at most, of which each has its row; of more a class has too few test examples to say something
PAPER = {  # accuracy without memorized, without as many random ones, and the share that stays; about ± .001
    "CIFAR-100": (
        (0.659, 0.68, 0.693, 0.704, 0.7135, 0.7215, 0.7275, 0.734, 0.7415, 0.761),
        (0.691, 0.707, 0.717, 0.724, 0.729, 0.735, 0.7395, 0.744, 0.749, 0.761),
        (0.54, 0.61, 0.665, 0.705, 0.74, 0.775, 0.81, 0.845, 0.89, 1.0),
    ),
    "ImageNet": (
        (0.666, 0.682, 0.692, 0.7, 0.706, 0.711, 0.716, 0.721, 0.7255, 0.726),
        (0.686, 0.694, 0.701, 0.705, 0.709, 0.7135, 0.7185, 0.722, 0.7255, 0.726),
        (0.555, 0.63, 0.68, 0.73, 0.78, 0.83, 0.88, 0.93, 0.975, 1.0),
    ),
    "MNIST": (
        (0.991, 0.9913, 0.9915, 0.9917, 0.9919, 0.9918, 0.992, 0.992, 0.9922, 0.9921),
        (0.992, 0.9921, 0.9921, 0.9921, 0.9921, 0.9921, 0.9922, 0.9922, 0.9921, 0.9922),
        (0.9865, 0.99, 0.992, 0.9935, 0.995, 0.9965, 0.998, 0.999, 0.9995, 1.0),
    ),
}
NONE = 2.0  # a threshold that nothing reaches


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Removal of memorized examples against removal of random ones."""


class Accuracies(NamedTuple):
    """Test accuracy, (thresholds, retrainings), in the last row with nothing removed; and the share that stays."""

    memorized: np.ndarray
    random: np.ndarray
    remaining: np.ndarray


def curves(settings: Settings, mem: np.ndarray) -> tuple[Accuracies, list[Outcomes]]:
    """Retrains without the memorized and without as many random examples, at every threshold."""
    rng = np.random.default_rng(settings.seed)
    sets = [mem >= threshold for threshold in (*THRESHOLDS, NONE)]  # undefined estimates reach none
    memorized = without([removed for removed in sets for _ in range(settings.num_retrainings)])
    random = without([at_random(rng, removed) for removed in sets for _ in range(settings.num_retrainings)])
    sides = [settings.retrained(masks) for masks in (memorized, random)]
    found = [by_condition(accuracies(side.test["correct"]), len(sets)) for side in sides]
    return Accuracies(*found, np.array([1 - removed.mean() for removed in sets])), sides


def table(found: Accuracies) -> list[dict]:
    """For each threshold: the share that stays, both accuracies, random minus memorized, and the loss."""
    rows = []
    for row, threshold in enumerate((*THRESHOLDS, NONE)):
        rows.append({
            "threshold": threshold if threshold != NONE else "none removed",
            "remaining": found.remaining[row],
            "without_memorized": mean_interval(found.memorized[row]),
            "without_random": mean_interval(found.random[row]),
            "random_minus_memorized": paired(found.random[row], found.memorized[row]),
            "lost": paired(found.memorized[-1], found.memorized[row]),
        })  # fmt: skip
    return rows


def by_class(mem: np.ndarray, data: Dataset, sides: list[Outcomes], thresholds: tuple[float, ...]) -> list[dict]:
    """The effect on the test examples of each class, and how much of the class is removed."""
    memorized, random = (side.test["correct"].reshape(len(THRESHOLDS) + 1, -1, data.num_test) for side in sides)
    rows = []
    for label, name in enumerate(data.class_names):
        train, test = data.train_labels == label, data.test_labels == label
        right, left, nothing = (
            [accuracies(side[THRESHOLDS.index(threshold)], test) for threshold in thresholds]
            for side in (random, memorized, memorized[[-1] * len(memorized)])
        )
        rows.append({
            "class": name,
            "removed": [float((mem[train] >= threshold).mean()) for threshold in thresholds],
            "random_minus_memorized": [paired(*both) for both in zip(right, left, strict=True)],
            "lost": [paired(*both) for both in zip(nothing, left, strict=True)],
        })  # fmt: skip
    return rows


def over_thresholds(found: Accuracies, low: float = 0.2, high: float = 0.9) -> Interval:
    """Random minus memorized, averaged over thresholds, one number for each retraining."""
    chosen = [row for row, threshold in enumerate(THRESHOLDS) if low <= threshold <= high]
    return mean_interval((found.random[chosen] - found.memorized[chosen]).mean(0))


def draw(rows: list[dict], name: str, models: int, cases: str):
    """Both curves, those of the paper's three data sets beside them; below their difference and the share that stays.

    Args:
      rows: of `table`.
      cases: what the intervals are over.
    """
    *rows, nothing = rows
    note = f"{name}, {models:,} models, {cases}: mean and 95 % interval; the paper's curves"
    note = f"{note} are read off its figure 2, without intervals"
    figure, axes = panels(3, 4, 3.3, heights=(3.2, 1.6, 1.2), note=note)
    sides = (("without memorized", "tab:red"), ("without as many random", "tab:blue"))
    for side, (label, color) in zip(("without_memorized", "without_random"), sides, strict=True):
        band(axes[0, 0], THRESHOLDS, [row[side] for row in rows], label, color=color)
    everything = nothing["without_memorized"].value
    axes[0, 0].axhline(everything, color="grey", linestyle="--", label="with all examples")
    axes[0, 0].set(ylabel="test accuracy", title=f"memjax, {name}")
    # Both curves go up and down with a draw, so that their bands do not say how sure their difference is.
    band(axes[1, 0], THRESHOLDS, [row["random_minus_memorized"] for row in rows], "difference", color="black")
    shares = [np.array([row["remaining"] for row in rows])]
    for column, (data, (*curves, remaining)) in enumerate(PAPER.items(), 1):
        for values, (_, color) in zip(curves, sides, strict=True):
            axes[0, column].plot(THRESHOLDS, values, "o-", markersize=3, color=color)
        axes[0, column].set(title=f"paper, {data}")
        axes[1, column].plot(THRESHOLDS, np.subtract(*curves[::-1]), "o-", markersize=3, color="black")
        shares.append(np.array(remaining))
    for above, axis, remaining in zip(axes[1], axes[2], shares, strict=True):
        above.axhline(0, color="grey", linewidth=0.6)
        above.sharex(axis)
        axis.bar(THRESHOLDS, remaining, 0.07, color="grey")
        axis.set(xlabel="threshold of memorization", ylim=(0, 1.02))
    axes[1, 0].set(ylabel="blue minus red")
    axes[2, 0].set(ylabel="remaining fraction")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=3, loc="outside upper center")
    return figure


def run(settings: Settings) -> Result:
    trained = settings.fitted(settings.config())
    mem = trained.estimates.mem
    found, sides = curves(settings, mem)
    fitted = [in_sample(side) for side in sides]
    rows = table(found)
    numbers = {
        "rows": rows,
        "classes": by_class(mem, trained.dataset, sides, BY_CLASS) if trained.dataset.num_classes <= CLASSES else [],
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
    }
    name, models = settings.data_name, trained.estimates.num_models
    return Result(
        numbers, verdicts_of(found, rows), draw(rows, name, models, f"{settings.num_retrainings} retrainings"),
        lambda several, count: draw(several["rows"], name, models, f"{count} draws"),
    )  # fmt: skip


def verdicts_of(found: Accuracies, rows: list[dict]) -> list[Verdict]:
    """The verdicts, from the accuracies and their `table`."""
    worth = "memorized examples are worth more than as many random ones"
    return [
        Verdict(f"{worth}, thresholds .2 to .9 (CIFAR-100 .009 to .028)", over_thresholds(found)),
        *(Verdict(f"{worth}, threshold {rows[row]['threshold']}", rows[row]["random_minus_memorized"])
          for row in (0, 2, 4, 6, 8)),
        Verdict("removing examples of memorization .3 or more costs accuracy (ImageNet .034)", rows[2]["lost"]),
    ]  # fmt: skip


if __name__ == "__main__":
    main(Settings, run)
