import numpy as np
import pytest
from scipy.stats import binom

from experiments.common.intervals import (
    Interval,
    bootstrap,
    contrast,
    difference,
    effective_number,
    ends,
    for_few,
    mean_interval,
    mean_intervals,
    paired,
    quotient,
    ratio_interval,
    share_interval,
    stratified_mean,
    together,
)


def test_bootstrap_of_a_mean_has_its_standard_error():
    values = np.random.default_rng(0).normal(size=400)

    found = bootstrap(400, lambda rows: values[rows].mean())

    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_bootstrap_of_nothing_says_nothing():
    assert np.isinf(bootstrap(0, lambda rows: 0.0).high)


def test_values_that_are_equal_but_for_rounding_do_not_say_how_far_others_spread():
    one = np.array([0.785, 0.77]).astype(np.float32)

    assert mean_interval([one[0] - one[1], 0.015]).low == -np.inf
    assert mean_interval([0.015, 0.0151]).low > 0


def test_a_share_of_none_is_not_certain():
    found = share_interval([False] * 8)

    assert (found.value, found.low) == (0, 0)
    assert 0.2 < found.high < 0.5


def test_a_share_holds_its_level_with_few_cases():
    count = 16
    above_half = [share_interval(np.arange(count) < right).low > 0.5 for right in range(count + 1)]

    assert binom.pmf(np.arange(count + 1), count, 0.5)[above_half].sum() <= 0.025


def test_draws_that_are_undefined_are_left_out():
    values = np.append(np.ones(11), np.nan)

    found = bootstrap(12, lambda rows: float("nan") if np.isnan(values[rows]).all() else 1.0)

    assert found[:3] == (1, 1, 1)


def test_one_example_has_no_interval():
    assert np.isinf(bootstrap(1, lambda rows: 0.5).low)


def test_a_share_counts_units_whose_cases_are_alike():
    marks = np.repeat([True, False, True], 4)

    assert share_interval(marks, np.repeat(np.arange(3), 4)) == share_interval([True, False, True])
    assert share_interval(marks, np.arange(12)) == share_interval(marks)
    assert effective_number(np.array([7, 7, 7, 9])) == 1  # 16 / 10
    assert share_interval([], np.empty(0)).repeats == 0


def test_a_paired_difference_knows_what_the_pairs_share():
    base = np.array([0.1, 0.5, 0.9, 0.3])

    found = paired(base + np.array([0.1, 0.3, 0.1, 0.3]), base)

    half = 3.182446 * np.std([0.1, 0.3, 0.1, 0.3], ddof=1) / 2  # Student's for 3 degrees of freedom
    assert found == pytest.approx((0.2, 0.2 - half, 0.2 + half, 4), rel=1e-5)


def test_each_column_has_an_interval_over_what_is_known():
    first, second = mean_intervals(np.array([[1.0, np.nan], [3.0, 5.0], [2.0, 7.0]]))

    assert (first.value, first.repeats) == (2, 3)
    assert (second.value, second.repeats) == (6, 2)
    assert ends([first])[0][0] == pytest.approx(4.302653 / 3**0.5)  # Student's t with two degrees of freedom, sd 1


def test_a_contrast_has_welchs_interval_even_if_one_side_is_constant():
    """sd 1 of 3 values against none: the half width is t(2) / sqrt(3)."""
    found = contrast(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]))

    assert (found.value, found.repeats) == (1, 3)
    assert found.high - found.value == pytest.approx(4.302653 / 3**0.5)


def test_a_contrast_of_constants_has_no_interval():
    assert np.isinf(contrast(np.ones(3), np.zeros(3)).high)


def test_cases_that_are_all_equal_do_not_say_how_far_others_spread():
    assert mean_interval([0.3, 0.3, 0.3]) == Interval(pytest.approx(0.3), -np.inf, np.inf, 3)
    rounded = np.array([0.3, 0.1 + 0.2])
    assert np.ptp(rounded) > 0
    assert mean_interval(rounded).low == -np.inf


def test_a_difference_of_independent_intervals():
    found = difference(Interval(0.9, 0.87, 0.93, 50), Interval(0.5, 0.46, 0.54, 40))

    assert found == pytest.approx((0.4, 0.35, 0.45, 40))


def test_what_draws_found_is_put_together():
    draws = [
        {"a": [Interval(value, 0, 9, 3)], "share": value, "name": f"{value}", "pairs": [1.0] * value}
        for value in (1, 2, 6)
    ]

    found = together(draws)

    assert found["a"] == [mean_interval([1, 2, 6])]
    assert found["share"] == 3
    assert (found["name"], found["pairs"]) == ("1", [1.0])  # no mean, and lists of unequal lengths: the first


