"""In a world where a claim is false by construction, its verdict says supported no more often than its level.

A 95 % interval lies above the bound in one of forty such worlds.  Each row is drawn anew many times.
"""

import numpy as np
import pytest
from scipy.stats import binom, norm

from experiments.arpit import filters, loss_sensitivity, patterns_first, regularizers, speed
from experiments.common import intervals
from experiments.common.claim import Result, Verdict, over_repeats, repeated
from experiments.common.intervals import Interval, paired
from experiments.common.settings import BaseSettings
from experiments.common.stopping import stopped_early
from experiments.feldman_zhang import (
    conflict,
    influence_pairs,
    marginal_utility,
    memorization_values,
    pair_removal,
    proxies,
    twins,
)
from experiments.language import counterfactual
from memjax import dynamics
from memjax.estimators import MEM_THRESHOLD
from tests.experiments import worlds_of_arpit, worlds_of_feldman_zhang, worlds_of_labels

LEVEL = 0.025


def curves_without_change(rng):
    """Correctness of 8 networks after 12 epochs that changes only at random, and wavers on all examples together."""
    correct = rng.random((8, 12, 200)) < 0.6 + 0.05 * rng.normal(size=(8, 12, 1))
    return correct, rng.random((8, 200)) < 0.7, rng.random(200) < 0.4


def early_stopping(rng):
    correct, masks, wrong = curves_without_change(rng)
    when = {name: rng.normal(size=8) for name in ("clean", "wrong")}
    fitted = (rng.random((8, 12, 100)) < np.where(np.arange(12) < 11, 0.3, 0.6)[:, None]).mean(2)
    return patterns_first.verdicts_of(when, stopped_early(correct, masks, ~wrong, 0), fitted)


def correlations_by_set(rng, mean=0.0):
    """Of all proxies alike, in sixteen sets."""
    names = (*proxies.CLAIMED, *"abcdefgh", proxies.FOLDED, proxies.of_few(8))
    return {name: dict(enumerate(mean + rng.normal(size=16))) for name in names}


def proxies_all_alike(rng):
    return proxies.verdicts_of(correlations_by_set(rng, proxies.PUBLISHED), correlations_by_set(rng))


def regularisers_without_effect(rng):
    names = ("dropout", "input noise", "weight decay", "dropout, adversarial")
    decayed = regularizers.BITES + rng.normal(size=12)
    return regularizers.verdicts_of({name: {s: rng.normal(size=12) for s in "1234"} for name in names}, decayed)


def one_regulariser_is_as_good_as_dropout(rng):
    """And two others are worse, of which one strength of twelve often is the best in the networks that choose."""

    def draw():
        good = {name: {"1": rng.normal(size=8)} for name in ("dropout", "input noise", "dropout, adversarial")}
        worse = {name: {s: rng.normal(size=8) - 0.7 for s in "123456"} for name in ("hidden noise", "weight decay")}
        return regularizers.verdicts_of(good | worse, rng.normal(size=8))[1:2]

    return over_repeats([draw() for _ in range(5)])


def permuted_scores(rng):
    """Accuracies without memorized and without random examples, if memorization is nothing but a random mark."""
    memorized, random = 0.8 + 0.01 * rng.normal(size=(2, 11, 12))
    found = marginal_utility.Accuracies(memorized, random, np.ones(11))
    rows = marginal_utility.table(found)
    return marginal_utility.verdicts_of(found, rows)


def nothing_memorized(rng):
    """Estimates between -1 and 1, above the threshold as often as noise is, the same in all classes, without a peak."""
    stderr = np.full(300, MEM_THRESHOLD / norm.isf((1 - MEM_THRESHOLD) / 2))
    return memorization_values.verdicts_of(rng.uniform(-1, 1, 300), stderr, rng.integers(0, 5, 300))


def many_classes_all_alike(rng):
    """As many classes and examples as emoji has; that classes differ is the last verdict."""
    labels = rng.choice(88, 4700, p=(weights := np.geomspace(1, 80, 88)) / weights.sum())
    return memorization_values.verdicts_of(rng.beta(0.3, 0.7, 4700), np.full(4700, 0.1), labels)[2:]


def two_equal_groups(rng):
    one, other = rng.normal(size=(2, 8))
    marks = rng.random(60) < 0.5
    return [
        Verdict("Welch", intervals.contrast(one, 3 * other)),
        Verdict("paired", paired(one, other)),
        Verdict("a share", intervals.share_interval(marks), 0.5),
        Verdict("normal", intervals.normal_interval(float(one.mean()), 8**-0.5, 8)),
    ]


