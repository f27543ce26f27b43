"""Pack sizes of new runs, from real short trainings of tiny networks."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, TrainSpec
from memjax.models import make_model
from memjax.runs import pack_size
from memjax.subsets import make_design
from memjax.training import Trial
from tests.conftest import make_dataset

CONFIG = RunConfig(num_models=64, model=ModelSpec("mlp:8"), train=TrainSpec(epochs=2, batch_size=8))
DATA = make_dataset()


@pytest.fixture
def trials(monkeypatch):
    found = []

    def trial(config, dataset, design, size):
        found.append(size)
        return Trial({4: 0.5}.get(size, 1.0), size)

    monkeypatch.setattr(pack_size, "trial", trial)
    return found


def size_for(config=CONFIG):
    return pack_size.chosen_pack_size(config, DATA, make_design(config.subset, DATA.num_train, 0))


def test_what_was_asked_for_is_taken(trials):
    assert size_for(replace(CONFIG, pack_size=5)) == 5
    assert trials == []


def test_a_short_run_is_not_tried(trials):
    assert size_for() == 16
    assert trials == []


def test_a_long_run_is(trials, monkeypatch):
    monkeypatch.setattr(pack_size, "LONG", 1.0)

    assert size_for() == 16
    assert trials[0] == 16
    assert sorted(trials) == [8, 12, 16, 32]


def test_on_an_accelerator_it_is_tried_on_a_ladder(trials, monkeypatch):
    """The guess is all six models; four take half the time of all other numbers."""
    monkeypatch.setattr(pack_size, "LONG", 1.0)
    monkeypatch.setattr(jax, "local_devices", lambda: [SimpleNamespace(platform="gpu")])
    monkeypatch.setattr("memjax.machine.environment.device_memory", lambda: 2**30)

    assert size_for(replace(CONFIG, num_models=6)) == 4
    assert len(trials) <= 4


def test_a_run_that_does_not_fit_takes_smaller_packs(trials, monkeypatch):
    monkeypatch.setattr(pack_size, "LONG", 1.0)
    resident = DATA.train_inputs.nbytes + DATA.test_inputs.nbytes
    monkeypatch.setattr("memjax.machine.environment.device_memory", lambda: resident + 10)

    assert size_for() == 4


def test_a_trial_counts_seconds_and_bytes(monkeypatch):
    monkeypatch.setattr(pack_size, "ENOUGH", 1e-9)
    design = make_design(CONFIG.subset, DATA.num_train, 0)

    small, large = (pack_size.trial(CONFIG, DATA, design, size) for size in (2, 32))

    assert small.seconds > 0
    assert 0 < small.size < large.size


def test_operations_of_an_mlp_are_those_counted_by_hand():
    model = make_model(CONFIG.model, (4,), 3)
    design = make_design(CONFIG.subset, DATA.num_train, 0)

    found = pack_size.operations(model, (4,), CONFIG, design)

    products = 2 * (4 * 8 + 8 * 3)
    additions = 3 * 8 + 3  # biases and ReLU, give or take
    assert found == pytest.approx(3 * products * design.max_size * 2, rel=additions / products)


@pytest.mark.ci
def test_the_trial_of_a_model_with_batch_statistics_and_crops_runs(monkeypatch):
    monkeypatch.setattr(pack_size, "ENOUGH", 1e-9)
    data = make_dataset(shape=(6, 6))
    train = TrainSpec(epochs=2, batch_size=8, crop=1, flip=True, weight_decay=1e-4, schedule="steps")
    config = replace(CONFIG, model=ModelSpec("cnn:4", norm="batch"), train=train)

    found = pack_size.trial(config, data, make_design(config.subset, data.num_train, 0), 2)

    assert np.isfinite(found.seconds)
    assert len(jax.local_devices()) == 2
