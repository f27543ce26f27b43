"""What attacks and the bounds made from them promise, over many worlds of known truth."""

import numpy as np
import pytest
import scipy.stats

from memjax.estimators import epsilon_from_one_model, epsilon_from_rates, lira, membership_curve
from tests.estimators.test_epsilon import randomized_response

pytestmark = pytest.mark.ci

WORLDS = 400


def gaussian(rng, models, targets=40, train=400):
    """Scores that are normal about centres of each example, with deviations and gaps of its own."""
    centre, gap = rng.normal(3, 2, train), np.where(rng.random(train) < 0.2, 3.0, 0.3)
    deviation = np.sqrt(2.0 / rng.gamma(3.0, 1.0, train))
    masks, members = rng.random((models, train)) < 0.5, rng.random((targets, train)) < 0.5

    def scores(seen):
        return centre + gap * seen + deviation * rng.normal(size=seen.shape)

    log_odds, target = scores(masks), scores(members)
    best = scipy.stats.norm(centre + gap, deviation).logpdf(target) - scipy.stats.norm(centre, deviation).logpdf(target)
    return masks, log_odds, target, members, best


@pytest.mark.parametrize("models", [4, *(pytest.param(each, marks=pytest.mark.slow) for each in (8, 16, 64))])
def test_the_prior_is_better_than_either_variance_of_the_paper(models):
    """By the area under the curve, over worlds; the true densities are the limit."""
    ours, others, best = [], [], []
    for seed in range(8):
        masks, log_odds, target, members, exact = gaussian(np.random.default_rng(seed), models)
        scores = [np.asarray(lira(masks, log_odds, target, variance=kind)) for kind in ("prior", "fixed", "own")]
        # Where an example has one score, "own" is undefined: the three are compared where all are defined.
        known = np.isfinite(scores).all(0)
        areas = [membership_curve(each[known], members[known]).auc for each in (*scores, exact)]
        ours.append(areas[0])
        others.append(max(areas[1:3]))
        best.append(areas[3])

    gain, short = np.subtract(ours, others), np.subtract(best, ours)
    assert gain.mean() > -2 * gain.std(ddof=1) / np.sqrt(8)
    assert short.mean() > -4 * short.std(ddof=1) / np.sqrt(8)


@pytest.mark.ci
def test_intervals_of_the_rate_of_true_positives_cover_it():
    """At a fixed threshold, given by non-members of which there are very many."""
    truth, covered = scipy.stats.norm.sf(scipy.stats.norm.isf(0.01) - 2), []
    outside = scipy.stats.norm.ppf(np.arange(0.5, 100000) / 100000)
    for seed in range(WORLDS):
        inside = np.random.default_rng(seed).normal(2, 1, 60)
        curve = membership_curve(np.concatenate([inside, outside]), np.arange(60 + len(outside)) < 60)
        low, high = curve.interval(0.01)
        covered.append(low <= truth <= high)

    exact = sum(scipy.stats.binom.pmf(k, 60, truth) for k in range(61) if _covers(k, truth))
    assert abs(np.mean(covered) - exact) < 4 * np.sqrt(exact * (1 - exact) / WORLDS)
    assert exact >= 0.95


def _covers(successes, truth):
    interval = scipy.stats.binomtest(successes, 60).proportion_ci(0.95, "exact")
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize("bound", ["rates", "one model"])
@pytest.mark.parametrize("epsilon", [0.0, 1.0, 3.0])
def test_a_bound_of_epsilon_exceeds_it_no_more_often_than_it_may(bound, epsilon):
    found = []
    for seed in range(WORLDS):
        rng = np.random.default_rng(seed)
        scores, members = randomized_response(rng, 300, epsilon)
        untied = scores + 1e-3 * rng.random(300)
        found.append(
            epsilon_from_rates(scores, members) if bound == "rates" else epsilon_from_one_model(untied, members, 200)
        )

    assert np.mean(np.array(found) > epsilon) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / WORLDS)
    if epsilon == 3.0:
        assert np.mean(found) > 1.0  # and it is a bound of some use
