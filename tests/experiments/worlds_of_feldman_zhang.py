"""Worlds in which the claims of Feldman and Zhang, and those of their critics, are false by construction.

Where a claim has a bound other than 0, the truth is the bound itself.
"""

from types import SimpleNamespace

import numpy as np

from experiments.common import agreement, intervals
from experiments.common.claim import Verdict
from experiments.feldman_zhang import (
    architectures,
    consistency,
    critics,
    influence_pairs,
    last_layer,
    leave_one_out,
    mixture,
    pair_removal,
    trained_trunk,
)
from memjax.estimators import INFL_THRESHOLD
from memjax.results import PairTable
from memjax.types import Outcomes


def right(rng, retrainings=8, examples=200):
    """Which test examples are right, whatever was removed."""
    return rng.random((retrainings, examples)) < 0.7


def controls_without_effect(rng):
    rows = {name: critics.row_of(*(right(rng) for _ in range(3)), rng.random(200) < 0.8)
            for name in (critics.PAPER, "fractional score")}  # fmt: skip
    return critics.verdicts_of(rows)


def pairs_that_nothing_depends_on(rng):
    names = (pair_removal.EVERYTHING, pair_removal.PAIRS, pair_removal.RANDOM, pair_removal.FIRST, pair_removal.SECOND)
    correct = {name: right(rng) for name in names}
    pairs = PairTable(rng.integers(0, 30, 40), rng.integers(0, 200, 40), *[np.full(40, 0.5)] * 4, 0.15, 0.25)
    influenced = np.isin(np.arange(200), pairs.test_rows)
    sets = pair_removal.removals(np.isin(np.arange(30), pairs.train_rows), 8, int(rng.integers(1000)))
    _, drop = pair_removal.accuracy_and_drop(correct, influenced)
    explained = influenced.mean() * drop[pair_removal.PAIRS]["influenced"]
    return pair_removal.verdicts_of(drop, explained, pair_removal.own_minus_other(correct, sets, pairs))


def trained_without_influence(rng, models=100):
    """Outcomes of models that nothing influences; test examples are hard or easy.  Some examples pass as memorized."""
    masks, easy = rng.random((models, 30)) < 0.7, rng.beta(0.5, 0.3, 60)
    outcomes = Outcomes(
        np.arange(models), masks, {"correct": right(rng, models, 30)}, {"correct": rng.random((models, 60)) < easy}
    )
    data = SimpleNamespace(train_labels=np.arange(30) % 2, test_labels=np.arange(60) % 2, num_test=60)
    estimates = SimpleNamespace(mem=(rng.random(30) < 0.3).astype(float))
    return SimpleNamespace(outcomes=outcomes, dataset=data, estimates=estimates)


def selected_by_noise(found):
    """The test example of each pair that is selected."""
    pairs = agreement.pair_rates(found.outcomes, found.dataset.train_labels, found.dataset.test_labels)
    return pairs.test[(pairs.value >= INFL_THRESHOLD) & (found.estimates.mem > 0)[pairs.train]]


def models_that_nothing_influences(rng):
    """Pairs come from noise, look like any other, and half are near-duplicates, as others of their training example."""
    found = trained_without_influence(rng)
    tests, other_half = selected_by_noise(found), influence_pairs.in_the_other_half(found)
    one = influence_pairs.more_have_one(tests, influence_pairs.by_noise(found))
    alike = influence_pairs.mean_over_pairs(0.5 - rng.random(len(tests)), np.arange(len(tests)), tests)
    trains = np.repeat(np.arange(30), 3)
    duplicates = (rng.random(30) < 0.5)[trains]
    return influence_pairs.verdicts_of(other_half, one, alike, duplicates, trains, np.arange(90))


def strong_pairs_of_few_training_examples(rng):
    """Half of the training examples are near-duplicates of all that they influence, and some influence many."""
    trains = np.repeat(np.arange(40), rng.geometric(0.3, 40))
    duplicates, few = (rng.random(40) < 0.5)[trains], intervals.mean_interval([-1.0, 0.0, 1.0])
    return influence_pairs.verdicts_of(few, few, few, duplicates, trains, np.arange(len(trains)))[-1:]


def influenced_by_one_or_by_two(rng):
    """Half of those that are influenced have one; noise adds pairs to any, a tenth as many as there are examples."""
    tests = np.concatenate([np.repeat(np.arange(80), rng.integers(1, 3, 80)), rng.integers(0, 400, rng.poisson(40))])
    return [Verdict("most have one", influence_pairs.more_have_one(tests, np.full(400, 0.1)))]


