"""Trained networks that a run keeps: the same models as callables, and what happens to their files."""

import shutil

import jax
import numpy as np
import pytest

import memjax
from memjax import store
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.run import main
from memjax.runs import stages
from memjax.runs.parameters import parameter_bytes
from memjax.runs.progress import Silent
from memjax.store.records import parameters_path

SIZE = {
    "per_class": 3,
    "test_per_class": 3,
    "model": "linear",
    "num_models": 5,
    "epochs": 4,
    "pack_size": 2,
    "progress": False,
    "estimate": False,
}
STEADY = 2e-3  # logits are stored as float16


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("parameters")


@pytest.fixture(scope="module")
def kept(folders):
    return memjax.fit("digits", run=folders / "kept", keep=["correct", "logits", "parameters=every:3"], **SIZE)


@pytest.fixture(scope="module")
def plain(folders):
    return memjax.fit("digits", run=folders / "plain", keep=["correct", "logits"], **SIZE)


@pytest.mark.parametrize(
    ("word", "epochs"),
    [("parameters", (10,)), ("parameters=last", (10,)), ("parameters=4", (3, 5, 8, 10)),
     ("parameters=4:bfloat16", (3, 5, 8, 10)),
     ("parameters=every:4", (4, 8, 10)), ("parameters=every:5", (5, 10)), ("parameters=every:99", (10,))],
)  # fmt: skip
def test_after_which_epochs_parameters_are_kept(word, epochs):
    config = memjax.RunConfig(keep=("correct", word, "probability"), train=memjax.TrainSpec(epochs=10))

    assert config.parameter_epochs == epochs
    assert config.kept_metrics == ("correct", "probability")
    assert RunConfig().parameter_epochs == ()


def test_blocks_have_the_same_bytes_with_and_without_parameters(kept, plain):
    for number in range(3):
        both = [(result.folder / "blocks" / f"{number:06d}.npz").read_bytes() for result in (kept, plain)]
        assert both[0] == both[1]
    assert not list(plain.folder.rglob("*.parameters.npz"))
    assert "parameters" not in (plain.folder / "blocks" / "000000.json").read_text()


