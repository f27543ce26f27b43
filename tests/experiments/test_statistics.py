import numpy as np
import pytest

from experiments import critics, leave_one_out, memorization_values
from experiments.architectures import less
from experiments.bootstrap import bootstrap
from experiments.claim import Interval, share_interval
from experiments.influence_pairs import mean_by_test
from experiments.label_errors import pruned
from experiments.subpopulations import clusters


def test_bootstrap_of_a_mean_has_its_standard_error():
    values = np.random.default_rng(0).normal(size=400)

    found = bootstrap(400, lambda rows: values[rows].mean())

    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_bootstrap_of_nothing_says_nothing():
    assert np.isinf(bootstrap(0, lambda rows: 0.0).high)


def test_a_share_of_none_is_not_certain():
    found = share_interval([False] * 8)

    assert (found.value, found.low) == (0, 0)
    assert 0.2 < found.high < 0.5


def test_a_mean_over_pairs_weighs_pairs():
    assert mean_by_test(np.array([1.0, 2.0, 6.0]), np.array([5, 5, 8])).value == 3


def test_second_peak_by_hand():
    mem = np.concatenate([np.zeros(70), np.full(10, 0.5), np.ones(20)])

    assert memorization_values.second_peak(mem) == pytest.approx(0.2 - 0.1 / 6)


def test_classes_that_do_not_differ_explain_nothing():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 500)

    assert abs(memorization_values.between_classes(rng.random(2000), labels)) < 0.01
    assert memorization_values.between_classes(labels + 0.01 * rng.random(2000), labels) > 0.99


def test_noise_reaches_a_threshold_of_two_errors_as_often_as_the_normal_table_says():
    assert memorization_values.by_noise(np.array([0.1, 0.2]), 0.2) == pytest.approx((0.02275 + 0.15866) / 2, abs=1e-4)


def test_fractional_score_by_hand():
    np.testing.assert_allclose(
        critics.fractional(np.array([1, 1, 0.5, 0]), np.array([0, 0.5, 0.5, 0])), [1, 1 / 3, 0, 0]
    )


def test_false_discoveries_by_hand():
    """p = .001, .02, .2, .9 at 5 %: .001 <= .0125 and .02 <= .025 pass, .2 > .0375 does not."""
    from scipy.stats import norm

    mem = norm.isf([0.2, 0.001, 0.9, 0.02])

    assert critics.significant(mem, np.ones(4)).tolist() == [False, True, False, True]
    assert not critics.significant(np.array([np.nan, 0.1]), np.ones(2)).any()


def test_the_threshold_of_the_null_leaves_out_a_share_of_the_wrong_labels():
    mem = np.concatenate([np.zeros(50), np.linspace(0, 1, 101)])
    wrong = np.arange(151) >= 50

    assert critics.threshold_of_null(mem, wrong, 0.25) == pytest.approx(0.25)
    assert critics.threshold_of_null(mem, ~wrong) == critics.LEAST


def test_masks_of_leave_one_out():
    masks = leave_one_out.masks_of(4, np.array([1, 3]), 2)

    assert masks.astype(int).tolist() == [[1] * 4, [1] * 4, [1, 0, 1, 1], [1, 0, 1, 1], [1, 1, 1, 0], [1, 1, 1, 0]]


def test_a_sample_is_spread_over_memorization():
    mem = np.concatenate([np.zeros(90), np.full(5, 0.5), np.full(5, 0.95)])
    sample = leave_one_out.spread_sample(mem, 12, seed=0)

    assert len(np.unique(sample)) == 12
    assert [int(((sample >= low) & (sample < high)).sum()) for low, high in ((0, 90), (90, 95), (95, 100))] == [4, 4, 4]


def test_noise_is_taken_out_of_the_difference():
    rng = np.random.default_rng(0)
    truth = leave_one_out.Scores(rng.random(4000), np.full(4000, 0.0))
    noisy = leave_one_out.Scores(truth.value + rng.normal(0.1, 0.05, 4000), np.full(4000, 0.05))

    found = leave_one_out.compare(noisy, truth)

    assert found["bias"].low < 0.1 < found["bias"].high
    assert found["beyond_noise"] == pytest.approx(0.1, abs=0.005)


def test_pruning_takes_the_most_suspected():
    removed = pruned({"x": np.array([0.1, 0.9, 0.5, 0.2])}, (0.0, 0.5), np.random.default_rng(0), 1)

    assert [np.flatnonzero(marks).tolist() for marks in removed["x"]] == [[], [1, 2]]
    assert [int(marks.sum()) for marks in removed["at random"]] == [0, 2]


def test_clusters_stay_within_classes():
    rng = np.random.default_rng(0)
    inputs = np.concatenate([rng.normal(0, 0.1, (20, 2)), rng.normal(5, 0.1, (20, 2)), rng.normal(0, 0.1, (10, 2))])
    labels = np.repeat([0, 1], [40, 10])

    found = clusters(inputs, labels)

    assert [len(np.unique(found[part])) for part in (np.s_[:20], np.s_[20:40], np.s_[40:])] == [1, 1, 1]
    assert len(np.unique(found)) == 3


def test_a_difference_of_intervals():
    found = less(Interval(0.9, 0.87, 0.93, 50), Interval(0.5, 0.46, 0.54, 40))

    assert found == pytest.approx((0.4, 0.35, 0.45, 40))