def no_rank_correlation(rng):
    ranks = rng.normal(size=(2, 100))
    return [Verdict("bootstrap", intervals.bootstrap(100, lambda rows: float(np.corrcoef(ranks[:, rows])[0, 1])))]


def pairs_that_know_no_twins(rng):
    """Half of the strong pairs are of one emoji, others are selected as often, and copies do not count."""
    emoji = np.repeat(np.array([f"E{number}" for number in range(80)]), rng.choice([1, 2, 8], 80))
    strong, found = rng.random(60) < 0.5, rng.random(70) < 0.3
    return twins.verdicts_of(strong, emoji[:60], found, emoji[:70], 0.3, rng.random(len(emoji)), emoji)


def noise_learned_as_fast(rng):
    kinds = ("real", "random labels", "random inputs")
    without = np.array([-1.0, 0, 0, 0])[:, None]  # any noise slows training down, and more of it does not
    parts = {("SGD", kind): all_there(np.exp(without + rng.normal(size=(5, 4, 3)))) for kind in kinds[1:]}
    whole = speed.verdicts_of({"SGD": {kind: all_there(np.exp(rng.normal(size=(5, 3)))) for kind in kinds}})
    return whole + speed.verdicts_of_parts((0.0, 0.3, 0.6, 1.0), parts)


def all_there(epochs):
    return speed.Speed({"epochs": epochs, "there": np.ones_like(epochs)})


def filters_all_alike(rng):
    return filters.verdicts_of({kind: rng.normal(size=5) for kind in filters.KINDS})


def memorized_examples_worth_nothing_more(rng):
    """The value does not grow with the share, is 0 where that is largest, and .01 where it should be less."""

    def judged(value):
        points = {
            name: [conflict.Point(share, value + 0.003 * rng.normal(), 0.1, 1.0) for _ in range(5)]
            for name, share in {"few": 0.1, "some": 0.2, "many": 0.3, conflict.RANDOM: 0.3}.items()
        }
        return conflict.verdicts_of(points)

    same, nothing = judged(0.01), judged(0.0)
    return [*same[:2], nothing[2], *same[3:]]


def lines_all_alike(rng):
    """Of each kind, and influence of a twin as of others; halves agree as much as is asked for, but for noise."""
    kinds, (twin, others) = (
        [rng.normal(size=size) for size in (20, 100, 40, 40)],
        (rng.normal(size=n) for n in (20, 900)),
    )
    noise = 0.02 * rng.normal()
    agreement = Interval(0.95 + noise, 0.91 + noise, 0.99 + noise, 200)
    return counterfactual.verdicts_of(kinds, twin, others, agreement)


WORLDS = {
    lines_all_alike: 300,
    noise_learned_as_fast: 300,
    filters_all_alike: 400,
    memorized_examples_worth_nothing_more: 200,
    pairs_that_know_no_twins: 200,
    early_stopping: 300,
    proxies_all_alike: 1000,
    regularisers_without_effect: 1000,
    one_regulariser_is_as_good_as_dropout: 400,
    permuted_scores: 300,
    nothing_memorized: 100,
    many_classes_all_alike: 5,
    two_equal_groups: 400,
    no_rank_correlation: 200,
    **worlds_of_arpit.WORLDS,
    **worlds_of_feldman_zhang.WORLDS,
    **worlds_of_labels.WORLDS,
}


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    """A bootstrap of 200 draws is wrong a little more often than one of 1,000, and worlds can be five times as many."""
    monkeypatch.setattr(intervals, "DRAWS", 200)


def supported(world, times, judge=lambda verdict: verdict.word == "supported"):
    rng = np.random.default_rng(0)
    return np.array([[judge(verdict) for verdict in world(rng)] for _ in range(times)]).sum(0)


@pytest.mark.parametrize("more", [1, pytest.param(15, marks=pytest.mark.slow)])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__)
def test_a_false_claim_is_seldom_supported(world, more):
    times = more * WORLDS[world]

    found = supported(world, times)

    most = binom.ppf(1 - 1e-3 / len(found), times, LEVEL)
    assert (found <= most).all(), found / times


def test_the_control_finds_a_verdict_that_cannot_fail():
    def best_epoch_of_the_same_examples(rng):
        correct, masks, wrong = curves_without_change(rng)
        held_out = dynamics.over_examples(correct, masks, ~wrong).outside
        return [Verdict("the best epoch is better than the last", paired(held_out.max(1), held_out[:, -1]))]

    assert supported(best_epoch_of_the_same_examples, 20) == 20


