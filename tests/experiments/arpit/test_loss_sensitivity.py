import numpy as np

from experiments.arpit.loss_sensitivity import over_steps


def test_the_mean_over_steps_has_every_number_of_them():
    """From 0 to 10 steps the mean is 1, from 10 to 100 it is 2."""
    sensitivity = np.array([[[0.0], [2.0], [2.0]]])

    np.testing.assert_allclose(over_steps(sensitivity, (0, 10, 100)), [[0.1 * 1 + 0.9 * 2]])
