import numpy as np

from experiments.common.stopping import Stopped, judged


def test_each_half_of_the_networks_is_judged_under_what_the_other_half_chose():
    options = {"a": np.array([1.0, 5.0, 1.0, 5.0]), "b": np.array([2.0, 4.0, 2.0, 4.0])}

    def best(means):
        return [max(means, key=means.get)]

    # The even networks choose b (2 against 1), which judges the odd ones: 4; the odd ones choose a: 1.
    np.testing.assert_array_equal(judged(options, best)[0], [1, 4, 1, 4])


def test_curves_at_the_chosen_epochs_are_means_over_both_ways():
    stopped = Stopped(np.zeros(2), np.zeros(2), np.array([[0, 1], [2, 1]]))

    np.testing.assert_array_equal(stopped.at(np.array([[1.0, 5, 3], [4, 6, 8]])), [2, 6])
