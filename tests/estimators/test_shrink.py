"""Posteriors against priors that are known, and what is never invented."""

import numpy as np
import pytest
from scipy.special import betaln

from memjax.errors import InputError
from memjax.estimators import memorization, shrink
from memjax.estimators.kernels.posteriors import Rates, _distribution, central_interval, posterior_of_counts
from memjax.types import Estimate


def estimate_of(value, stderr):
    return Estimate(np.asarray(value, np.float32), np.asarray(stderr, np.float32), None, None)


def test_counts_under_a_known_prior():
    """Held-out rates 1 with probability .7, else beta(2, 1); posterior means by the formula under that prior."""
    rng = np.random.default_rng(0)
    rate = np.where(rng.random(20_000) < 0.7, 1, rng.beta(2, 1, 20_000))
    right = rng.binomial(12, rate).astype(float)
    counts = np.stack([np.full(20_000, 40.0), np.full(20_000, 40.0), right, np.full(20_000, 12.0)])
    drawn = 0.3 * np.exp(betaln(2 + right, 1 + 12 - right) - betaln(2, 1))
    one = 0.7 * (right == 12) / (0.7 * (right == 12) + drawn)
    mean = one + (1 - one) * (2 + right) / 15

    value, stderr, low, high, at_least = posterior_of_counts(counts, counts, 0.25, 0.95)

    best, found = ((mean - rate) ** 2).mean(), ((1 - value - rate) ** 2).mean()
    assert found < 1.01 * best
    assert ((right / 12 - rate) ** 2).mean() > 1.1 * best
    four = 4 / np.sqrt(20_000)
    assert abs(((1 - value - rate) / np.where(stderr > 0, stderr, 1)).std() - 1) < 0.05
    assert 0.95 - 0.22 * four < ((low <= 1 - rate) & (1 - rate <= high)).mean() < 0.99  # most are 0, in all intervals
    assert abs(at_least.mean() - (rate <= 0.75).mean()) < 0.5 * four
    likely = at_least > 0.5
    assert abs(at_least[likely].mean() - (rate[likely] <= 0.75).mean()) < 2 / np.sqrt(likely.sum())


def test_the_distribution_of_a_difference_is_that_of_draws():
    rng = np.random.default_rng(1)
    inside, outside = (Rates(*map(np.array, given)) for given in (([0.6], [30.0], [2.0]), ([0.2], [5.0], [4.0])))
    draws = [
        np.where(rng.random(200_000) < rates.one, 1, rng.beta(rates.a, rates.b, 200_000)) for rates in (inside, outside)
    ]
    difference = draws[0] - draws[1]

    below = _distribution(inside, outside)

    for limit in (-0.2, 0.0, 0.1, 0.4, 0.7):
        assert abs(below(np.array([limit]))[0] - (difference <= limit).mean()) < 0.01
    ends = np.concatenate(central_interval(below, np.array([-1.0]), np.array([1.0]), 0.8))
    np.testing.assert_allclose(ends, np.quantile(difference, [0.1, 0.9]), atol=0.01)


def test_normal_estimates_under_a_known_prior():
    """The posterior of normal(.2, .1) and noise of its own size for each entry is a formula."""
    rng = np.random.default_rng(2)
    truth, stderr = rng.normal(0.2, 0.1, 8000), rng.uniform(0.02, 0.3, 8000)
    value = rng.normal(truth, stderr)
    weight = 0.01 / (0.01 + stderr**2)

    found = shrink(estimate_of(value, stderr), threshold=0.3)

    best = ((0.2 + weight * (value - 0.2) - truth) ** 2).mean()
    assert ((found.value - truth) ** 2).mean() < 1.05 * best
    assert abs((((found.value - truth) / found.stderr) ** 2).mean() - 1) < 4 * np.sqrt(2 / 8000) + 0.03
    assert abs(((found.low <= truth) & (truth <= found.high)).mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 8000) + 0.01
    assert abs(found.at_least.mean() - (truth >= 0.3).mean()) < 0.05  # of .16: the tail of a prior is hard to tell


