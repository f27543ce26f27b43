import numpy as np

from experiments.feldman_zhang.influence_pairs import mean_by_test


def test_a_mean_over_pairs_weighs_pairs():
    assert mean_by_test(np.array([1.0, 2.0, 6.0]), np.array([5, 5, 8])).value == 3
