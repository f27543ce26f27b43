"""Channels first, and whole numbers that may be categories: refused or told, and the advice works."""

import logging

import numpy as np
import pandas
import pytest

import memjax
from memjax import run, store
from memjax.config.specs import DataSpec
from memjax.data.build import check_channels, remarks_on
from memjax.data.in_memory import from_arrays
from memjax.errors import InputError

RNG = np.random.default_rng(0)
LABELS = np.arange(12) % 2
FIRST = RNG.integers(0, 256, (12, 3, 8, 8), np.uint8)


def examples(inputs, labels=None):
    return from_arrays(inputs, np.arange(len(inputs)) % 2 if labels is None else labels).dataset


FAST = {"num_models": 2, "epochs": 1, "progress": False}


@pytest.mark.parametrize("model", ["cnn:4", "alexnet:0.1", "resnet18:2", "inception:0.1", "densenet100:2"])
def test_channels_first_are_refused_for_every_image_network(model, tmp_path):
    with pytest.raises(InputError, match=r"takes images as \(height, width, channels\), and .* shape \(3, 8, 8\)"):
        memjax.fit(FIRST, LABELS, model=model, run=tmp_path / "run", **FAST)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_call_that_transposes_and_the_option_work(tmp_path):
    turned = np.asarray(FIRST).transpose(0, 2, 3, 1)

    assert memjax.fit(turned, LABELS, model="cnn:4", **FAST).dataset.input_shape == (8, 8, 3)
    meant = memjax.fit(FIRST, LABELS, model="cnn:4", channels_last=True, run=tmp_path / "run", **FAST)
    assert meant.dataset.input_shape == (3, 8, 8)
    assert "channels_last" not in store.read_plan(tmp_path / "run").config["data"]
    assert memjax.open(tmp_path / "run").extend(4, progress=False).num_models == 4


@pytest.mark.ci
def test_the_command_says_the_same(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", x_train=FIRST, y_train=LABELS)
    command = ["--dataset", f"npz:{tmp_path / 'a.npz'}", "--model", "cnn:4", "--run", str(tmp_path / "run")]
    command += ["--num-models", "2", "--epochs", "1"]

    assert run.main(command) == 2
    assert "give numpy.asarray(x).transpose(0, 2, 3, 1), or --channels-last if 8 channels" in capsys.readouterr().err
    assert run.main(["doctor", *command]) == 2
    assert "--channels-last if 8 channels" in capsys.readouterr().err
    assert run.main([*command, "--channels-last"]) == 0


@pytest.mark.parametrize("shape", [(3, 8), (8, 8, 3), (3, 8, 3), (1, 28, 1), (2, 8, 8), (28, 28)])
def test_other_shapes_are_what_they_are(shape):
    check_channels(DataSpec(), shape, "cnn")
    assert not list(remarks_on(examples(np.zeros((12, *shape))), DataSpec(), "standard"))


def test_an_mlp_takes_channels_first_and_says_what_becomes_of_them(caplog):
    with caplog.at_level(logging.WARNING, "memjax"):
        memjax.fit(FIRST, LABELS, model="mlp:8", **FAST)

    assert any("look like images with channels first" in record.message for record in caplog.records)


TOKENS = RNG.integers(0, 7, (40, 5))


@pytest.mark.parametrize(
    ("inputs", "scaling", "told"),
    [
        (TOKENS, "standard", True),
        (TOKENS.astype(np.uint16), "standard", True),
        (TOKENS, "unit", False),
        (TOKENS.astype(np.float32), "standard", False),
        (TOKENS > 3, "standard", False),
        ((TOKENS > 3).astype(int), "standard", False),
        (np.arange(400).reshape(40, 10), "standard", False),
        (np.arange(40)[:, None], "standard", False),
        (RNG.integers(0, 7, (40, 5, 5)), "standard", False),
    ],
)
def test_a_matrix_of_few_whole_numbers_is_told(inputs, scaling, told):
    said = list(remarks_on(examples(inputs), DataSpec(), scaling))

    assert len(said) == told
    assert all(text.startswith("the inputs are whole numbers of 7 different values, 0 to 6") for text in said)


@pytest.mark.slow
def test_the_advice_makes_a_feature_of_each_value(caplog, capsys):
    x_train, labels = TOKENS, np.arange(40) % 2
    with caplog.at_level(logging.WARNING, "memjax"):
        memjax.fit(x_train, labels, model="linear", **FAST)
    assert any("standardised as magnitudes" in record.message for record in caplog.records)
    caplog.clear()

    def encoded(x):
        return (x[..., None] == np.unique(x_train)).reshape(len(x), -1)

    with caplog.at_level(logging.WARNING, "memjax"):
        result = memjax.fit(encoded(x_train), labels, encoded(x_train[:4]), labels[:4], model="linear", **FAST)
        table = pandas.DataFrame(x_train.astype(str), columns=list("abcde"))
        memjax.fit(table, labels, model="linear", **FAST)

    assert not any("magnitudes" in record.message for record in caplog.records)
    np.testing.assert_array_equal(result.dataset.train_inputs.reshape(40, 5, 7).argmax(2), x_train)


@pytest.mark.parametrize("names", [("cat", "Cat"), ("cat", " cat "), ("new york", "new  york")])
def test_classes_that_differ_in_spaces_or_capitals_are_told(names):
    told, none = (
        list(remarks_on(examples(np.zeros((12, 3)), np.array(each)[LABELS]), DataSpec(), "standard"))
        for each in (names, ("cat", "bat"))
    )

    assert len(told) == 1
    assert "differ only in capitals or spaces" in told[0]
    assert not none


def test_labels_that_seem_to_be_names_of_rows_are_told():
    told = list(remarks_on(examples(np.zeros((12, 3)), np.arange(12)), DataSpec(), "standard"))

    assert told[0].startswith("12 of 12 classes have one training example")