def test_a_true_claim_is_supported():
    rng = np.random.default_rng(0)
    rate = np.concatenate([np.linspace(0.5, 0.9, 6), np.linspace(0.85, 0.5, 6)])
    correct = rng.random((8, 12, 200)) < rate[:, None]
    stopped = stopped_early(correct, rng.random((8, 200)) < 0.7, np.ones(200, bool), 0)

    assert Verdict("", paired(stopped.gain, 0), 0.2).word == "supported"
    assert abs(stopped.epochs - 5.5).max() < 3


def test_single_influencers_are_found_unless_noise_gives_them():
    tests = np.repeat(np.arange(100), np.where(np.arange(100) < 90, 1, 2))
    none, few, all_of_them = (np.full(1000, pairs / 1000) for pairs in (0, 1, 110))

    assert influence_pairs.more_have_one(tests, none).value == pytest.approx(0.08)  # 90 with one, 10 with two
    assert Verdict("", influence_pairs.more_have_one(tests, few)).word == "supported"
    assert Verdict("", influence_pairs.more_have_one(tests, all_of_them)).word == "undecided"


def test_without_influence_neither_one_nor_several_influencers_are_found():
    """Test examples differ in how often noise selects them; were that one number for all, several would be found."""
    rng, values = np.random.default_rng(0), []
    for _ in range(40):
        found = worlds_of_feldman_zhang.trained_without_influence(rng)
        tests, chance = worlds_of_feldman_zhang.selected_by_noise(found), influence_pairs.by_noise(found)
        values.append([influence_pairs.more_have_one(tests, c).value for c in (chance, np.full(60, chance.mean()))])
    own, alike = np.transpose(values)

    assert abs(own.mean()) < 4 * own.std(ddof=1) / 40**0.5
    assert (own - alike).mean() > 4 * (own - alike).std(ddof=1) / 40**0.5


def test_a_drop_is_explained_only_where_there_is_one():
    drop, noise = 0.03 + 0.01 * np.sin(np.arange(12)), 0.002 * np.cos(3 * np.arange(12))

    def words(explained, dropped):
        row = {"influenced": explained, "all": dropped, "not influenced": noise}
        verdicts = pair_removal.verdicts_of({pair_removal.PAIRS: row, pair_removal.RANDOM: row}, explained, explained)
        return [verdict.word for verdict in verdicts[5:7]]

    assert words(0.9 * drop + noise, drop) == ["supported", "supported"]
    assert words(2 * drop, drop + noise) == ["supported", "not supported"]
    assert words(0.2 * drop, drop + noise) == ["not supported", "supported"]
    assert words(drop, noise - drop) == ["supported", "not supported"]


def test_diverging_gradients_decide_nothing():
    steady, chaotic = np.ones((2, 3, 4)), np.cumprod(np.full((2, 3, 4), 100.0), 1)

    assert loss_sensitivity.growth_of(steady) == 1
    assert loss_sensitivity.growth_of(chaotic) == 1e4 > loss_sensitivity.CHAOTIC
    assert loss_sensitivity.growth_of(np.full((1, 2, 3), np.nan)) == np.inf
    assert loss_sensitivity.undecided(Verdict("it is more", Interval(3, 2, 4, 9))).word == "undecided"


def test_diverging_gradients_in_one_draw_decide_nothing_over_all():
    def run(settings):
        verdict = Verdict("it is more", Interval(3 + settings.seed / 1e5, 2, 4, 9))
        return Result({}, [loss_sensitivity.undecided(verdict) if settings.seed == 1000 else verdict])

    [verdict] = repeated(run, BaseSettings(repeats=5)).verdicts

    assert verdict.word == "undecided"
    assert "gradients diverge" in verdict.claim


def test_proxies_are_judged_on_sets_that_did_not_choose_them_and_a_real_lead_is_found():
    rng = np.random.default_rng(0)
    pearson, spearman = correlations_by_set(rng), correlations_by_set(rng)
    spearman["a"] = dict(enumerate(5 + 0.1 * rng.normal(size=16)))
    spearman["b"] = {row: 9.0 * (row % 2) - 1 for row in range(16)}  # best of all on the sets that judge
    spearman[proxies.FOLDED] = dict(enumerate(7 + 0.1 * rng.normal(size=16)))
    pearson["learned for good"] = {row: 0.97 + 0.001 * row for row in range(16)}
    pearson["c"][3] = np.nan

    *claimed, _, ranks, lead, folded = proxies.verdicts_of(pearson, spearman)

    assert [verdict.word == "supported" for verdict in claimed] == [False, True, False, False]
    assert 4.9 < ranks.effect.value < 5.1
    assert (ranks.word, lead.word, folded.word) == ("supported",) * 3
