"""The papers' settings by name."""

from dataclasses import fields, is_dataclass

import pytest

from memjax.cli import beginning
from memjax.config.presets import PRESETS, SOURCES
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.errors import InputError
from memjax.models import make_model
from memjax.runs.build_training import make_single
from memjax.subsets import make_design
from tests.conftest import make_dataset

# Settings that presets change, and the word that tells of each among the sources.
VALUES = {
    "epochs": "epochs", "batch_size": "batch", "optimizer": "SGD", "optimizer_options": "momentum", "crop": "pixels",
    "learning_rate": "learning rate", "schedule": "learning rate", "warmup": "warm-up", "drops": "every",
    "flip": "flips", "scaling": "inputs", "stream": "stream", "image_size": "pixels", "test_split": "split",
    "checkpoint_minutes": "checkpoints", "influence": "influence",
}  # fmt: skip
SHAPES = {"mnist": (28, 28), "cifar10": (32, 32, 3), "cifar100": (32, 32, 3), "tfds:imagenet2012": (224, 224, 3)}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fits_its_data(name):
    config = PRESETS[name]
    if config.data.stream:
        pytest.importorskip("grain")
    dataset = make_dataset(num_train=20, num_test=3, shape=SHAPES[config.data.dataset])

    assert callable(make_model(config.model, dataset.input_shape, dataset.num_classes).apply)
    assert make_single(config, dataset, make_design(config.subset, dataset.num_train, 0)).start


def set_by(config):
    """The names in VALUES, or not in it, of the settings that differ from the usual ones."""
    named = {"num_models", "dataset", "model"}
    parts = [(config, RunConfig()), (config.data, DataSpec()), (config.train, TrainSpec()), (config.model, ModelSpec())]
    pairs = [
        (part.name, getattr(own, part.name), getattr(usual, part.name)) for own, usual in parts for part in fields(own)
    ]
    return {name for name, own, usual in pairs if own != usual and not is_dataclass(own)} - named


@pytest.mark.parametrize("words", [["--preset", "fz-mnist-script"], ["--preset=fz-mnist-script"]])
def test_a_preset_among_other_options(words):
    config, rest = beginning(["--epochs", "2", *words, "--seed=3"])

    assert config == PRESETS["fz-mnist-script"]
    assert rest == ["--epochs", "2", "--seed=3"]


def test_without_a_preset():
    assert beginning(["--epochs", "2"]) == (RunConfig(), ["--epochs", "2"])


@pytest.mark.parametrize("words", [["--preset", "fz-mnst"], ["--preset="]])
def test_an_unknown_preset_is_told_the_known_ones(words):
    with pytest.raises(InputError, match="fz-mnist-script, fz-mnist"):
        beginning(words)


@pytest.mark.parametrize("name", PRESETS)
def test_each_value_of_a_preset_says_where_it_comes_from(name):
    places = ("F&Z, legend", "Arpit et al., section", "the published script", "published with F&Z", "chosen by us")

    assert SOURCES[name]
    for what, source in SOURCES[name].items():
        assert any(place in source for place in places), what
    words = " ".join(SOURCES[name])
    for needed in ("network", "models", "subset fraction", *(VALUES[name] for name in set_by(PRESETS[name]))):
        assert needed in words, needed
