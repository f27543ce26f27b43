import numpy as np
import pytest
import scipy.stats

from memjax.errors import InputError
from memjax.estimators import membership_curve


def test_a_curve_by_hand():
    curve = membership_curve(np.array([4.0, 3.0, 2.0, 1.0, np.nan]), np.array([1, 0, 1, 0, 1]))

    assert curve.auc == pytest.approx(0.75)
    assert curve.at(0.0) == 0.5
    assert curve.at(0.5) == 1.0
    assert curve.balanced_accuracy == pytest.approx(0.75)
    assert (curve.num_members, curve.num_non_members, curve.left_out) == (2, 2, 1)


def test_a_rate_that_so_few_non_members_cannot_show_is_undefined():
    """Two non-members show rates of 0, 1/2 and 1."""
    curve = membership_curve(np.array([4.0, 3.0, 2.0, 1.0]), np.array([1, 0, 1, 0]))

    assert curve.least_false_positives == 0.5
    assert np.isnan(curve.at(0.49))
    assert np.isnan(curve.interval(0.49)).all()
    assert "2 non-members can show 50 % false ones or more" in repr(curve)


def test_intervals_are_those_of_scipy():
    rng = np.random.default_rng(0)
    members = np.arange(400) < 250
    curve = membership_curve(rng.normal(size=400) + members, members)

    found, expected = np.transpose(curve.band(0.9)), []
    for rate in curve.true_positives:
        exact = scipy.stats.binomtest(round(rate * 250), 250).proportion_ci(0.9, "exact")
        expected.append((exact.low, exact.high))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    place = np.flatnonzero(curve.false_positives <= 0.1)[-1]
    np.testing.assert_allclose(curve.interval(0.1, 0.9), found[place])


def test_a_curve_needs_both_kinds():
    with pytest.raises(InputError, match="only members"):
        membership_curve(np.arange(3.0), np.ones(3))


def test_a_curve_counts_the_scores_that_it_leaves_out():
    curve = membership_curve(np.array([1.0, np.nan, 0.0, 2.0]), np.array([True, True, False, True]))

    assert curve.left_out == 1
    assert "1 undefined scores left out" in repr(curve)


def test_a_curve_of_the_few_defined_scores_is_refused():
    rng = np.random.default_rng(0)
    scores, members = np.full(96, np.nan), rng.random(96) < 0.5
    scores[:6], members[:6] = [3, 3, 3, 1, 1, 1], [1, 1, 1, 0, 0, 0]

    with pytest.raises(InputError, match="90 of 96 scores are NaN"):
        membership_curve(scores, members)
