import numpy as np

from experiments.common.stopping import Stopped, judged


def test_every_other_network_chooses_and_those_between_judge():
    options = {"a": np.array([1.0, 5.0, 1.0, 5.5]), "b": np.array([2.0, 4.0, 2.0, 4.5])}

    def best(means):
        return [max(means, key=means.get)]

    np.testing.assert_array_equal(judged(options, best)[0], [4, 4.5])


def test_curves_at_the_chosen_epochs_are_means_over_both_ways():
    stopped = Stopped(np.zeros(2), np.zeros(2), np.array([[0, 1], [2, 1]]))

    np.testing.assert_array_equal(stopped.at(np.array([[1.0, 5, 3], [4, 6, 8]])), [2, 6])