def others_lose_or_gain_with_the_influenced(rng):
    """Half of the drop is explained; or one and a half times of it, as others gain a third of what these lose."""
    explained, others = 0.03 + 0.01 * rng.normal(size=12), 0.004 * rng.normal(size=(2, 12))
    alike, opposed = (explained + others[0] + 0.03, explained + others[1] - 0.01)
    rows = [{"influenced": explained, "all": dropped, "not influenced": others[0]} for dropped in (alike, opposed)]
    verdicts = [
        pair_removal.verdicts_of({pair_removal.PAIRS: row, pair_removal.RANDOM: row}, explained, explained)
        for row in rows
    ]
    return [verdicts[0][5], verdicts[1][6]]


def sets_that_share(rng, share, size=150):
    """Jaccard of two sets whose union has so many members, each in both with a given chance."""
    both = rng.random(size) < share
    return agreement.jaccard(both | (np.arange(size) % 2 == 0), both | (np.arange(size) % 2 == 1))


def ranks_that_agree(rng, spearman, size=150):
    """Of normal variables, whose Pearson correlation is 2 sin(pi / 6 times Spearman's)."""
    pearson = 2 * np.sin(np.pi * spearman / 6)
    return agreement.rank_correlation(*rng.multivariate_normal([0, 0], [[1, pearson], [pearson, 1]], size).T)


def halves_that_agree_no_more_than_the_bound(rng):
    examples, pairs = sets_that_share(rng, 0.7), sets_that_share(rng, 0.5)
    return consistency.verdicts_of(([examples] * 2, [pairs] * 5), ranks_that_agree(rng, 0.9), 99)


def networks_that_agree_as_the_reference_does(rng):
    """Pairs are known less exactly than examples, also where the reference is trained again."""
    (examples, pairs), (examples_again, pairs_again) = (
        [[sets_that_share(rng, share)] * 2 for share in (0.5, 0.3)] for _ in range(2)
    )
    row = {"jaccard_mem": examples, "jaccard_pairs": pairs, "rank_correlation": ranks_that_agree(rng, 0.5)}
    return architectures.verdicts_of("cnn", row, "mlp", {"jaccard_mem": examples_again, "jaccard_pairs": pairs_again})


def features_that_memorize_as_the_network(rng):
    noise = 0.02 * rng.normal(size=(3, 5))
    as_many, tenth = (
        last_layer.verdicts_of(0.3, share + noise[0], noise[1], noise[2].tolist()) for share in (0.3, 0.03)
    )
    return [as_many[0], tenth[1], *as_many[2:]]


def a_trunk_that_changes_nothing(rng):
    """All ways are alike in every claim; fine-tuning memorizes .05 fewer of the wrong labels."""
    names = ("test accuracy", "memorized, right labels", "memorized, wrong labels")
    each = {name: {way: 0.5 + 0.05 * rng.normal(size=5) for way in trained_trunk.WAYS} for name in names}
    each[names[2]]["fine-tuning"] -= 0.05
    return trained_trunk.verdicts_of(each)


def estimates_without_bias(rng):
    """Neither m/n overestimates, one no more than the other, and ranks agree as much as the bound says."""
    truth = rng.random(45)
    table, errors, strata, sizes = {}, {}, np.repeat([0, 1, 2], 15), (700, 200, 100)
    bias = np.array([-0.05, 0.1, 0.15])[strata]  # of the sample, but not of all

    def over_all(values):
        return intervals.stratified_mean(values, strata, sizes)

    for fraction in (0.7, 0.95):
        errors[fraction] = bias + 0.1 * rng.normal(size=45)
        scores = [leave_one_out.Scores(value, np.full(45, 0.1)) for value in (truth + errors[fraction], truth)]
        table[fraction] = leave_one_out.compare(*scores, over_all) | {
            "rank_correlation": ranks_that_agree(rng, 0.9),
            leave_one_out.ALLOWED: 1.0,
        }
    return leave_one_out.verdicts_of(table, over_all(errors[0.7] - errors[0.95]))


def a_tail_that_nothing_depends_on(rng):
    """Removal costs nothing, as predicted; examples seen once are memorized by .5 more."""
    count = np.repeat([1, 5], 60)
    mem = 0.2 + 0.5 * (count == 1) + 0.1 * rng.normal(size=120)
    return mixture.verdicts_of(*(0.01 * rng.normal(size=(2, 12))), 0.0, mem, count)


WORLDS = {
    controls_without_effect: 300,
    pairs_that_nothing_depends_on: 300,
    models_that_nothing_influences: 40,
    strong_pairs_of_few_training_examples: 300,
    influenced_by_one_or_by_two: 40,
    others_lose_or_gain_with_the_influenced: 300,
    halves_that_agree_no_more_than_the_bound: 100,
    networks_that_agree_as_the_reference_does: 60,
    features_that_memorize_as_the_network: 300,
    a_trunk_that_changes_nothing: 300,
    estimates_without_bias: 60,
    a_tail_that_nothing_depends_on: 300,
}
