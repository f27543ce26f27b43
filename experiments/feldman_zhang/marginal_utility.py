"""Claim: memorized examples are worth more to the test accuracy than as many random ones.

Feldman and Zhang 2020, figure 2: train without the examples whose memorization reaches a threshold, and without as many
random ones.  ImageNet, threshold .3: 32 % of the data, accuracy lower by 3.4 points, against 2.6 for random ones;
CIFAR-100, .3: 6.8 against 4.4; MNIST: .05 points or less.

    python -m experiments.marginal_utility --preset quick    220 retrainings: about 1 minute on two quiet cores, and the
                                                             models of memorization_values
    python -m experiments.marginal_utility                   1,020 retrainings of 6,000 examples: about 25 minutes more

Each repeat has a random set and initial weights of its own; the two sides of a repeat share the weights.  All models
take as many steps.  The memorized sets are the same in all repeats: intervals are of retraining, not of the estimate.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tyro

from experiments.claim import Interval, Result, Verdict, conclude, mean_interval
from experiments.plots import band, panels
from experiments.removal import accuracies, at_random, by_condition, paired, without
from experiments.setting import Setting, fit_warning
from memjax.machine import environment
from memjax.types import Dataset, Outcomes

THRESHOLDS = tuple(round(0.1 * step, 1) for step in range(1, 11))
BY_CLASS = (0.3, 0.7)
NONE = 2.0  # a threshold that nothing reaches


@dataclass(frozen=True)
class Experiment(Setting):
    """Removal of memorized examples against removal of random ones."""


class Curves(NamedTuple):
    """Test accuracy, (thresholds, repeats), in the last row with nothing removed; and the share that stays."""

    memorized: np.ndarray
    random: np.ndarray
    remaining: np.ndarray


def removed_sets(mem: np.ndarray, thresholds: tuple[float, ...]) -> list[np.ndarray]:
    """What goes at each threshold.  Estimates that are not defined reach none."""
    return [mem >= threshold for threshold in thresholds]


def curves(experiment: Setting, mem: np.ndarray) -> tuple[Curves, list[Outcomes]]:
    """Retrains without the memorized and without as many random examples, at every threshold."""
    rng = np.random.default_rng(experiment.seed)
    sets, repeats = removed_sets(mem, (*THRESHOLDS, NONE)), experiment.num_repeats
    memorized = without([removed for removed in sets for _ in range(repeats)])
    random = without([at_random(rng, removed) for removed in sets for _ in range(repeats)])
    sides = [experiment.retrained(masks) for masks in (memorized, random)]
    found = [by_condition(accuracies(side.test["correct"]), len(sets)) for side in sides]
    return Curves(*found, np.array([1 - removed.mean() for removed in sets])), sides


def table(found: Curves) -> list[dict]:
    """A row a threshold: what stays, the two accuracies, the difference in favour of the claim, the loss."""
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
    """Which classes lose their memorized examples, and what that does to their own test examples."""
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


def over_thresholds(found: Curves, low: float = 0.2, high: float = 0.9) -> Interval:
    """Difference random less memorized, averaged over thresholds, one number a repeat."""
    chosen = [row for row, threshold in enumerate(THRESHOLDS) if low <= threshold <= high]
    return mean_interval((found.random[chosen] - found.memorized[chosen]).mean(0))


def draw(found: Curves):
    """Both curves above, the remaining fraction below, as in the paper."""
    figure, axes = panels(2, 1, 5.5, 2.8)
    for values, label, color in (
        (found.memorized, "without memorized", "tab:red"),
        (found.random, "without as many random", "tab:blue"),
    ):
        band(axes[0, 0], THRESHOLDS, [mean_interval(row) for row in values[:-1]], label, color)
    everything = mean_interval(found.memorized[-1])
    axes[0, 0].axhline(everything.value, color="grey", linestyle="--", label="with all examples")
    axes[0, 0].set(ylabel="test accuracy", title=f"mean and 95 % interval over {everything.repeats} repeats")
    axes[0, 0].legend()
    axes[1, 0].bar(THRESHOLDS, found.remaining[:-1], 0.07, color="grey")
    axes[1, 0].set(xlabel="threshold of memorization", ylabel="remaining fraction", ylim=(0, 1))
    return figure


def main(experiment: Experiment) -> None:
    environment.start_jax()
    trained = experiment.estimated()
    mem = trained.estimates["tr_mem"]
    found, sides = curves(experiment, mem)
    fitted = [float(side.train["correct"][side.masks].mean()) for side in sides]
    rows = table(found)
    worth = "memorized examples are worth more than as many random ones"
    verdicts = [
        Verdict(f"{worth}, thresholds .2 to .9 (CIFAR-100 .009 to .028)", over_thresholds(found)),
        *(Verdict(f"{worth}, threshold {rows[row]['threshold']}", rows[row]["random_minus_memorized"])
          for row in (0, 2, 4, 6, 8)),
        Verdict("removing examples of memorization .3 or more costs accuracy (ImageNet .034)", rows[2]["lost"]),
    ]  # fmt: skip
    numbers = {
        "rows": rows,
        "classes": by_class(mem, trained.run.dataset, sides, BY_CLASS),
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
    }
    conclude("marginal_utility", experiment, Result(numbers, verdicts, draw(found)))


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
