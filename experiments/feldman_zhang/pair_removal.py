"""Do the training examples of high-influence pairs matter to just their own test examples?

Feldman and Zhang 2020, section 3.3: CIFAR-100 without the 964 training examples of its 1,015 pairs.

    | trained on                    | all test examples | the 888 influenced ones |
    |-------------------------------|-------------------|-------------------------|
    | everything                    | 76.06 ± .28       | 72.14 ± 1.32            |
    | all but the 964               | 73.52 ± .25       | 45.38 ± 1.45            |
    | difference                    | 2.54 ± .20        | 26.76 ± 1.96            |

26.76 points of 888 of 10,000 test examples are 2.38 ± .17 of the 2.54 points.

    python -m experiments.feldman_zhang.pair_removal --size quick    150 retrainings of 1,000 examples
    python -m experiments.feldman_zhang.pair_removal                 450 retrainings of 6,000 examples

Two controls that the paper does not have: as many random examples; and one half of the pairs' training examples against
the other half, each judged on the test examples that only it influences.  A retraining has the same initial weights in
all conditions.  Pairs come from other models than those that are retrained, so nothing is selected by what it is judged
by.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from experiments.common import models
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, ends, mean_interval, paired
from experiments.common.models import ModelSettings, fit_warning, in_sample
from experiments.common.plots import panels
from experiments.common.removal import accuracies, at_random, without
from experiments.common.settings import Cost
from memjax.errors import InputError
from memjax.results import PairTable

COST = Cost("25 s*", "19 min*")

SIZES = {  # there are few conditions, so each has more retrainings than elsewhere
    name: size._replace(retrainings=3 * size.retrainings) for name, size in models.SIZES.items()
}
EVERYTHING, PAIRS, RANDOM = "everything", "no pairs", "no random ones"
FIRST, SECOND = "no first half of the pairs", "no second half"


@dataclass(frozen=True)
class Settings(ModelSettings):
    """Removal of the training examples of high-influence pairs."""

    sizes: ClassVar = SIZES


def removals(in_pairs: np.ndarray, count: int, seed: int) -> dict[str, list[np.ndarray]]:
    """The training examples that each of `count` retrainings of a condition lacks, (train,) bool."""
    rng = np.random.default_rng(seed)
    half = np.zeros_like(in_pairs)
    own = rng.permutation(np.flatnonzero(in_pairs))
    half[own[: len(own) // 2]] = True
    return {
        EVERYTHING: [np.zeros_like(in_pairs)] * count,
        PAIRS: [in_pairs] * count,
        RANDOM: [at_random(rng, in_pairs) for _ in range(count)],
        FIRST: [half] * count,
        SECOND: [in_pairs & ~half] * count,
    }


def only_of(removed: np.ndarray, pairs: PairTable, num_test: int) -> np.ndarray:
    """Test examples all of whose influencers are removed; (test,) bool."""
    hit = removed[pairs.train_rows]
    some, others = (np.isin(np.arange(num_test), pairs.test_rows[chosen]) for chosen in (hit, ~hit))
    return some & ~others


def own_minus_other(correct: dict[str, np.ndarray], sets: dict[str, list[np.ndarray]], pairs: PairTable) -> np.ndarray:
    """How much more accuracy the test examples of one half of the pairs lose without it than without the other half.

    One number for each retraining, averaged over both halves; NaN where no test example depends on one half alone.

    Args:
      correct: which test examples are right, (retrainings, test), by condition.
    """
    found = []
    for own, other in ((FIRST, SECOND), (SECOND, FIRST)):
        test = only_of(sets[own][0], pairs, correct[own].shape[1])
        if test.any():
            found.append(accuracies(correct[other], test) - accuracies(correct[own], test))
    return np.mean(found, axis=0) if found else np.full(len(correct[FIRST]), np.nan)


def accuracy_and_drop(correct: dict[str, np.ndarray], influenced: np.ndarray) -> tuple[dict, dict]:
    """Accuracy of each retraining by condition and test examples; and how far it is below that with everything."""
    some = {"all": np.ones_like(influenced), "influenced": influenced, "not influenced": ~influenced}
    accuracy = {name: {on: accuracies(right, test) for on, test in some.items()} for name, right in correct.items()}
    drop = {
        name: {on: accuracy[EVERYTHING][on] - values for on, values in row.items()}
        for name, row in accuracy.items()
        if name != EVERYTHING
    }
    return accuracy, drop


def run(settings: Settings) -> Result:
    found = settings.fitted(settings.config())
    data, pairs = found.dataset, found.pairs
    in_pairs = np.isin(np.arange(data.num_train), pairs.train_rows)
    influenced = np.isin(np.arange(data.num_test), pairs.test_rows)
    if not influenced.any() or influenced.all():
        raise InputError("no pairs, or pairs with every test example: nothing to compare; train more --models")
    sets = removals(in_pairs, settings.num_retrainings, settings.seed)
    retrained = {name: settings.retrained(without(removed)) for name, removed in sets.items()}
    correct = {name: side.test["correct"] for name, side in retrained.items()}
    accuracy, drop = accuracy_and_drop(correct, influenced)
    explained = influenced.mean() * drop[PAIRS]["influenced"]
    fitted, own = [in_sample(side) for side in retrained.values()], own_minus_other(correct, sets, pairs)
    numbers = {
        "pairs": len(pairs),
        "expected_by_chance": pairs.expected_by_chance,
        "removed": {name: int(np.mean([removed.sum() for removed in rows])) for name, rows in sets.items()},
        "influenced": int(influenced.sum()),
        "accuracy": intervals_of(accuracy),
        "drop": intervals_of(drop),
        "drop_explained_by_influenced": mean_interval(explained),
        "part_explained": float(explained.mean() / dropped) if (dropped := drop[PAIRS]["all"].mean()) else math.nan,
        "drop_predicted_by_influence": float(pairs.influence.sum() / influenced.sum()),
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
    }
    return Result(
        numbers, verdicts_of(drop, explained, own),
        draw(numbers["drop"], len(pairs), f"{settings.num_retrainings} retrainings"),
        lambda several, count: draw(several["drop"], several["pairs"], f"{count} draws"),
    )  # fmt: skip


def verdicts_of(drop: dict[str, dict[str, np.ndarray]], explained: np.ndarray, own: np.ndarray) -> list[Verdict]:
    """The verdicts, from the drop of each retraining, the part of it that is explained, and `own_minus_other`."""
    dropped = drop[PAIRS]
    return [
        Verdict("without the pairs the influenced test examples suffer (CIFAR-100 .268)",
                mean_interval(dropped["influenced"])),
        Verdict("... more than without as many random examples",
                paired(dropped["influenced"], drop[RANDOM]["influenced"])),
        Verdict("... each those of its own half of the pairs more than those of the other", mean_interval(own)),
        Verdict("without the pairs test accuracy is lower (CIFAR-100 .025)", mean_interval(dropped["all"])),
        Verdict("... than without as many random examples", paired(dropped["all"], drop[RANDOM]["all"])),
        Verdict("the influenced test examples explain half of that drop or more (explained minus half of it)",
                mean_interval(explained - dropped["all"] / 2)),
        Verdict("... and no more than one and a half times of it (that minus explained)",
                mean_interval(1.5 * dropped["all"] - explained)),
        Verdict("the others get worse too (CIFAR-100: hardly)", mean_interval(dropped["not influenced"])),
    ]  # fmt: skip


def intervals_of(values: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, Interval]]:
    """The mean of each over retrainings."""
    return {name: {on: mean_interval(each) for on, each in row.items()} for name, row in values.items()}


def draw(drop: dict[str, dict[str, Interval]], pairs: float, cases: str):
    """Drop of accuracy by what was removed, on all test examples, on the influenced ones and on the others."""
    several = " a draw, on average" if "draws" in cases else ""
    note = f"{pairs:,.0f} pairs{several}; error bars: 95 % intervals of the mean over {cases}"
    figure, axes = panels(1, 1, 6.0, 3.4, note=note)
    for place, (name, row) in enumerate(drop.items()):
        where = np.arange(len(row)) + 0.2 * (place - 1.5)
        heights = [item.value for item in row.values()]
        axes[0, 0].bar(where, heights, 0.18, yerr=ends(list(row.values())), label=name, capsize=2)
    axes[0, 0].set_xticks(np.arange(3), [f"{on}\ntest examples" for on in next(iter(drop.values()))])
    axes[0, 0].axhline(0, color="black", linewidth=0.5)
    axes[0, 0].set(ylabel="drop of accuracy", title="trained on all training examples but ...")
    axes[0, 0].legend()
    return figure


if __name__ == "__main__":
    main(Settings, run)
