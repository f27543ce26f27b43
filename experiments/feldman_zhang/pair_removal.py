"""Claim: what the training examples of the high-influence pairs are worth, they are worth to their test examples.

Feldman and Zhang 2020, section 3.3: CIFAR-100 without the 964 training examples of its 1,015 pairs.

    | trained on                    | all test examples | the 888 influenced ones |
    |-------------------------------|-------------------|-------------------------|
    | everything                    | 76.06 ± .28       | 72.14 ± 1.32            |
    | all but the 964               | 73.52 ± .25       | 45.38 ± 1.45            |
    | difference                    | 2.54 ± .20        | 26.76 ± 1.96            |

26.76 points of 888 of 10,000 test examples are 2.38 ± .17 of the 2.54 points.

    python -m experiments.pair_removal --preset quick    150 retrainings: about 40 s on two quiet cores, and the models
                                                         of memorization_values
    python -m experiments.pair_removal                   450 retrainings of 6,000 examples: about 13 minutes more

Two controls the paper does not have: as many random examples; and one half of the pairs' training examples against the
other half, each judged on the test examples that only it influences.  A repeat shares its initial weights over all
conditions.  Pairs come from other models than those that are retrained: nothing is selected by what it is judged by.
"""

from dataclasses import dataclass

import numpy as np
import tyro

from experiments.claim import Interval, Result, Verdict, conclude, mean_interval
from experiments.plots import panels
from experiments.removal import accuracies, at_random, paired, without
from experiments.setting import Setting, fit_warning
from memjax.machine import environment

REPEATS = 3  # times those of other experiments: there are only a few conditions
EVERYTHING, PAIRS, RANDOM = "everything", "no pairs", "no random ones"
FIRST, SECOND = "no first half of the pairs", "no second half"


@dataclass(frozen=True)
class Experiment(Setting):
    """Removal of the training examples of high-influence pairs."""


