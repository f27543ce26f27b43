"""Do some test examples depend on one memorized training example that looks like them?

Feldman and Zhang 2020, section 3.2, table 1, figures 3 to 6: pairs of one class, memorization of the training example
at least .25, influence at least .15.

    |           | pairs | test examples (share) | with one influencer | training examples |
    |-----------|-------|-----------------------|---------------------|-------------------|
    | MNIST     |    35 |    33 (.0033)         |                  31 |                   |
    | CIFAR-100 | 1,015 |   888 (.089)          |                 774 |               964 |
    | ImageNet  | 1,641 | 1,462 (.029)          |               1,298 |             1,605 |

Above .4 nearly all are near-duplicates; from .15 to .4 they look much alike.

    python -m experiments.feldman_zhang.influence_pairs --size quick    the 512 models of memorization_values
    python -m experiments.feldman_zhang.influence_pairs                 the 1,000 models of memorization_values

Estimates that were selected for being large are too large.  So pairs are also selected by one half of the models and
measured in the other half.  Near-duplicates are copies where these are known, such as two drawings of one emoji, and
otherwise found by the distance of the inputs, see `common/duplicates.py`.
"""

from dataclasses import dataclass

import numpy as np

import memjax
from experiments.common import agreement
from experiments.common.claim import Result, Verdict, main
from experiments.common.duplicates import SHARE, known_copies, near_duplicates, pair_distances
from experiments.common.intervals import Interval, effective_number, mean_interval, share_interval, wider
from experiments.common.models import ModelSettings, part
from experiments.common.plots import counted, image_row, panels
from experiments.common.settings import Cost
from memjax.estimators import INFL_THRESHOLD, MEM_THRESHOLD, count_pairs
from memjax.estimators.pairs import by_chance
from memjax.results import PairTable

COST = Cost("5 s*", "10 s*")

THRESHOLDS = (0.15, 0.2, 0.3, 0.4, 0.5)
STRONG = 0.4  # from here on the paper sees near-duplicates
SHOWN = 8


@dataclass(frozen=True)
class Settings(ModelSettings):
    """High-influence pairs."""


def in_the_other_half(found: memjax.Result) -> Interval:
    """Mean influence, by the second half of the models, of the pairs that the first half selects."""
    outcomes, data = found.outcomes, found.dataset
    middle = len(outcomes.masks) // 2
    first, second = (part(outcomes, models) for models in (np.s_[:middle], np.s_[middle : 2 * middle]))
    rates = [agreement.pair_rates(half, data.train_labels, data.test_labels) for half in (first, second)]
    chosen = np.flatnonzero(agreement.selected_pairs(rates[0], agreement.own_rates(first), INFL_THRESHOLD))
    return mean_over_pairs(rates[1].value[chosen], rates[1].train[chosen], rates[1].test[chosen])


def mean_over_pairs(values: np.ndarray, trains: np.ndarray, tests: np.ndarray) -> Interval:
    """Mean over pairs, with the wider of two intervals: over test examples, and over training examples.

    Pairs of one test example are alike, as pairs of one training example are.
    """
    return wider(*(mean_by_case(values, cases) for cases in (tests, trains)))


def mean_by_case(values: np.ndarray, cases: np.ndarray) -> Interval:
    """Mean over pairs, with Student's interval, linearised, of a ratio of means over the cases that pairs belong to."""
    if not len(values):
        return Interval(float("nan"), -np.inf, np.inf, 0)
    number = np.unique(cases, return_inverse=True)[1]
    total, count = np.bincount(number, values), np.bincount(number)
    mean = float(values.mean())
    _, low, high, repeats = mean_interval((total - mean * count) / count.mean())  # around 0
    return Interval(mean, mean + low, mean + high, repeats)


def counts(pairs: PairTable, threshold: float) -> dict:
    """A row of the paper's table: the pairs with influence of at least a threshold."""
    chosen = pairs.influence >= threshold
    return {"influence": threshold, **count_pairs(pairs.train_rows[chosen], pairs.test_rows[chosen])._asdict()}


def run(settings: Settings) -> Result:
    found = settings.fitted(settings.config())
    data, pairs = found.dataset, found.pairs
    relative, rank = pair_distances(data, pairs.train_rows, pairs.test_rows)
    copies, strong = known_copies(settings.config().data.dataset, data), pairs.influence >= STRONG
    duplicate = relative < SHARE if copies is None else copies[0][pairs.train_rows] == copies[1][pairs.test_rows]
    members = pairs.train_rows[strong], pairs.test_rows[strong]
    table = [counts(pairs, threshold) for threshold in THRESHOLDS]
    chance = pairs.expected_by_chance
    numbers = {
        "num_models": found.estimates.num_models,
        "counts": table,
        "share_of_test": table[0]["test"] / max(1, data.num_test),
        "expected_by_chance": chance,
        "histogram_of_influence": np.histogram(pairs.influence, np.arange(0.15, 1.001, 0.05))[0],
        "largest": pairs.influence[:5],
        "median": float(np.median(pairs.influence)) if len(rank) else None,
        "near_duplicates": int(duplicate.sum()),
        "near_duplicates_among_strong": f"{int((duplicate & strong).sum())} of {int(strong.sum())}",
        "strong_pairs_count_as": min(map(effective_number, members)),
        "near_duplicates_among_others": f"{int((duplicate & ~strong).sum())} of {int((~strong).sum())}",
        "test_examples_with_near_duplicate": int(near_duplicates(data, copies=copies).sum()),
        "pairs_with_nearest_training_example": int((rank == 0).sum()),
    }
    one = more_have_one(pairs.test_rows, by_noise(found))
    alike = mean_over_pairs(0.5 - rank, pairs.train_rows, pairs.test_rows)
    verdicts = verdicts_of(in_the_other_half(found), one, alike, duplicate[strong], *members)
    return Result(numbers, verdicts, draw(found, duplicate, copies is not None))