def test_the_networks_give_the_logits_that_the_run_stored(kept):
    stored, inputs = kept.outcomes.test["logits"], kept.dataset.test_inputs

    np.testing.assert_allclose(kept.predict(inputs), stored, atol=STEADY)
    few, one = kept.predict(inputs, models=[4, 0, 3]), kept.models[3](inputs[:7])  # other shapes: rounded otherwise
    np.testing.assert_allclose(few, kept.predict(inputs)[[4, 0, 3]], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(one, kept.predict(inputs)[3, :7], rtol=1e-5, atol=1e-5)
    assert kept.models.ids.tolist() == kept.outcomes.model_ids.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(kept.models.masks, kept.outcomes.masks)


@pytest.mark.slow
def test_after_an_earlier_epoch_they_are_those_of_a_shorter_training(kept, folders):
    """A constant learning rate, so that a shorter training is the beginning of a longer one."""
    options = SIZE | {"epochs": 3, "schedule": "constant"}
    short = memjax.fit("digits", run=folders / "short", keep=["correct", "parameters"], **options)
    long = memjax.fit("digits", run=folders / "long", keep=["correct", "parameters=every:3"], **options | {"epochs": 4})

    assert long.models.epochs == (3, 4)
    for found, wanted in zip(
        jax.tree.leaves(long.models.at(3).parameters()), jax.tree.leaves(short.models.parameters()), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(InputError, match="after the epochs 3, 4, not 2"):
        long.models.at(2)


@pytest.mark.slow
def test_checkpoints_and_streams_keep_the_parameters_at_the_end(folders):
    """Batch statistics and dropout keys belong to a network too."""
    options = SIZE | {"model": "tests.models.zoo:Noisy", "num_models": 2, "keep": ["correct", "logits", "parameters"]}
    x = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    y = np.arange(40) % 3
    del options["per_class"], options["test_per_class"]
    given = x[:30], y[:30], x[30:], y[30:]
    plain = memjax.fit(*given, run=folders / "noisy", **options)
    saved = memjax.fit(*given, run=folders / "saved", checkpoint_minutes=60, **options)

    for result in (plain, saved):
        np.testing.assert_allclose(result.predict(x[30:]), result.outcomes.test["logits"], atol=STEADY)
    np.testing.assert_allclose(plain.predict(x), saved.predict(x), atol=1e-5)
    streamed = memjax.fit(*given, run=folders / "stream", stream=True, scaling="unit", **options | {"model": "mlp:8"})
    np.testing.assert_allclose(streamed.predict(x[30:]), streamed.outcomes.test["logits"], atol=STEADY)


def test_wrong_requests_say_what_to_do(kept, plain):
    with pytest.raises(InputError, match="kept no parameters; train in another --run"):
        plain.predict(plain.dataset.test_inputs)
    with pytest.raises(InputError, match=r"expected \(examples, 8, 8\) as in training"):
        kept.predict(np.zeros((3, 64)))
    with pytest.raises(InputError, match="expected numbers of trained models"):
        kept.predict(kept.dataset.test_inputs, models=[5])
    with pytest.raises(InputError, match="made for another run"):
        memjax.fit("digits", run=kept.folder, keep=["correct", "logits"], **SIZE)


def test_damaged_parameters_are_a_problem_that_repair_mends_and_removed_ones_are_not(kept, tmp_path):
    folder, inputs = shutil.copytree(kept.folder, tmp_path / "copy"), kept.dataset.test_inputs
    path = parameters_path(folder, 1)
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    store.record_path(folder, 2).unlink()  # as a process leaves it that ends before the record
    parameters_path(folder, 2).write_bytes(b"half of another environment")

    with pytest.raises(InputError, match="block 1: its parameters have another checksum"):
        memjax.open(folder).models[2](inputs)
    problems = [finding for finding in store.verify(folder) if finding.kind == "problem"]
    assert [finding.block for finding in problems] == [1]
    stages.repair(folder, [1, 2], Silent())
    np.testing.assert_array_equal(memjax.open(folder).predict(inputs), kept.predict(inputs))

    memjax.open(folder).models.remove()
    found = list(store.verify(folder))
    assert not [finding for finding in found if finding.kind == "problem"]
    assert any("parameters: those of 3 blocks were removed" in finding.text for finding in found)
    with pytest.raises(InputError, match="the parameters of block 0 were removed"):
        memjax.open(folder).predict(inputs)


def test_export_writes_a_file_for_each_network(kept, tmp_path):
    assert main(["export", str(kept.folder), "--out", str(tmp_path), "--format", "parameters"]) == 0

    assert len(list(tmp_path.glob("model-*.npz"))) == 5
    with np.load(tmp_path / "model-000003.npz") as found:
        leaves = jax.tree.leaves(kept.models[3].parameters)
        assert all(name.startswith("params/") for name in found)
        for name, wanted in zip(found, leaves, strict=True):
            np.testing.assert_array_equal(found[name], wanted)


def test_models_trained_on_everything_have_no_estimates(folders, capsys):
    options = SIZE | {"estimate": True}
    result = memjax.fit("digits", run=folders / "all", design="everything", keep=["correct", "parameters"], **options)

    assert result.outcomes.masks.all()
    assert "5 trained on all examples" in repr(result)
    assert len({float(model(result.dataset.test_inputs[:1]).sum()) for model in result.models}) == 5
    with pytest.raises(InputError, match="--design everything trains all models on all examples"):
        result.memorization  # noqa: B018
    assert main(["--run", str(result.folder)]) == 0
    assert "5 trained on all examples" in capsys.readouterr().out


@pytest.mark.parametrize("options", [{"checkpoint_minutes": 1.0}, {"stream": True, "scaling": "unit"}])
def test_parameters_during_training_go_without_checkpoints_and_streams(options):
    with pytest.raises(InputError, match="--keep parameters=2 stores parameters during training, which goes without"):
        memjax.fit("digits", keep=["correct", "probability", "parameters=2"], **options)


def test_bfloat16_takes_half_the_space_and_is_the_nearest_of_its_numbers(kept, folders):
    half = memjax.fit("digits", run=folders / "half", keep=["correct", "logits", "parameters:bfloat16"], **SIZE)

    assert half.config.parameter_epochs == (4,)
    assert parameter_bytes(half.config, half.dataset) == 1_300  # of 650 numbers
    assert parameter_bytes(kept.config, kept.dataset) == 2 * 2_600
    for (name, found), wanted in zip(
        half.models[1].arrays.items(), kept.models[1].arrays.values(), strict=True
    ):  # fmt: skip
        assert found.dtype == np.float32, name
        np.testing.assert_allclose(found, wanted, rtol=2**-8)
        np.testing.assert_array_equal(found, wanted.astype(jax.numpy.bfloat16).astype(np.float32))
    np.testing.assert_allclose(half.predict(half.dataset.test_inputs), kept.predict(half.dataset.test_inputs), atol=0.1)


def test_a_safetensors_file_of_each_model(kept, tmp_path):
    load_file = pytest.importorskip("safetensors.numpy").load_file

    assert main(["export", str(kept.folder), "--out", str(tmp_path), "--format", "safetensors"]) == 0

    assert len(list(tmp_path.glob("*.safetensors"))) == 5
    found, wanted = load_file(tmp_path / "model-000003.safetensors"), kept.models[3].arrays
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)
