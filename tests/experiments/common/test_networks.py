"""Trainings outside a run folder."""

import numpy as np
import optax

from experiments.common.networks import NetworkSettings, correctness, recorded
from memjax.config.specs import TrainSpec

SETTINGS = NetworkSettings(size="smoke")


def test_a_recorded_training_is_that_of_a_run_at_each_rate_of_one_program():
    dataset = SETTINGS.loaded(per_class=6)
    masks, keys = SETTINGS.masks(3, dataset.num_train), SETTINGS.keys(3)
    spec = TrainSpec(epochs=2, batch_size=16, schedule="constant", warmup=0.0, optimizer="sgd", learning_rate=0.1)
    varied = optax.inject_hyperparams(optax.sgd)(learning_rate=0.5, momentum=0.9)

    curves = recorded("linear", dataset, spec, masks, keys, varied, vary={"learning_rate": np.array([0.1, 0, 0.1])})

    correct = curves.values["correct"]
    np.testing.assert_array_equal(curves.epochs, [1, 2])
    np.testing.assert_array_equal(correct[::2, -1], correctness("linear", dataset, spec, masks, 0)[0][::2])
    np.testing.assert_array_equal(correct[1, 0], correct[1, 1])  # at rate 0 nothing is learned
    assert not np.array_equal(correct[0, 0], correct[0, 1])
