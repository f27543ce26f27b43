"""Claim: some test examples hang on one memorized training example that looks like them.

Feldman and Zhang 2020, section 3.2, table 1, figures 3 to 6: pairs of one class, memorization of the training example
at least .25, influence at least .15.

    |           | pairs | test examples (share) | with one influencer | training examples |
    |-----------|-------|-----------------------|---------------------|-------------------|
    | MNIST     |    35 |    33 (.0033)         |                  31 |                   |
    | CIFAR-100 | 1,015 |   888 (.089)          |                 774 |               964 |
    | ImageNet  | 1,641 | 1,462 (.029)          |               1,298 |             1,605 |

Above .4 nearly all are near-duplicates, from .15 to .4 they look much alike.

    python -m experiments.influence_pairs --preset quick    the 512 models of memorization_values: seconds
    python -m experiments.influence_pairs                   the 1,000 models of memorization_values

Estimates that were selected for being large are too large; so pairs are also selected by one half of the models and
looked at in the other half.  Near-duplicates by distance of the inputs, see `duplicates.py`.
"""

from dataclasses import dataclass

import numpy as np
import tyro

from experiments import agreement
from experiments.bootstrap import bootstrap
from experiments.claim import Interval, Result, Trained, Verdict, conclude, share_interval
from experiments.duplicates import SHARE, near_duplicates, pair_distances
from experiments.plots import image_row, panels
from experiments.setting import Setting, part
from memjax.estimators import INFL_THRESHOLD, count_pairs
from memjax.machine import environment

THRESHOLDS = (0.15, 0.2, 0.3, 0.4, 0.5)
STRONG = 0.4  # from here on the paper sees near-duplicates
SHOWN = 8


@dataclass(frozen=True)
class Experiment(Setting):
    """High-influence pairs."""


def in_the_other_half(found: Trained) -> Interval:
    """Mean influence, by the second half of the models, of the pairs that the first half selects."""
    outcomes, data = found.outcomes(), found.run.dataset
    middle = len(outcomes.masks) // 2
    first, second = (part(outcomes, models) for models in (np.s_[:middle], np.s_[middle : 2 * middle]))
    rates = [agreement.pair_rates(half, data.train_labels, data.test_labels) for half in (first, second)]
    chosen = np.flatnonzero(agreement.selected_pairs(rates[0], agreement.own_rates(first), INFL_THRESHOLD))
    return mean_by_test(rates[1].value[chosen], rates[1].test[chosen])


def mean_by_test(values: np.ndarray, tests: np.ndarray) -> Interval:
    """Mean over pairs; its interval draws test examples, with all their pairs, again."""
    if not len(values):
        return Interval(float("nan"), -np.inf, np.inf, 0)
    number = np.unique(tests, return_inverse=True)[1]
    total, count = np.bincount(number, values), np.bincount(number)
    return bootstrap(len(count), lambda rows: float(total[rows].sum() / count[rows].sum()))


def counts(pairs: dict[str, np.ndarray], threshold: float) -> dict:
    """The paper's table, of the pairs with influence of at least a threshold."""
    chosen = pairs["infl"] >= threshold
    return {"influence": threshold, **count_pairs(pairs["tr_idx"][chosen], pairs["tt_idx"][chosen])._asdict()}


def main(experiment: Experiment) -> None:
    environment.start_jax()
    found = experiment.estimated()
    data, pairs = found.run.dataset, found.pairs
    relative, rank = pair_distances(data, pairs["tr_idx"], pairs["tt_idx"])
    duplicate, strong = relative < SHARE, pairs["infl"] >= STRONG
    table = [counts(pairs, threshold) for threshold in THRESHOLDS]
    chance = float(pairs["expected_by_chance"])
    numbers = {
        "num_models": int(found.estimates["num_models"]),
        "counts": table,
        "share_of_test": table[0]["test"] / max(1, data.num_test),
        "expected_by_chance": chance,
        "histogram_of_influence": np.histogram(pairs["infl"], np.arange(0.15, 1.001, 0.05))[0],
        "largest": pairs["infl"][:5],
        "median": float(np.median(pairs["infl"])) if len(rank) else None,
        "near_duplicates": int(duplicate.sum()),
        "near_duplicates_among_strong": f"{int((duplicate & strong).sum())} of {int(strong.sum())}",
        "near_duplicates_among_others": f"{int((duplicate & ~strong).sum())} of {int((~strong).sum())}",
        "test_examples_with_near_duplicate": int(near_duplicates(data).sum()),
        "pairs_with_nearest_training_example": int((rank == 0).sum()),
    }
    ones = np.isin(np.unique(pairs["tt_idx"]), *_in_one_pair(pairs["tt_idx"]))
    verdicts = [
        Verdict("the selected pairs have influence in models that did not select them", in_the_other_half(found)),
        Verdict("... and on average as much as the threshold asks", in_the_other_half(found), INFL_THRESHOLD),
        Verdict("most influenced test examples have one influencer (CIFAR-100 .87)", share_interval(ones), 0.5),
        Verdict("pairs look alike (.5 less the mean rank of their distance within the class)",
                mean_by_test(0.5 - rank, pairs["tt_idx"])),
        Verdict("pairs of influence .4 or more mostly are near-duplicates",
                share_interval(duplicate[strong]), 0.5),
    ]  # fmt: skip
    conclude("influence_pairs", experiment, Result(numbers, verdicts, draw(found, relative)))


def draw(found: Trained, relative: np.ndarray):
    """Distribution of influence, and pairs evenly spaced from the strongest to the weakest: none is picked by hand."""
    pairs, data = found.pairs, found.run.dataset
    figure, axes = panels(4, 1, 9.0, heights=(2.0, 0.9, 0.9, 0.9))
    axes[0, 0].hist(pairs["infl"], np.arange(0.15, 1.001, 0.05), color="tab:blue", label="all pairs")
    axes[0, 0].hist(
        pairs["infl"][relative < SHARE], np.arange(0.15, 1.001, 0.05), color="tab:red", label="near-duplicates"
    )
    axes[0, 0].set(xlabel="influence", ylabel="pairs", yscale="log")
    axes[0, 0].legend(fontsize=7)
    strong = int((pairs["infl"] >= STRONG).sum())
    groups = (
        ("the strongest", np.arange(min(SHOWN, len(relative)))),
        (f"≥ {STRONG}, evenly", np.unique(np.linspace(0, max(0, strong - 1), SHOWN).astype(int)) if strong else []),
        (
            "below, evenly",
            np.unique(np.linspace(strong, len(relative) - 1, SHOWN).astype(int)) if len(relative) > strong else [],
        ),
    )
    for axis, (heading, chosen) in zip(axes[1:, 0], groups, strict=True):
        images, titles = [], []
        for place in chosen:
            row, column = pairs["tr_idx"][place], pairs["tt_idx"][place]
            mark = ", dup." if relative[place] < SHARE else ""
            images.append(side_by_side(data.train_inputs[row], data.test_inputs[column]))
            titles.append(f"{data.class_names[data.train_labels[row]]} {pairs['infl'][place]:.2f}{mark}")
        if images:
            image_row(axis, np.stack(images), titles, heading)
        else:
            axis.set_axis_off()
    return figure


def side_by_side(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The training example at the left, the test example at the right, a line of zeros between them."""
    train, test = (np.atleast_2d(image) for image in (train, test))
    return np.concatenate([train, np.zeros_like(train[:, :1]), test], axis=1)


def _in_one_pair(tests: np.ndarray) -> tuple[np.ndarray]:
    values, times = np.unique(tests, return_counts=True)
    return (values[times == 1],)


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
