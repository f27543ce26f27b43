"""The papers' settings by name."""

import pytest

from memjax.cli.beginning import beginning
from memjax.config.presets import PRESETS, SOURCES
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.models import make_model
from memjax.runs.build_training import make_single
from memjax.subsets import make_design
from tests.conftest import make_dataset

SHAPES = {"mnist": (28, 28), "cifar10": (32, 32, 3), "cifar100": (32, 32, 3), "tfds:imagenet2012": (224, 224, 3)}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fits_its_data(name):
    config = PRESETS[name]
    if config.data.stream:
        pytest.importorskip("grain")
    dataset = make_dataset(num_train=20, num_test=3, shape=SHAPES[config.data.dataset])

    assert callable(make_model(config.model, dataset.input_shape, dataset.num_classes).apply)
    assert make_single(config, dataset, make_design(config.subset, dataset.num_train, 0)).start


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
    places = ("F&Z", "Arpit et al., section", "the published script", "published with F&Z", "chosen by us")

    assert SOURCES[name]
    for what, source in SOURCES[name].items():
        assert any(place in source for place in places), what
    words = " ".join(SOURCES[name])
    for needed in ("network", "epochs", "models", "subset fraction", "batch"):
        assert needed in words or "training, as of the published script" in words, needed
