"""Tests of many examples and pairs: what their levels promise, in worlds that are known."""

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

import memjax
from memjax import store
from memjax.errors import InputError
from memjax.estimators import family_wise_p_values, memorization_p_values, pair_p_values, q_values
from memjax.statistics.differences import exceeds_by

EVERY = np.stack(np.meshgrid(np.arange(20), np.arange(20), indexing="ij")).reshape(2, -1)


def world(seed, models=120, effect=0.0, complementary=False):
    """20 training and 20 test examples; the first three pairs of the diagonal have an effect."""
    rng = np.random.default_rng(seed)
    masks = rng.random((models, 20)) < 0.5
    if complementary:
        masks[1::2] = ~masks[::2]
    quality = rng.normal(0, 0.1, (models, 1))  # some models are better: test examples are not independent
    chance = np.clip(0.5 + quality + effect * (masks - 0.5) * (np.arange(20) < 3), 0, 1)
    return masks, rng.random((models, 20)) < chance


def test_pairs_that_hurt_have_the_other_tail():
    masks, correct = world(0)
    counts = (masks[:, EVERY[0]] & correct[:, EVERY[1]]).sum(0)
    among = len(masks), correct.sum(0)[EVERY[1]], masks.sum(0)[EVERY[0]]

    np.testing.assert_allclose(pair_p_values(masks, correct, *EVERY, alternative="less"), hypergeom.cdf(counts, *among))
    both = pair_p_values(masks, correct, *EVERY) + pair_p_values(masks, correct, *EVERY, alternative="less")
    np.testing.assert_allclose(both, 1 + hypergeom.pmf(counts, *among))
    halves, answers = world(1, complementary=True)
    less = pair_p_values(halves, answers, *EVERY, True, alternative="less")
    np.testing.assert_allclose(less, pair_p_values(halves, ~answers, *EVERY, True))  # right and wrong change places


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_false_pairs_among_those_that_hurt_or_help_are_as_few_as_asked_for(alternative):
    sign, false = 1 if alternative == "greater" else -1, []
    true = (EVERY[0] == EVERY[1]) & (EVERY[0] < 3)
    found = []
    for seed in range(40):
        q = q_values(pair_p_values(*world(seed, effect=0.7 * sign), *EVERY, alternative=alternative), EVERY.shape[1])
        false.append(((q <= 0.1) & ~true).sum() / max(1, (q <= 0.1).sum()))
        found.append((q <= 0.1)[true].mean())

    assert np.mean(false) < 0.1 + 4 * np.std(false) / np.sqrt(40)
    assert np.mean(found) > 0.9


def test_memorization_is_tested_like_a_pair_of_an_example_with_itself():
    masks, correct = world(2, effect=0.7)

    p_values = memorization_p_values(masks, correct)

    np.testing.assert_array_equal(p_values, pair_p_values(masks, correct, np.arange(20), np.arange(20)))
    assert (q_values(p_values, 20)[:3] < 0.01).all()
    assert (memorization_p_values(masks, correct, least=0.15)[:3] < 0.01).all()


@pytest.mark.parametrize(("num_in", "num_out"), [(15, 15), (70, 30), (200, 80)])
@pytest.mark.parametrize("level", [0.05, 1e-3, 1e-5])
def test_an_influence_of_just_the_margin_is_significant_no_more_often_than_the_level_says(num_in, num_out, level):
    """Exactly, over all counts; q-values of thousands of pairs need levels of 1e-5."""
    right_in, right_out = (side.ravel() for side in np.meshgrid(np.arange(num_in + 1), np.arange(num_out + 1)))
    p_values = exceeds_by(*np.broadcast_arrays(right_in, num_in, right_out, num_out), 0.15)

    rejected = [
        binom.pmf(right_in, num_in, second + 0.15) * binom.pmf(right_out, num_out, second) @ (p_values <= level)
        for second in (0, 0.01, 0.05, 0.2, 0.5, 0.7, 0.8, 0.84, 0.85)
    ]

    assert 0.1 * level < max(rejected) < level


