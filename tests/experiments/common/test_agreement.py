import numpy as np
import pytest

from experiments.common import agreement
from memjax.estimators import influence, memorization
from memjax.types import Outcomes


def outcomes(masks, train, test):
    masks, train, test = (np.array(array, bool) for array in (masks, train, test))
    return Outcomes(np.arange(len(masks)), masks, {"correct": train}, {"correct": test})


@pytest.fixture
def some():
    rng = np.random.default_rng(0)
    return outcomes(rng.random((40, 6)) < 0.5, rng.random((40, 6)) < 0.6, rng.random((40, 5)) < 0.6)


def test_jaccard_by_hand():
    first, second = np.tile([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0]], 3).astype(bool)

    found = agreement.jaccard(first, second)

    assert found.value == 2 / 4
    assert found.low < 0.5 < found.high
    assert found.repeats == 12


def test_jaccard_draws_all_pairs_of_a_test_example_together():
    first, second = np.ones(12, bool), np.arange(12) < 6

    found = agreement.jaccard(first.repeat(2), second.repeat(2), np.arange(12).repeat(2))

    assert found == agreement.jaccard(first, second)
    assert (found.value, found.repeats) == (0.5, 12)


def test_jaccard_of_nothing_is_undefined():
    assert np.isnan(agreement.jaccard(np.zeros(3, bool), np.zeros(3, bool)).value)


def test_rates_are_those_of_the_estimators(some):
    np.testing.assert_allclose(
        agreement.own_rates(some).value, memorization(some.masks, some.train["correct"]).value, atol=1e-6
    )
    train_labels, test_labels = np.array([0, 1, 0, 1, 2, 0]), np.array([0, 0, 1, 1, 3])

    pairs = agreement.pair_rates(some, train_labels, test_labels)

    expected = np.asarray(influence(some.masks, some.test["correct"]).value)
    np.testing.assert_allclose(pairs.value, expected[pairs.train, pairs.test], atol=1e-6)
    assert len(pairs.value) == 3 * 2 + 2 * 2  # within classes 0 and 1; 2 and 3 are on one side only


def test_a_pair_needs_a_memorized_training_example(some):
    own = agreement.own_rates(some)._replace(
        inside=np.array([1.0, 1, 1, 1, 1, 1]), outside=np.array([0.9, 0, 1, 1, 1, 1])
    )
    pairs = agreement.pair_rates(some, np.zeros(6, int), np.zeros(5, int))
    chosen = agreement.selected_pairs(pairs, own, -1.0)

    assert set(pairs.train[chosen]) == {1}


def test_an_expectation_from_certain_rates_is_certain(some):
    own = agreement.own_rates(some)._replace(inside=np.ones(6), outside=np.zeros(6))

    again = agreement.expected(own, 10, 5, np.random.default_rng(0))

    np.testing.assert_array_equal(again.value, 1)


def test_an_expectation_scatters_as_its_models_are_few(some):
    rates = agreement.own_rates(some)
    many = agreement.Rates(*(np.full(4000, x) for x in (0.9, 0.4, 70, 30)), rates.train, rates.test)

    again = agreement.expected(many, 70, 30, np.random.default_rng(0))

    expected = np.sqrt(0.9 * 0.1 / 70 + 0.4 * 0.6 / 30)
    assert abs(again.value.mean() - 0.5) < 4 * expected / np.sqrt(4000)
    assert abs(again.value.std() / expected - 1) < 4 / np.sqrt(2 * 4000)


def test_rank_correlation_leaves_out_what_is_not_known():
    found = agreement.rank_correlation(np.array([1, 2, 3, np.nan, 5.0]), np.array([2, 4, 9, 1, 10.0]))

    assert found.value == pytest.approx(1)
    assert found.repeats == 4
