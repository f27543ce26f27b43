"""The optimiser and the network that a user chooses are those that train."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.arpit import capacity, datasets, easy_and_hard, patterns_first
from experiments.common.networks import NetworkSettings
from experiments.common.recipes import RECIPES


@pytest.mark.parametrize(
    ("experiment", "measure"),
    [(capacity, lambda s: capacity.fit(s, "real", 0.0, 16)), (patterns_first, patterns_first.run),
     (datasets, lambda s: datasets.trained(s, "digits", "real"))],
    ids=["capacity", "patterns_first", "datasets"],
)  # fmt: skip
def test_the_optimiser_and_the_network_reach_the_training(experiment, measure, monkeypatch):
    asked = []

    def fitted(settings, config):
        asked.append(config)
        raise StopIteration

    monkeypatch.setattr(NetworkSettings, "fitted", fitted)
    settings = experiment.Settings(size="smoke", optimizer="sgd")
    if hasattr(settings, "model"):
        settings = replace(settings, model="linear")
    with pytest.raises(StopIteration):
        measure(settings)

    [config] = asked
    assert replace(config.train, epochs=60) == RECIPES["sgd"]
    assert not hasattr(settings, "model") or config.model.model == "linear"


def test_one_epoch_has_the_batch_that_is_asked_for():
    usual, paper = (easy_and_hard.Settings(batch_size=8, optimizer=name).recipe for name in ("", "sgd"))

    assert (usual.epochs, usual.batch_size, usual.optimizer, usual.learning_rate) == (1, 8, "adam", 0.002)
    assert paper == replace(RECIPES["sgd"], epochs=1, batch_size=8)
    assert np.isclose(paper.learning_rate, 0.01)