def test_the_inverse_root_of_a_ratio_has_a_symmetric_interval():
    found = ratio_interval(4.0, 1.0, 9)

    low, middle, high = (value**-0.5 for value in (found.high, found.value, found.low))
    assert middle - low == pytest.approx(high - middle)
    assert high - low == pytest.approx(
        2 * 1.96 * 1.0 / 2 / 4.0**1.5, rel=1e-4
    )  # the derivative of x^-1/2 is -x^-3/2 / 2
    assert ratio_interval(1.0, 3.0, 9).high == np.inf


def test_a_stratified_mean_counts_examples_as_often_as_they_are():
    found = stratified_mean(np.array([0.0, 2, 4, 6]), np.array([0, 0, 1, 1]), [90, 10])

    assert found.value == pytest.approx(0.9 * 1 + 0.1 * 5)
    variance = 0.9**2 * 2 / 2 * (1 - 2 / 90) + 0.1**2 * 2 / 2 * (1 - 2 / 10)
    assert found.high - found.value == pytest.approx(4.302653 * variance**0.5)  # Student's, two degrees of freedom
    assert np.isinf(stratified_mean(np.array([0.0, 2, 4]), np.array([0, 0, 1]), [90, 10]).high)
    assert np.isnan(stratified_mean(np.array([0.0, 2]), np.array([0, 0]), [90, 10]).value)


def test_the_interval_of_a_stratified_mean_holds_its_level():
    rng = np.random.default_rng(0)
    values, strata = rng.normal(size=400), np.repeat([0, 1, 2], (300, 70, 30))
    values[300:] += 2
    sizes, misses = np.bincount(strata), 0
    for _ in range(400):
        rows = np.concatenate([rng.choice(np.flatnonzero(strata == number), 15, replace=False) for number in range(3)])
        _, low, high, _ = stratified_mean(values[rows], strata[rows], sizes)
        misses += not low <= values.mean() <= high

    assert misses <= 400 * 0.05 + 4 * (400 * 0.05 * 0.95) ** 0.5


def test_few_examples_drawn_again_have_no_interval():
    assert np.isinf(bootstrap(9, lambda rows: float(len(rows))).high)


def test_a_centred_interval_is_moved_by_what_drawing_again_adds():
    values = np.random.default_rng(0).normal(size=50)

    def distinct(rows):
        return float(len(np.unique(values[rows])))

    plain, centred = bootstrap(50, distinct), bootstrap(50, distinct, centred=True)

    assert plain.high < 50
    assert centred.low < 50 < centred.high
    assert centred.high - centred.low == pytest.approx(plain.high - plain.low)


def test_the_interval_of_a_quotient_holds_its_level():
    rng, worlds = np.random.default_rng(0), 2000
    first, second = 0.4 + 0.03 * rng.normal(size=worlds), 0.8 + 0.05 * rng.normal(size=worlds)

    missed = 0
    for one, other in zip(first, second, strict=True):
        found = quotient(Interval(one, one - 0.0588, one + 0.0588, 9), Interval(other, other - 0.098, other + 0.098, 5))
        missed += not found.low < 0.5 < found.high
    assert abs(missed / worlds - 0.05) < 4 * (0.05 * 0.95 / worlds) ** 0.5


def test_a_quotient_of_nothing_is_0_and_by_nothing_is_not_known():
    none, some, open_ended = Interval(0.0, 0.0, 0.1, 9), Interval(0.5, 0.4, 0.6, 5), Interval(0.5, -np.inf, np.inf, 2)

    assert quotient(none, some) == Interval(0.0, 0.0, pytest.approx(0.2), 5)
    assert np.isnan(quotient(some, none).value)
    assert quotient(none, open_ended).low == 0
    assert quotient(some, open_ended) == Interval(1.0, -np.inf, np.inf, 2)


def test_a_bootstrap_of_few_cases_holds_its_level_when_it_is_made_wider():
    rng, worlds = np.random.default_rng(0), 2000
    effects = []
    for _ in range(worlds):
        values = rng.normal(size=12)
        effects.append(bootstrap(12, lambda rows, values=values: float(values[rows].mean())))

    few, as_they_are = (
        np.mean([widened(effect).low > 0 for effect in effects]) for widened in (for_few, lambda same: same)
    )
    assert as_they_are > 0.04
    assert abs(few - 0.025) < 4 * (0.025 * 0.975 / worlds) ** 0.5


def test_of_many_cases_a_bootstrap_stays_as_it_is():
    effect = for_few(Interval(1.0, 0.5, 2.0, 10_000))

    assert effect == Interval(1.0, pytest.approx(0.5, abs=1e-3), pytest.approx(2.0, abs=1e-3), 10_000)
    assert for_few(Interval(1.0, -np.inf, np.inf, 1)) == Interval(1.0, -np.inf, np.inf, 1)
