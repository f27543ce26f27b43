"""The null of equally hard examples."""

import numpy as np
from scipy.stats import binom

from experiments.arpit.easy_and_hard import PARTS, by_margin, distance, poisson_binomial, ratio_in_classes


def test_the_null_by_hand():
    np.testing.assert_allclose(poisson_binomial(np.array([0.5, 0.2])), [0.4, 0.5, 0.1])
    np.testing.assert_allclose(poisson_binomial(np.full(9, 0.3)), binom.pmf(range(10), 9, 0.3))


def test_the_distance_by_hand():
    # One network of two is always wrong, the other on half of the examples: all counts are 1 or 2.
    assert distance(np.array([1, 2, 1, 2]), np.array([0.0, 0.5, 0.5])) == 0
    assert distance(np.array([0, 0, 2, 2]), np.array([0.25, 0.5, 0.25])) == 0.25


def test_within_classes_that_differ_examples_are_equally_hard():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 400)
    wrong = rng.random((60, 1200)) < np.array([0.2, 0.5, 0.8])[labels]

    inside = ratio_in_classes(wrong, labels)
    of_all = ratio_in_classes(wrong, np.zeros(1200, int))

    error = (inside.high - inside.low) / (2 * 1.96)
    assert abs(inside.value - 1) < 4 * error
    assert 0.5 * (2 / 1200) ** 0.5 < error < 2 * (2 / 1200) ** 0.5
    assert of_all.low > 5


def test_parts_of_a_class_go_from_inputs_unlike_the_others_of_it_to_those_most_like_them():
    # The first number is like those of class 0, the more the larger; the second like those of class 1.  Together their
    # products with the mean of class 0 go down: only less those with the mean of class 1 they go up.
    place = np.random.default_rng(0).permutation(24)
    inputs = np.zeros((48, 1, 2))
    inputs[:24, 0] = np.stack([place, 48 - 2 * place], 1) / 10
    inputs[24:, 0, 1] = 9.0
    labels = np.repeat([0, 1], 24)

    parts = by_margin(inputs, labels)

    np.testing.assert_array_equal(parts[:24], place // 2)
    np.testing.assert_array_equal(np.bincount(parts[24:])[PARTS:], np.full(PARTS, 2))
