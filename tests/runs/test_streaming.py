"""A whole run on data that stay on disk: blocks, estimates and report as of any other."""

import dataclasses
import importlib.util

import numpy as np
import pytest

from memjax import store
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.errors import InputError
from memjax.report.page import render
from memjax.runs import open_folder, stages
from memjax.runs.result import Result
from tests.data.test_stored import SPEC, imagenet, prepared_imagenet, write

pytest.importorskip("grain")

__all__ = ["imagenet", "prepared_imagenet"]
UNIT = TrainSpec(epochs=2, batch_size=5, scaling="unit")


def test_a_run_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(render, "FROM_DISK", 5)
    data = DataSpec(write(tmp_path), stream=True)
    config = RunConfig(str(tmp_path / "run"), 6, data=data, model=ModelSpec("mlp:4"), train=UNIT, pack_size=2)
    run = open_folder.open_run(config)
    stages.estimate(run, print, print)
    path = Result(run).report().path
    outcomes, failed = store.read_outcomes(run.folder, run.plan.blocks, 6)

    assert (outcomes.masks.shape, failed) == ((6, 12), 0)
    assert outcomes.train["correct"].shape == (6, 12)
    assert outcomes.test["probability"].shape == (6, 4)
    assert (run.folder / "pairs.npz").exists()
    assert "sheet-train-0" in path.read_text()
    again = open_folder.reopen_run(run.folder)
    assert again.config.data == data
    assert again.num_trained == again.plan.num_models
    with pytest.raises(InputError, match="made for another run"):
        open_folder.open_run(dataclasses.replace(config, data=DataSpec(data.dataset)))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"train": TrainSpec()}, "--scaling standard takes mean and deviation of all"),
        ({"record": ("loss",)}, "--record evaluates all training examples"),
    ],
)
def test_what_does_not_go_with_a_stream(options, expected):
    with pytest.raises(InputError, match=expected):
        RunConfig(data=DataSpec(stream=True), **({"train": UNIT} | options))


def test_a_run_that_is_not_streamed_says_nothing_of_it():
    """Run folders are named after their settings: those of older ones stay."""
    assert not {"stream", "image_size", "test_split"} & RunConfig().settings()["data"].keys()
    assert RunConfig(data=DataSpec(stream=True), train=UNIT).settings()["data"]["stream"]


def test_without_grain_nothing_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    config = RunConfig(str(tmp_path / "run"), 2, data=DataSpec(stream=True), model=ModelSpec("linear"), train=UNIT)

    with pytest.raises(InputError, match="Grain, which is not installed"):
        open_folder.open_run(config)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_imagenet_is_a_configuration(imagenet, tmp_path):
    """The preset on images in ImageNet's format, on a narrow ResNet, for two steps."""
    preset = PRESETS["fz-imagenet"]
    train = dataclasses.replace(preset.train, epochs=2, batch_size=1000, crop=1)
    config = dataclasses.replace(
        preset,
        run=str(tmp_path / "run"),
        num_models=2,
        data=SPEC,
        model=ModelSpec("resnet50:1"),
        train=train,
        pack_size=1,
    )
    run = open_folder.open_run(config)
    stages.train(run, print, print)
    outcomes, failed = store.read_outcomes(run.folder, run.plan.blocks, 2)

    assert failed == 0
    assert outcomes.masks.sum(1).tolist() == [700, 700]
    assert outcomes.test["correct"].shape == (2, 20)
    assert np.isfinite(outcomes.train["probability"]).all()
