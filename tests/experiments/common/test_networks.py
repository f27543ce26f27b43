"""Trainings outside a run folder."""

import jax
import numpy as np
import optax
import pytest

from experiments.common.networks import NetworkSettings, correctness, recorded
from memjax.config.specs import TrainSpec

SETTINGS = NetworkSettings(size="smoke")


@pytest.fixture(scope="module")
def digits():
    dataset = SETTINGS.loaded(per_class=6)
    return dataset, SETTINGS.masks(3, dataset.num_train), SETTINGS.keys(3)


def test_a_recorded_training_is_that_of_a_run(digits):
    dataset, masks, keys = digits
    spec = TrainSpec(epochs=3, batch_size=16)

    curves = recorded("mlp:8", dataset, spec, masks, keys)

    np.testing.assert_array_equal(curves.epochs, [1, 2, 3])
    assert curves.values["correct"].shape == (3, 3, dataset.num_train)
    np.testing.assert_array_equal(curves.values["correct"][:, -1], correctness("mlp:8", dataset, spec, masks, 0)[0])


def test_one_program_trains_at_several_rates(digits):
    dataset, masks, keys = digits
    spec = TrainSpec(epochs=2, batch_size=16, schedule="constant", warmup=0.0, optimizer="sgd", learning_rate=0.1)
    same = jax.numpy.stack([keys[0]] * 2)
    varied = optax.inject_hyperparams(optax.sgd)(learning_rate=0.5, momentum=0.9)

    still, moved = recorded(
        "mlp:8", dataset, spec, masks[[0, 0]], same, varied, vary={"learning_rate": np.array([0, 0.1])}
    ).values["correct"]

    np.testing.assert_array_equal(still[0], still[1])
    np.testing.assert_array_equal(moved, recorded("mlp:8", dataset, spec, masks[:1], keys[:1]).values["correct"][0])
    assert not np.array_equal(moved[0], moved[1])
