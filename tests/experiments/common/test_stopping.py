import numpy as np

from experiments.common.stopping import Stopped, judged, stopped_early


def test_every_other_network_chooses_and_those_between_judge():
    options = {"a": np.array([1.0, 5.0, 1.0, 5.5]), "b": np.array([2.0, 4.0, 2.0, 4.5])}

    def best(means):
        return [max(means, key=means.get)]

    np.testing.assert_array_equal(judged(options, best)[0], [4, 4.5])


def test_curves_at_the_chosen_epochs_are_means_over_both_ways():
    stopped = Stopped(np.zeros(2), np.zeros(2), np.array([0, 2]))

    np.testing.assert_array_equal(stopped.at(np.array([[1.0, 5, 3], [4, 6, 8], [0, 0, 0], [2, 9, 3]])), [6, 2.5])


def test_the_epoch_is_chosen_by_other_networks_on_other_examples():
    """Networks 0 and 2 are best at epoch 1, those that judge at epoch 0; all are right in the same half and epoch."""
    correct = np.zeros((4, 3, 6), bool)
    correct[::2, 1], correct[1::2, 0, :3], correct[1, 2, :2] = True, True, True
    masks = np.zeros((4, 6), bool)

    stopped = stopped_early(correct, masks, np.ones(6, bool), 0)

    np.testing.assert_array_equal(stopped.epochs, [1, 1])
    np.testing.assert_allclose(stopped.accuracy, [0, 0])
    np.testing.assert_allclose(stopped.gain, [-1 / 3, 0])