def test_the_largest_of_pure_noise_is_pulled_to_0_and_certainty_stays():
    rng = np.random.default_rng(3)
    value, stderr = rng.normal(0, 0.1, 3000), np.full(3000, 0.1)
    value[:60], stderr[:60] = 0.5, 1e-4

    found = shrink(estimate_of(value, stderr))

    assert np.abs(found.value[60:]).max() < 0.15 < 0.3 < np.abs(value[60:]).max()
    np.testing.assert_allclose(found.value[:60], 0.5, atol=1e-3)
    assert (found.at_least[:60] > 0.99).all()
    assert found.at_least[60:].mean() < 0.002


def test_a_prior_that_does_not_fit_does_no_harm():
    """Errors that grow with the truth: a prior that takes them to be unrelated pulls the few large ones to 0."""
    rng = np.random.default_rng(4)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        large = rng.random(1500) < 0.03
        truth = np.where(large, rng.uniform(0.2, 1, 1500), np.abs(rng.normal(0, 0.002, 1500)))
        stderr = np.where(large, 0.15, 0.001)
        value = rng.normal(truth, stderr)

        found = shrink(estimate_of(value, stderr))

        assert ((found.value - truth) ** 2).mean() <= 1.02 * ((value - truth) ** 2).mean()


def test_scores_of_which_no_two_models_differ_say_nothing_of_the_others():
    """Probabilities that are exactly 1 in all models have the error of the answers added to them, and the value 0."""
    rng = np.random.default_rng(9)
    truth = rng.uniform(0.2, 0.9, 200)
    value, stderr = rng.normal(truth, 0.1), np.full(200, 0.1)

    alone = shrink(estimate_of(value, stderr))
    beside = shrink(estimate_of(np.r_[value, np.zeros(2000)], np.r_[stderr, np.full(2000, 0.1)]))

    np.testing.assert_allclose(beside.value[:200], alone.value)
    assert ((beside.value[:200] - truth) ** 2).mean() < 1.02 * ((value - truth) ** 2).mean()


def test_undefined_stays_undefined_and_counts_for_nothing():
    rng = np.random.default_rng(5)
    value, stderr = rng.normal(0.2, 0.2, 400), np.full(400, 0.1)
    with_undefined = np.r_[value, np.nan, 0.7], np.r_[stderr, np.nan, np.nan]

    found, more = shrink(estimate_of(value, stderr)), shrink(estimate_of(*with_undefined))

    np.testing.assert_array_equal(more.value[:400], found.value)
    assert np.isnan(more.value[400])
    assert more.value[401] == np.float32(0.7)  # nothing to shrink it by
    assert np.isnan(np.stack(more)[1:, 400:]).all()


def test_groups_have_priors_of_their_own_and_small_ones_that_of_all():
    rng = np.random.default_rng(6)
    groups = np.repeat([0, 1, 2], [2000, 2000, 20])
    truth = np.where(groups == 1, 0.5, 0.0)
    value = rng.normal(truth, 0.2)

    found = shrink(estimate_of(value, np.full(4020, 0.2)), groups)

    assert np.abs(found.value - truth)[:4000].max() < 0.06
    together = shrink(estimate_of(value, np.full(4020, 0.2)))
    np.testing.assert_allclose(found.value[4000:], together.value[4000:])


def test_memorization_of_counts_is_shrunk_by_counts():
    """At 20 models a score of 0 from six right answers of six has a normal error that says little; its counts more."""
    rng = np.random.default_rng(7)
    masks = rng.random((20, 3000)) < 0.7
    rate = np.where(rng.random(3000) < 0.9, 1, rng.random(3000))
    estimate = memorization(masks, rng.random(masks.shape) < np.where(masks, 1, rate))

    found = shrink(estimate)

    known = np.isfinite(estimate.stderr)
    error = np.asarray(estimate.value) - (1 - rate)
    assert ((found.value - (1 - rate))[known] ** 2).mean() < 0.95 * (error[known] ** 2).mean()
    assert np.isnan(found.stderr[~known]).all()


def test_pairs_have_the_threshold_of_influence():
    rng = np.random.default_rng(8)
    value, stderr = rng.normal(0, 0.05, (30, 20)), np.full((30, 20), 0.05)
    value[0] = 0.2

    found = shrink(estimate_of(value, stderr))

    assert found.value.shape == (30, 20)
    assert found.at_least[0].mean() > 0.5
    assert shrink(estimate_of(value, stderr), threshold=0.25).at_least[0].mean() < 0.5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"groups": np.zeros(3)}, "expected one per entry"),
        ({"level": 1.0}, "give a probability between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        shrink(estimate_of([1, 2], [1, 1]), **given)