def removals(in_pairs: np.ndarray, repeats: int, seed: int) -> dict[str, list[np.ndarray]]:
    """What goes in each repeat of each condition, (train,) bool."""
    rng = np.random.default_rng(seed)
    half = np.zeros_like(in_pairs)
    own = rng.permutation(np.flatnonzero(in_pairs))
    half[own[: len(own) // 2]] = True
    return {
        EVERYTHING: [np.zeros_like(in_pairs)] * repeats,
        PAIRS: [in_pairs] * repeats,
        RANDOM: [at_random(rng, in_pairs) for _ in range(repeats)],
        FIRST: [half] * repeats,
        SECOND: [in_pairs & ~half] * repeats,
    }


def only_of(removed: np.ndarray, pairs: dict[str, np.ndarray], num_test: int) -> np.ndarray:
    """Test examples all of whose influencers are removed; (test,) bool."""
    hit = removed[pairs["tr_idx"]]
    some, others = (np.isin(np.arange(num_test), pairs["tt_idx"][chosen]) for chosen in (hit, ~hit))
    return some & ~others


def own_less_other(
    models: dict[str, np.ndarray], sets: dict[str, list[np.ndarray]], pairs: dict[str, np.ndarray]
) -> np.ndarray:
    """By how much a half of the pairs is missed more on its own test examples than the other half is.

    A number a repeat, both halves averaged; NaN where no test example is a half's own.

    Args:
      models: which test examples are right, (repeats, test), by condition.
    """
    found = []
    for own, other in ((FIRST, SECOND), (SECOND, FIRST)):
        test = only_of(sets[own][0], pairs, models[own].shape[1])
        if test.any():
            found.append(accuracies(models[other], test) - accuracies(models[own], test))
    return np.mean(found, axis=0) if found else np.full(len(models[FIRST]), np.nan)


def main(experiment: Experiment) -> None:
    environment.start_jax()
    found = experiment.estimated()
    data, pairs = found.run.dataset, found.pairs
    in_pairs = np.isin(np.arange(data.num_train), pairs["tr_idx"])
    influenced = np.isin(np.arange(data.num_test), pairs["tt_idx"])
    if not influenced.any() or influenced.all():
        print("no pairs, or pairs with every test example: nothing to remove; train more --models")
        return conclude("pair_removal", experiment, Result({"influenced": int(influenced.sum())}, []))
    sets = removals(in_pairs, REPEATS * experiment.num_repeats, experiment.seed)
    models = {name: experiment.retrained(without(removed)) for name, removed in sets.items()}
    accuracy = {
        name: {
            "all": accuracies(side.test["correct"]),
            "influenced": accuracies(side.test["correct"], influenced),
            "not influenced": accuracies(side.test["correct"], ~influenced),
        }
        for name, side in models.items()
    }
    drop = {
        name: {on: accuracy[EVERYTHING][on] - values for on, values in row.items()}
        for name, row in accuracy.items()
        if name != EVERYTHING
    }
    explained = influenced.mean() * drop[PAIRS]["influenced"]
    fitted = [float(side.train["correct"][side.masks].mean()) for side in models.values()]
    numbers = {
        "pairs": len(pairs["infl"]),
        "expected_by_chance": float(pairs["expected_by_chance"]),
        "removed": {name: int(np.mean([removed.sum() for removed in rows])) for name, rows in sets.items()},
        "influenced": int(influenced.sum()),
        "accuracy": {name: {on: mean_interval(values) for on, values in row.items()} for name, row in accuracy.items()},
        "drop": {name: {on: mean_interval(values) for on, values in row.items()} for name, row in drop.items()},
        "drop_explained_by_influenced": mean_interval(explained),
        "part_explained": float(explained.mean() / drop[PAIRS]["all"].mean()),
        "drop_foretold_by_influence": float(pairs["infl"].sum() / influenced.sum()),
        "in_sample_accuracy": fitted,
        "warning": fit_warning(fitted),
    }
    own = mean_interval(own_less_other({name: side.test["correct"] for name, side in models.items()}, sets, pairs))
    dropped = drop[PAIRS]
    verdicts = [
        Verdict("without the pairs the influenced test examples suffer (CIFAR-100 .268)",
                mean_interval(dropped["influenced"])),
        Verdict("... more than without as many random examples",
                paired(dropped["influenced"], drop[RANDOM]["influenced"])),
        Verdict("... each those of its own half of the pairs more than those of the other", own),
        Verdict("without the pairs test accuracy is lower (CIFAR-100 .025)", mean_interval(dropped["all"])),
        Verdict("... than without as many random examples", paired(dropped["all"], drop[RANDOM]["all"])),
        Verdict("the influenced test examples explain most of that drop (explained less half of it)",
                mean_interval(explained - dropped["all"] / 2)),
        Verdict("the others get worse too (CIFAR-100: hardly)", mean_interval(dropped["not influenced"])),
    ]  # fmt: skip
    return conclude("pair_removal", experiment, Result(numbers, verdicts, draw(numbers["drop"])))


def draw(drop: dict[str, dict[str, Interval]]):
    """Drop of accuracy by what was removed, on all test examples, on the influenced ones and on the others."""
    figure, axes = panels(1, 1, 6.0, 3.4)
    for place, (name, row) in enumerate(drop.items()):
        where = np.arange(len(row)) + 0.2 * (place - 1.5)
        heights = [item.value for item in row.values()]
        errors = [[item.value - item.low for item in row.values()], [item.high - item.value for item in row.values()]]
        axes[0, 0].bar(where, heights, 0.18, yerr=errors, label=name, capsize=2)
    axes[0, 0].set_xticks(np.arange(3), [f"{on}\ntest examples" for on in next(iter(drop.values()))])
    axes[0, 0].axhline(0, color="black", linewidth=0.5)
    axes[0, 0].set(ylabel="drop of accuracy", title="trained on all training examples but ...")
    axes[0, 0].legend()
    return figure


if __name__ == "__main__":
    main(tyro.cli(Experiment, config=(tyro.conf.OmitArgPrefixes,)))