def by_noise(found: memjax.Result) -> np.ndarray:
    """How many pairs of each test example are expected under the null, that nothing has any influence; (test,)."""
    outcomes, data = found.outcomes, found.dataset
    right, memorized = outcomes.test["correct"].sum(0).astype(int), found.estimates.mem >= MEM_THRESHOLD
    num_in, expected = outcomes.masks.sum(0), np.zeros(data.num_test)
    for label in np.unique(data.test_labels):
        tests, mine = np.flatnonzero(data.test_labels == label), num_in[memorized & (data.train_labels == label)]
        for count in np.unique(right[tests]):
            expected[tests[right[tests] == count]] = by_chance(mine, np.array([count]), len(outcomes.masks))
    return expected


def more_have_one(tests: np.ndarray, chance: np.ndarray) -> Interval:
    """The share of all test examples that have one influencer minus the share that have several.

    Noise selects pairs too, and most of its test examples have one.  Of these pairs a test example has a number that is
    Poisson's with its own mean c.  So if P0 and P1 are the chances of no pair and of one, exp(c) P0 is that of no
    influencer and exp(c) (P1 - c P0) that of one; the rest have several.  Without any influence the latter two are 0.
    Influence that is below the threshold, and is selected since noise adds to it, is not taken off.

    Args:
      tests: the test example of each pair.
      chance: see `by_noise`.
    """
    count = np.bincount(tests, minlength=len(chance))
    none = np.exp(chance) * (count == 0)
    one = np.exp(chance) * (count == 1) - chance * none
    return mean_interval(one - (1 - none - one))


def verdicts_of(
    other_half: Interval, one: Interval, alike: Interval, duplicates: np.ndarray, trains: np.ndarray, tests: np.ndarray
) -> list[Verdict]:
    """The verdicts.

    Args:
      other_half: influence of the pairs in models that did not select them.
      one: see `more_have_one`.
      alike: .5 minus the rank of the pairs' distance within the class.
      duplicates: whether each strong pair is a near-duplicate.
      trains, tests: the training and the test example of each strong pair; pairs that share one are alike.
    """
    return [
        Verdict("the selected pairs have influence in models that did not select them", other_half),
        Verdict("... and on average as much as the threshold asks", other_half, INFL_THRESHOLD),
        Verdict("most influenced test examples have one influencer (share of all with one, minus with several)", one),
        Verdict("pairs look alike (.5 minus the mean rank of their distance within the class)", alike),
        Verdict("pairs of influence .4 or more mostly are near-duplicates", share_interval(duplicates, trains, tests),
                0.5),
    ]  # fmt: skip


def draw(found: memjax.Result, duplicate: np.ndarray, known: bool):
    """Distribution of influence, and pairs evenly spaced from the strongest to the weakest: none is picked by hand."""
    pairs, data = found.pairs, found.dataset
    note = f"{found.estimates.num_models:,} models; left: training example, right: test example"
    figure, axes = panels(4, 1, 9.0, heights=(2.0, 1.0, 1.0, 1.0), note=note)
    what = f"{'known copies' if known else 'near-duplicates'} ({duplicate.sum():,})"
    axes[0, 0].hist(pairs.influence, np.arange(0.15, 1.001, 0.05), color="tab:blue", label="all pairs")
    axes[0, 0].hist(pairs.influence[duplicate], np.arange(0.15, 1.001, 0.05), color="tab:red", label=what)
    axes[0, 0].set(xlabel="influence", ylabel="pairs")
    counted(axes[0, 0])
    axes[0, 0].legend(fontsize=7)
    strong = int((pairs.influence >= STRONG).sum())
    groups = (
        ("the strongest", np.arange(min(SHOWN, len(duplicate)))),
        (f"≥ {STRONG}, evenly", np.unique(np.linspace(0, max(0, strong - 1), SHOWN).astype(int)) if strong else []),
        (
            "below, evenly",
            np.unique(np.linspace(strong, len(duplicate) - 1, SHOWN).astype(int)) if len(duplicate) > strong else [],
        ),
    )
    for axis, (heading, chosen) in zip(axes[1:, 0], groups, strict=True):
        images, titles = [], []
        for place in chosen:
            row, column = pairs.train_rows[place], pairs.test_rows[place]
            mark = (", copy" if known else ", dup.") if duplicate[place] else ""
            images.append(side_by_side(data.train_inputs[row], data.test_inputs[column]))
            titles.append(f"{data.class_names[data.train_labels[row]]}\n{pairs.influence[place]:.2f}{mark}")
        if images:
            image_row(axis, images, titles, heading, SHOWN)
        else:
            axis.set_axis_off()
    return figure


def side_by_side(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The training example at the left, the test example at the right, and white between them."""
    train, test = (np.atleast_2d(image).astype(np.float32) for image in (train, test))
    white = max(train.max(), test.max()) if train.ndim == 3 and train.shape[2] > 1 else min(train.min(), test.min())
    return np.concatenate([train, np.full_like(train[:, :1], white), test], axis=1)


if __name__ == "__main__":
    main(Settings, run)
