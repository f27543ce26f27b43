import numpy as np
import pytest

from experiments.feldman_zhang import memorization_values


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
