from dataclasses import replace

import numpy as np
import pytest

from experiments.common import gpu
from experiments.common.models import ModelSettings
from experiments.common.networks import NetworkSettings, recorded
from experiments.feldman_zhang.architectures import Settings as Architectures
from experiments.feldman_zhang.groups import Settings as Groups
from memjax.config.presets import PRESETS
from memjax.config.specs import TrainSpec
from memjax.errors import InputError


def test_a_preset_brings_its_settings_and_options_come_before_them():
    config = ModelSettings(preset="fz-cifar100", per_class=7, models=9, model="resnet18").config()

    assert config.train == PRESETS["fz-cifar100"].train
    assert (config.data.dataset, config.data.per_class, config.num_models) == ("cifar100", 7, 9)
    assert config.model.model == "resnet18"


def test_another_data_set_is_whole_unless_said_otherwise():
    assert ModelSettings(size="quick", dataset="digits").config().data.per_class is None
    assert ModelSettings(size="quick").config().data.per_class == 100


def test_seeds_reach_the_models_and_the_data():
    config = ModelSettings(size="smoke", seed=5, data_seed=7).config()

    assert (config.seed, config.data.data_seed) == (5, 7)


@pytest.mark.parametrize("given", [{"dataset": "fashion_mnist"}, {"preset": "fz-cifar100"}])
@pytest.mark.parametrize("seeds", [{"data_seed": 5}, {"repeats": 5}])
def test_draws_that_would_all_be_the_same_are_refused_before_the_first(given, seeds):
    with pytest.raises(InputError, match=r"has one division.*expected.*give --per-class, or leave out --data-seed"):
        ModelSettings(**given, **seeds).check()

    ModelSettings(**given).check()
    ModelSettings(**given, **seeds, per_class=7).check()
    Groups(**given, **seeds).check()  # what it plants among the examples is another for each data seed


def test_a_data_set_of_an_experiment_that_is_whole_is_divided_anew(tmp_path):
    names = [Architectures(data_seed=seed, folder=tmp_path).config().data.dataset for seed in (0, 1, 2)]

    assert names[0] == "digits"
    assert len(set(names)) == 3


def test_no_such_preset():
    with pytest.raises(InputError, match="fz-cifar100"):
        ModelSettings(preset="fz-cifar1000").config()


def test_retrainings_do_not_depend_on_what_else_is_retrained(tmp_path):
    """The same mask in the same place is the same model, whatever the other masks are: differences are paired."""
    setting = ModelSettings(size="smoke", folder=tmp_path, per_class=3, test_per_class=4, model="linear")
    masks = np.ones((3, 30), bool)
    masks[0, :10], masks[1, 20:] = False, False
    others = masks.copy()
    others[1:, :15] = False

    first, second = setting.retrained(masks), setting.retrained(others)

    np.testing.assert_array_equal(first.masks, masks)  # the one with all examples is not handed out
    np.testing.assert_array_equal(first.test["probability"][0], second.test["probability"][0])
    assert (first.test["probability"][1] != second.test["probability"][1]).any()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "memjax.runs.stages.train",
            lambda run, *rest: run.num_trained == run.plan.num_models or pytest.fail("trained again"),
        )
        np.testing.assert_array_equal(setting.retrained(masks).test["correct"], first.test["correct"])


def test_an_experiment_that_asks_for_fewer_models_than_another_gets_no_more(tmp_path):
    setting = ModelSettings(size="smoke", folder=tmp_path, per_class=3, model="linear")

    assert [setting.fitted(replace(setting, models=count).config()).num_models for count in (4, 2)] == [4, 2]


OPERATIONS = 2 * 3 * 64 * 10 * 21  # of an epoch: forward, backward and update of 64 x 10 weights, 21 examples
PEAK = 989e12  # of an H100's data sheet, half of it in float32


def test_the_least_hours_of_a_gpu_are_added_up_where_a_result_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "least", least := [])
    setting = ModelSettings(size="smoke", folder=tmp_path, per_class=3, test_per_class=4, model="linear", models=2)
    setting.fitted(setting.config())
    assert not least

    kept = replace(setting, keep=True, seed=1)
    kept.fitted(kept.config())
    longer = replace(kept, epochs=2 * kept.config().train.epochs)
    longer.fitted(longer.config())

    assert least[0] >= 2 * OPERATIONS * kept.config().train.epochs / PEAK / 3600
    assert least[1] == pytest.approx(2 * least[0])


def test_models_that_were_there_before_take_no_hours(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "least", least := [])
    setting = ModelSettings(size="smoke", keep=True, folder=tmp_path, per_class=3, model="linear", models=2)
    for _ in range(2):
        setting.fitted(setting.config())

    assert len(least) == 1


def test_networks_outside_a_run_folder_take_hours_too(monkeypatch):
    monkeypatch.setattr(gpu, "least", least := [])
    setting = NetworkSettings(size="smoke")
    dataset = setting.loaded(per_class=3)
    masks = setting.masks(4, dataset.num_train)
    recorded("linear", dataset, TrainSpec(epochs=5), masks, setting.keys(4))

    assert least == [pytest.approx(4 * 5 * OPERATIONS / (PEAK / 2) / 3600, rel=0.1)]  # the bias is not counted here
