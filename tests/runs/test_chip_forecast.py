"""A run planned for accelerators that are not there."""

import importlib.util
import json

import jax
import pytest

from memjax import run
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, ShapeSpec, TrainSpec
from memjax.data import outline
from memjax.machine.chips import CHIPS, GIB, PRICED, collectives, slice_named
from memjax.runs import compile_ahead
from memjax.runs.build_training import make_single
from memjax.subsets import make_design
from memjax.training import lower_any, replicate

IMAGENET = ShapeSpec("224,224,3", 1000, 100_000, 1000)
SLOW = set(PRESETS) - {"fz-mnist-script", "arpit-mnist", "arpit-cifar10"}


def lowered_for_tpu(config: RunConfig, dataset):
    design = make_design(config.subset, dataset.num_train, config.seed)
    examples = replicate(compile_ahead.examples_like(config, dataset), jax.local_devices())
    return lower_any(make_single(config, dataset, design), 0, examples, 2, jax.local_devices(), "tpu")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in PRESETS])
def test_each_preset_is_lowered_for_tpu_without_data(name):
    """Two models on each of two devices: convolutions have a group for each model, and no device waits for another."""
    config = PRESETS[name]
    shapes = IMAGENET if config.data.stream else ShapeSpec()
    parts = lowered_for_tpu(config, outline(config.data, shapes))

    text = parts.advance.as_text()
    assert ("feature_group_count = 2" in text) == (not config.model.model.startswith("mlp"))
    assert not collectives(text.replace("stablehlo.", " ").replace("_", "-"))


def test_the_outline_of_a_data_set_has_its_sizes():
    found = outline(DataSpec("cifar100", per_class=40), ShapeSpec())

    assert found.train_inputs.shape == (4000, 32, 32, 3)
    assert (found.num_test, found.num_classes) == (10_000, 100)
    assert outline(DataSpec(), ShapeSpec("8,8", 3, 30, 6)).test_inputs.shape == (6, 8, 8)


@pytest.mark.parametrize("shape", ["32x32", "0,3", "1,2,3,4", "-1", "32,", "\u0663"])
def test_what_is_no_shape_is_refused(shape, capsys):
    assert run.main(["doctor", "--for", "h100", "--shape", shape]) == 2
    assert "such as 32,32,3" in capsys.readouterr().err


def doctor(capsys, *options: str) -> dict:
    assert run.main(["doctor", *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_gpu_without_its_compiler_has_a_bound(capsys):
    """A linear model of 1,000 x 10 weights: six operations for each weight and example, one pass of 700 examples."""
    shapes = ["--shape", "1000", "--classes", "10", "--train", "1000", "--test", "10"]
    run_of = ["--model", "linear", "--epochs", "1", "--batch-size", "700", "--num-models", "640", "--optimizer", "sgd",
              "--precision", "bfloat16"]  # fmt: skip
    said = doctor(capsys, "--for", "h100-8", *shapes, *run_of)
    plan, h100 = said["plan"], CHIPS["h100"]

    weights = 4 * (1000 * 10 + 10)
    seconds = max(6 * 1000 * 10 * 700 / h100.peak, 2 * 2 * weights / h100.bandwidth)  # weights and momentum, 1 step
    assert plan["models_per_second"][1] == pytest.approx(8 / seconds, rel=0.02)
    assert plan["price"][0] == pytest.approx(plan["hours"][0] * 8 * h100.price)
    assert said["run on it"].startswith("memjax --model linear --epochs 1")
    assert said["run on it"].endswith(f"--dataset NAME --pack-size {plan['pack_size']}")
    assert "at least" in said["time"]
    assert f"This price of {PRICED} is unconfirmed" in said["price"]
    assert "bound" in said["speed"]


def test_a_pack_size_that_was_asked_for_stands_once_in_the_command(capsys):
    shapes = ["--shape", "4", "--classes", "2", "--train", "100", "--test", "10"]
    said = doctor(capsys, "--for", "h100", *shapes, "--model", "linear", "--pack-size", "8")

    assert said["run on it"].startswith("memjax --model linear --pack-size 8 ")
    assert said["run on it"].count("--pack-size") == 1


def test_a_tpu_without_its_compiler_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert run.main(["doctor", "--for", "v5e"]) == 2
    assert "pip install 'memjax[tpu]'" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["v5x", "infuence", "v5e-0"])
def test_a_mistyped_word_is_named(word, capsys):
    assert run.main(["doctor", "--for", word]) == 2
    assert "Choose" in capsys.readouterr().err


def test_the_pack_size_is_searched_once_and_kept(monkeypatch, tmp_path):
    """What the compiler says is given here: 5 GiB and 10 cycles a model up to 4 models, more beyond."""
    config = RunConfig(num_models=1000, model=ModelSpec("mlp:8"), train=TrainSpec(epochs=1))
    target, tried = slice_named("v5e"), []

    def compiled(config, dataset, design, devices, size):
        tried.append(size)
        return compile_ahead.Compiled(size, 10 * size + 100, 10 + 100 / size, size * 5 * GIB, 1.0)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compile_ahead, "devices_of", lambda target: jax.local_devices())
    monkeypatch.setattr(compile_ahead, "compile_ahead", compiled)
    monkeypatch.setattr(compile_ahead, "version", lambda name: "1")
    monkeypatch.setattr(compile_ahead, "guess", lambda config, dataset: 8)
    dataset = outline(config.data, ShapeSpec("8", 2, 100, 10))
    design = make_design(config.subset, dataset.num_train, 0)
    first = compile_ahead.search(config, dataset, design, target)

    assert first[0].pack_size == 2  # three models take 15 GiB, more than nine tenths of 16
    assert 1 < len(tried) <= 4
    assert compile_ahead.search(config, dataset, design, target) == first
    assert len(tried) == len(first)
    (kept,) = (tmp_path / "memjax" / "packs").iterdir()
    kept.write_text("[1]")
    assert compile_ahead.search(config, dataset, design, target) == first


def test_the_search_begins_where_activations_fill_the_fast_memory():
    """2,048 examples of 16 x 16 x 32 outputs take 64 MiB, half of the fast memory, and are not rounded to bfloat16."""
    config = RunConfig(model=ModelSpec("cnn:32"), train=TrainSpec(batch_size=2048, precision="bfloat16"))
    dataset = outline(DataSpec(), ShapeSpec("16,16", 2, 4096, 2))

    assert compile_ahead.guess(config, dataset) == 1
    fewer = RunConfig(model=ModelSpec("cnn:32"), train=TrainSpec(batch_size=64))
    assert compile_ahead.guess(fewer, dataset) in (60, 61, 62)
