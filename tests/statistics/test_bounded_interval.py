"""Intervals of probabilities where failures are rare, in the middle, and of rates, against Clopper and Pearson."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from memjax import estimators
from memjax.errors import InputError
from memjax.estimators.kernels.moments import Moments
from memjax.statistics.differences import _limits, bounded_limits, sides_of_difference

EXAMPLES = 2000


def covered(seed, models, inside, outside, truth):
    rng = np.random.default_rng(seed)
    masks = rng.random((models, EXAMPLES)) < 0.7
    scores = np.where(masks, inside(rng, masks.shape), outside(rng, masks.shape)).astype(np.float32)
    sides, estimate = estimators.sides(masks, scores), estimators.memorization(masks, scores)
    known = np.isfinite(estimate.stderr)
    # In this order: from both sides, by default, and as a folder has it, which has only the error of the difference.
    stored = [np.asarray(value) for side in sides for value in (side.mean, side.count)]
    intervals = [
        estimators.bounded_interval(*sides),
        estimate.interval(),
        bounded_limits(*sides_of_difference(*stored, np.asarray(estimate.stderr)), 0.05),
        estimate.interval(form="normal"),
    ]
    shares = [((low <= truth) & (truth <= high))[known].mean() for low, high in intervals]
    assert [interval.form for interval in intervals] == [*["bounded"] * 3, "normal"]
    low, high = intervals[0]
    return min(shares[:3]), shares[3], np.mean((high - low)[known])


def sure(rng, shape):
    return rng.beta(200, 1, shape)


def rarely_wrong(rng, shape):
    return np.where(rng.random(shape) < 0.01, rng.beta(1, 20, shape), sure(rng, shape))


@pytest.mark.parametrize("models", [30, 50, 200, 1000])
def test_a_rare_failure_that_no_model_has_shown_yet_is_covered(models):
    truth = 0.01 * (200 / 201 - 1 / 21)

    found, normal, _ = covered(models, models, sure, rarely_wrong, truth)

    assert found > 0.95 - 4 * np.sqrt(0.95 * 0.05 / EXAMPLES)
    if models <= 200:
        assert normal < 0.6


@pytest.mark.parametrize(("a", "b"), [(3, 3), (8, 2), (0.5, 0.5)])
def test_in_the_middle_it_covers_and_is_not_much_wider(a, b):
    found, _, width = covered(
        1, 300, lambda rng, shape: rng.beta(8, 2, shape), lambda rng, shape: rng.beta(a, b, shape), 0.8 - a / (a + b)
    )

    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / EXAMPLES) < found < 0.99
    variance = 0.8 * 0.2 / 11 / 210 + a * b / (a + b) ** 2 / (a + b + 1) / 90
    assert width < 1.35 * 2 * 1.96 * np.sqrt(variance)


def test_each_side_of_rates_has_the_limits_of_clopper_and_pearson():
    right = np.arange(13)
    masks = np.ones((12, 13), bool)
    scores = np.arange(12)[:, None] < right

    side, _ = estimators.sides(masks, scores, "plug-in")
    unbiased = side._replace(variance=np.asarray(side.variance, np.float64) * 12 / 11)
    low, high = _limits(unbiased, 0.025)

    expected = np.array([binomtest(int(k), 12).proportion_ci(method="exact") for k in right])
    np.testing.assert_allclose(np.stack([low, high], 1), expected, atol=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99, 0.9999])
def test_rates_are_covered_at_every_level(level):
    """By sums over all counts of 35 and 15 models.  Joined by their squares, limits missed 4 % at the last two."""
    counts = zip(np.indices((36, 16)).astype(float), (35, 15), strict=True)
    sides = [Moments(np.full(k.shape, n), k / n, k / n * (1 - k / n) / (n - 1)) for k, n in counts]
    low, high = estimators.bounded_interval(*sides, level)

    for rate in (1, 0.999, 0.99, 0.9, 0.5):
        for other in (0, 0.01, 0.03, 0.2, 0.7, 0.97, 1):
            holds = (low <= rate - other + 1e-9) & (rate - other - 1e-9 <= high)
            found = binom.pmf(np.arange(36), 35, rate) @ holds @ binom.pmf(np.arange(16), 15, other)
            assert found >= level - 0.005 * (level <= 0.95), (rate, other)


def test_influence_in_parts_has_such_intervals_too():
    rng = np.random.default_rng(2)
    masks, scores = rng.random((90, 5)) < 0.5, rng.random((90, 7))
    totals = estimators.add_totals(
        *(estimators.influence_totals(masks[p], scores[p]) for p in (np.s_[:40], np.s_[40:]))
    )

    low, high = estimators.bounded_interval(*estimators.sides_of(totals))

    assert low.shape == (5, 7)
    value = np.asarray(estimators.influence(masks, scores).value)
    assert ((low < value) & (value < high)).all()


def test_margins_are_refused_and_an_unknown_side_is_undefined():
    masks = np.array([[1, 1], [1, 0], [1, 0], [1, 1]], bool)

    with pytest.raises(InputError, match="for probabilities, not for margins"):
        estimators.bounded_interval(*estimators.sides(masks, np.full((4, 2), 3.5)))
    with pytest.raises(InputError, match="give a probability"):
        estimators.bounded_interval(*estimators.sides(masks, np.full((4, 2), 0.5)), level=95.0)
    interval = estimators.bounded_interval(*estimators.sides(masks, np.full((4, 2), 0.5)))
    assert np.isnan(interval.low).tolist() == [True, False]
    assert interval.form == "bounded"