def test_without_a_margin_the_test_is_fishers():
    right_in, right_out = (side.ravel() for side in np.meshgrid(np.arange(21), np.arange(13)))

    found = exceeds_by(*np.broadcast_arrays(right_in, 20, right_out, 12), 0.0)

    np.testing.assert_allclose(found, hypergeom.sf(right_in - 1, 32, right_in + right_out, 20), rtol=1e-6)


def test_a_small_influence_is_significant_against_0_and_not_against_the_margin():
    rng = np.random.default_rng(3)
    masks = rng.random((4000, 2)) < 0.5
    correct = rng.random((4000, 2)) < np.where(masks, [0.6, 0.8], 0.5)
    own = np.arange(2)

    assert (pair_p_values(masks, correct, own, own) < 1e-6).all()
    beyond = pair_p_values(masks, correct, own, own, least=0.15)
    assert beyond[0] > 0.5
    assert beyond[1] < 1e-6
    mirrored = pair_p_values(masks, ~correct, own, own, alternative="less", least=0.15)
    np.testing.assert_allclose(mirrored, beyond, rtol=1e-6)


@pytest.mark.parametrize("complementary", [False, True])
def test_no_pair_at_all_is_found_falsely_more_often_than_the_level_says(complementary):
    worlds, level = 200, 0.1
    any_found = [
        family_wise_p_values(*world(seed, 40, 0.0, complementary), complementary, permutations=99, seed=seed).min()
        <= level
        for seed in range(worlds)
    ]

    assert abs(np.mean(any_found) - level) < 4 * np.sqrt(level * (1 - level) / worlds)


def test_strong_pairs_are_found_among_all():
    p_values = family_wise_p_values(*world(4, effect=0.8), permutations=199)

    assert (p_values[:3, :3].diagonal() <= 0.005 + 1e-9).all()
    others = p_values[~np.eye(20, dtype=bool)]
    assert np.mean(others <= 0.05) < 0.01


def test_models_change_places_within_their_stratum_only():
    """Models of two sizes: the larger ones are better.  Nothing else makes a difference."""
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        size = np.repeat([4, 16], 30)
        masks = np.stack([rng.permutation(20) < one for one in size])
        correct = rng.random((60, 20)) < np.where(size == 4, 0.2, 0.8)[:, None]
        found.append([
            family_wise_p_values(masks, correct, strata=strata, permutations=39).min() <= 0.05
            for strata in (np.zeros(60), None)
        ])  # fmt: skip
    confounded, right = np.mean(found, 0)  # by default, strata are the sizes

    assert confounded > 0.5
    assert right < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 60)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alternative": "two-sided"}, "alternative"),
        ({"least": 1.5}, "expected an influence of at least 0 and below 1"),
        ({"least": 0.1}, "for independent models with subsets of one size"),
    ],
)
def test_what_cannot_be_tested_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        pair_p_values(*world(0, complementary=True), *EVERY, **change)
    with pytest.raises(InputError, match="one number per model"):
        family_wise_p_values(*world(0), strata=np.zeros(3))


def test_a_run_has_q_values_of_memorization_and_the_influence_of_pairs_in_new_models(tmp_path):
    """Fifty of 300 examples are memorized, and each of these decides about one test example of 300."""
    rng = np.random.default_rng(5)
    masks = rng.random((100, 300)) < 0.6
    own = np.arange(300) < 50
    train = rng.random((100, 300)) < np.where(masks | ~own, 1.0, 0.2)
    test = rng.random((100, 300)) < np.where(own, np.where(masks, 0.75, 0.45), 0.6)
    labels = np.arange(300) % 3
    arrays = {"masks": masks, "train_correct": train, "test_correct": test, "train_labels": labels}
    memjax.report_arrays(arrays | {"test_labels": labels}, tmp_path)

    estimates, pairs, *_ = store.read_found(tmp_path, checked=False)
    found = estimates.mem_q_value

    np.testing.assert_allclose(found, q_values(memorization_p_values(masks, train), 300))
    assert ((found <= 0.05) == own).mean() > 0.98
    new = np.where((pairs.train_rows == pairs.test_rows), 0.3, 0.0)
    raw, shrunken = (np.abs(values.mean() - new.mean()) for values in (pairs.influence, pairs.shrunken))
    assert shrunken < 0.5 * raw
