"""Intervals of counts: by hand, against other programs, and their coverage of every truth, worked out exactly."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binom, binomtest, fisher_exact

import memjax
from memjax.errors import InputError
from memjax.report.page.overview import share_interval
from memjax.statistics import differences
from memjax.statistics.differences import difference_limits
from memjax.types import Estimate

RATES_OUT = np.r_[0, 0.002, 0.01, 0.03, np.linspace(0.1, 0.9, 17), 0.93, 0.95, 0.97, 0.985, 0.995, 0.999, 1]


def all_counts(num_in, num_out):
    return *np.indices((num_in + 1, num_out + 1)).astype(float), num_in, num_out


def limits(num_in, num_out, form, level=0.95):
    right_in, right_out, *_ = all_counts(num_in, num_out)
    value, total = right_in / num_in - right_out / num_out, right_in + right_out
    stderr = np.sqrt(sum(adjusted(right, n) for right, n in ((right_in, num_in), (right_out, num_out))))
    estimate = Estimate(value, stderr, np.float64(num_in), np.float64(num_out), total)
    return estimate.interval(level, form=form)


def adjusted(right, n):
    return (right + 1) / (n + 2) * (1 - (right + 1) / (n + 2)) / (n - 1)


def coverage(ends, num_in, num_out, rates_in, rates_out):
    """The probability that the interval holds the truth: a sum over all counts."""
    found = np.empty((len(rates_in), len(rates_out)))
    of_out = binom.pmf(np.arange(num_out + 1)[:, None], num_out, rates_out)
    for row, rate in enumerate(rates_in):
        of_in = binom.pmf(np.arange(num_in + 1), num_in, rate)
        for column, other in enumerate(rates_out):
            holds = (ends.low <= rate - other + 1e-9) & (ends.high >= rate - other - 1e-9)
            found[row, column] = of_in @ holds @ of_out[:, column]
    return found


def test_where_one_rate_is_certain_the_limits_are_those_of_the_other():
    """20 of 20 and 3 of 9 right: the upper end is 1 minus the lower limit of Clopper and Pearson for 3 of 9."""
    other = binomtest(3, 9).proportion_ci(method="exact")
    low, high = difference_limits(np.array([20.0]), 20, np.array([3.0]), 9, 0.05, exact=True)

    # The lower end has the noise of 20 of 20 as well, so that it is lower.
    assert 1 - other.high - 0.17 < low[0] < 1 - other.high
    np.testing.assert_allclose(high[0], 1 - other.low, atol=1e-6)


def test_mid_p_limits_have_half_of_their_level_on_either_side():
    """Of 1 rate: n of n right, and none of n outside the same way round: alpha = rate ** n."""
    low, high = difference_limits(np.array([7.0, 0.0]), 7, np.array([0.0, 5.0]), 5, 0.05, exact=False)

    missed_in, missed_out = 1 - 0.05 ** (1 / 7), 1 - 0.05 ** (1 / 5)
    np.testing.assert_allclose(low[0], 1 - np.hypot(missed_in, missed_out), atol=1e-9)
    np.testing.assert_allclose(high, [1, -1 + np.hypot(missed_in, missed_out)], atol=1e-9)


def test_exact_intervals_agree_with_fishers_test():
    """The lower end is above 0 if and only if the one-sided p is below 2.5 %."""
    right_in, right_out, num_in, num_out = all_counts(12, 8)
    low, _ = difference_limits(right_in, num_in, right_out, num_out, 0.05, exact=True)

    for a, b in np.ndindex(low.shape):
        p_value = fisher_exact([[a, num_in - a], [b, num_out - b]], alternative="greater").pvalue
        assert (low[a, b] > 0) == (p_value < 0.025), (a, b)


def test_exact_limits_are_quantiles_of_a_difference_of_betas():
    rng = np.random.default_rng(0)
    draws = rng.beta(14, 2, 10**6) - rng.beta(4, 12, 10**6)

    low, _ = difference_limits(np.array([14.0]), 15, np.array([3.0]), 15, 0.05, exact=True)

    assert abs((draws < low[0]).mean() - 0.025) < 4 * np.sqrt(0.025 * 0.975 / 10**6)


@pytest.mark.parametrize("alpha", [0.05, 1e-6])
@pytest.mark.parametrize(
    "counts",
    [
        (1, 551, 0, 8),
        (16, 16, 2, 3),
        (816, 816, 4, 9),
        (3, 5, 690, 974),
        (0, 7, 2, 90),
        (2, 2, 9, 11),
        (18, 18, 15, 16),
    ],
)
def test_exact_limits_of_very_unequal_sides(counts, alpha):
    """Integrated by QUADPACK over the other of the two rates, in pieces."""
    right, count, other, of = counts
    upper = beta(other + 1, of - other)

    low, _ = difference_limits(*np.array([counts], float).T, alpha, exact=True)

    def below(u):
        return upper.pdf(u) * (beta(right, count - right + 1).cdf(low[0] + u) if right else low[0] + u >= 0)

    cuts = np.unique(np.r_[0, 1, upper.ppf(np.r_[1e-9, np.linspace(0.02, 0.98, 7), 1 - 1e-9]), np.clip(-low, 0, 1)])
    found = sum(quad(below, *ends, epsabs=1e-14)[0] for ends in itertools.pairwise(cuts))
    np.testing.assert_allclose(found, alpha / 2, rtol=1e-3)


def test_exact_limits_of_many_counts_come_in_parts(monkeypatch):
    counts = all_counts(12, 8)
    whole = difference_limits(*(counts[each] for each in (0, 2, 1, 3)), 0.05, exact=True)
    monkeypatch.setattr(differences, "_AT_ONCE", 10)

    parts = difference_limits(*(counts[each] for each in (0, 2, 1, 3)), 0.05, exact=True)

    np.testing.assert_allclose(parts, whole, atol=1e-9)
    none = difference_limits(*np.zeros((4, 0)), 0.05, exact=True)
    assert none[0].shape == none[1].shape == (0,)


@pytest.mark.parametrize(("form", "least"), [("mid-p", 0.92), ("exact", 0.94)])
@pytest.mark.parametrize(("num_in", "num_out"), [(15, 15), (21, 9), (35, 15), (70, 30)])
def test_worst_coverage(num_in, num_out, form, least):
    """Normal intervals fall to 88 to 90 % here; see the last test."""
    ends = limits(num_in, num_out, form)

    found = coverage(ends, num_in, num_out, np.array([1, 0.999, 0.99, 0.98, 0.9, 0.7, 0.5]), RATES_OUT)

    assert found.min() >= least
    assert found.mean() >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("form", "least"), [("mid-p", 0.92), ("exact", 0.94)])
@pytest.mark.parametrize(("num_in", "num_out"), [(140, 60), (350, 150), (1400, 600), (1000, 1000)])
def test_worst_coverage_of_many_models(num_in, num_out, form, least):
    found = coverage(limits(num_in, num_out, form), num_in, num_out, np.array([1, 0.999, 0.99, 0.9, 0.5]), RATES_OUT)

    assert found.min() >= least


@pytest.mark.parametrize("level", [0.98, 0.99, 0.9999, 1 - 0.05 / 60_000])
@pytest.mark.parametrize(("num_in", "num_out"), [(12, 12), (35, 15), (70, 30)])
def test_worst_coverage_of_other_levels(num_in, num_out, level):
    """Limits that are joined by their squares miss up to 4 % at any of these levels: at rates of .99 and .01, where one
    model on either side is wrong."""
    ends = limits(num_in, num_out, None, level)

    found = coverage(ends, num_in, num_out, np.array([1, 0.999, 0.99, 0.95, 0.8, 0.5]), RATES_OUT)

    assert ends.form == "exact"
    assert 1 - found.min() <= 1 - level


def test_they_are_no_wider_than_normal_ones_that_cover_less():
    rates_in, rates_out = np.array([1, 0.999, 0.99, 0.9, 0.7]), RATES_OUT
    of_in, of_out = (binom.pmf(np.arange(n + 1)[:, None], n, rates) for n, rates in ((35, rates_in), (15, rates_out)))
    widths = {
        form: of_in.T @ np.subtract(*limits(35, 15, form)[::-1]) @ of_out for form in ("normal", "mid-p", "exact")
    }

    assert (widths["mid-p"] / widths["normal"]).mean() < 1
    assert (widths["exact"] / widths["normal"]).mean() < 1.1
    assert coverage(limits(35, 15, "normal"), 35, 15, rates_in, rates_out).min() < 0.91


def test_an_estimate_says_its_form_and_takes_the_counts_of_its_models():
    rng = np.random.default_rng(1)
    masks = rng.random((60, 40)) < 0.7
    correct = rng.random((60, 40)) < np.where(masks, 0.98, 0.6)
    right = [(correct & side).sum(0) for side in (masks, ~masks)]

    for estimate in (memjax.memorization(masks, correct), memjax.influence(masks, correct)):
        ends = estimate.interval()
        expected = difference_limits(right[0], masks.sum(0), right[1], (~masks).sum(0), 0.05, exact=False)

        assert ends.form == "mid-p"
        own = np.s_[...] if ends.low.ndim == 1 else np.diag_indices(40)
        np.testing.assert_allclose((ends.low[own], ends.high[own]), expected)


def test_an_estimate_without_counts_says_so():
    estimate = memjax.memorization(np.eye(4, dtype=bool), np.eye(4) * 2)

    assert estimate.interval().form == "normal"
    assert memjax.memorization(np.eye(4, dtype=bool), np.eye(4) / 2).interval().form == "bounded"
    with pytest.raises(InputError, match="of scores from 0 to 1; take form='normal'"):
        estimate.interval(form="bounded")
    with pytest.raises(InputError, match="take form='normal'"):
        estimate.interval(form="exact")
    with pytest.raises(InputError, match="did you mean exact"):
        estimate.interval(form="exakt")
    with pytest.raises(InputError, match=r"up to a level of 0\.95 each, not 0\.99; take form='exact'"):
        memjax.memorization(np.eye(4, dtype=bool), np.eye(4, dtype=bool)).interval(0.99, form="mid-p")


def test_bands_hold_all_truths_together():
    """Of 40 worlds with 200 examples each, the band misses an example in at most 5 %; intervals one by one in most.
    Models that saw an example are wrong now and then, and some rates of the others are near 0."""
    rng = np.random.default_rng(2)
    missed = {True: 0, False: 0}
    rates = np.r_[np.ones(50), np.full(50, 0.01), rng.random(100)]
    for _ in range(40):
        masks = rng.random((100, 200)) < 0.7
        estimate = memjax.memorization(masks, rng.random((100, 200)) < np.where(masks, 0.99, rates))
        for together in missed:
            low, high = estimate.interval(simultaneous=together)
            missed[together] += not ((low <= 0.99 - rates) & (0.99 - rates <= high)).all()

    assert missed[True] <= 2 + 4 * np.sqrt(2 * 0.95)
    assert missed[False] > 36


def test_undefined_only_where_a_side_has_no_model():
    masks = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 0]], bool)

    low, high = memjax.memorization(masks, masks).interval()

    assert np.isfinite(low).tolist() == np.isfinite(high).tolist() == [True, False, False]


def test_the_interval_of_the_share_counts_the_noise_of_scores():
    """No example has a true memorization of .25, all have .15: of 50 models noise puts many above."""
    rng = np.random.default_rng(3)
    masks = rng.random((50, 2000)) < 0.7
    memorization = memjax.memorization(masks, rng.random(masks.shape) < np.where(masks, 1.0, 0.85))

    low, high = share_interval(memorization)

    assert (memorization.value >= 0.25).mean() > 0.1
    assert low == 0 < high
