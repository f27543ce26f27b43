"""What is recorded on the way is what a training that ends there would say."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from memjax import dynamics, prng, run, store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
from memjax.errors import InputError
from memjax.metrics import CLASSIFICATION
from memjax.models import make_model
from memjax.runs import open_folder, stages
from memjax.runs.result import Result
from memjax.training import Probe, examples_of, make_train
from memjax.training.batches import epoch_batches
from tests.conftest import make_dataset

KEY, MASK = jax.random.key(3), np.arange(60) < 42
RECORDED = ("correct", "probability", "margin", "loss", "error_norm")


def made(probe, epochs=4):
    dataset = make_dataset()
    network = make_model(ModelSpec("mlp:16"), dataset.input_shape, dataset.num_classes)
    keep = CLASSIFICATION.functions(("logits",))
    single = make_train(network, optax.adam(0.02), keep, 42, epochs, 8, **({"probe": probe} if probe else {}))
    return single, examples_of(dataset)


def by_numpy(logits, labels):
    """The five metrics, from their definitions."""
    rows = np.arange(len(labels))
    logits = logits.astype(np.float64)
    odds = np.exp(logits - logits.max(1, keepdims=True))
    probability = odds / odds.sum(1, keepdims=True)
    others = logits.copy()
    others[rows, labels] = -np.inf
    return {
        "correct": logits.argmax(1) == labels,
        "probability": probability[rows, labels],
        "margin": logits[rows, labels] - others.max(1),
        "loss": -np.log(probability[rows, labels]),
        "error_norm": np.linalg.norm(probability - np.eye(logits.shape[1])[labels], axis=1),
    }


def test_each_record_is_what_a_training_that_ends_there_says():
    single, examples = made(Probe(CLASSIFICATION.functions(RECORDED), (0, 1, 3, 4), 60))
    advance, finish, state = jax.jit(single.advance), jax.jit(single.finish), single.start(KEY)
    record = finish(advance(KEY, MASK, state, examples, 0, 4), examples).record

    for place, epoch in enumerate((0, 1, 3, 4)):
        logits = finish(advance(KEY, MASK, state, examples, 0, epoch), examples).train["logits"]
        expected = by_numpy(np.asarray(logits), np.asarray(examples.train_labels))
        for name in RECORDED:
            np.testing.assert_allclose(
                np.asarray(record[name][place], np.float64), expected[name], rtol=2e-3, atol=1e-3
            )
    assert {name: values.dtype.name for name, values in record.items()} == dict.fromkeys(RECORDED, "float16") | {
        "correct": "bool"
    }


def test_own_examples_as_they_are_met_and_the_others_after_the_epoch():
    single, examples = made(Probe(CLASSIFICATION.functions(RECORDED), (1, 3), 60, "met"), epochs=3)
    held_out = np.flatnonzero(~MASK)
    advance, finish, state = jax.jit(single.advance), jax.jit(single.finish), single.start(KEY)
    after = {
        epoch: by_numpy(
            np.asarray(finish(advance(KEY, MASK, state, examples, 0, epoch), examples).train["logits"]),
            np.asarray(examples.train_labels),
        )
        for epoch in (0, 1, 3)
    }
    record = finish(advance(KEY, MASK, state, examples, 0, 3), examples).record
    first = jax.random.fold_in(jax.random.fold_in(KEY, prng.ORDER), 0)
    order = np.asarray(epoch_batches(first, jnp.flatnonzero(MASK), jnp.int32(42), 8))

    for name in RECORDED:
        values = np.asarray(record[name], np.float64)
        close = {"rtol": 2e-3, "atol": 1e-3}
        for place, epoch in enumerate((1, 3)):
            np.testing.assert_allclose(values[place, held_out], after[epoch][name][held_out], **close)
        np.testing.assert_allclose(values[0, order[0]], after[0][name][order[0]], **close)  # before any step
    own = np.asarray(record["loss"], np.float64)[0, order[-1, :2]]  # met last, before the last step
    assert (own != after[0]["loss"][order[-1, :2]]).all()
    assert (np.asarray(record["loss"][:, MASK]) > 0).all()


def test_the_record_of_met_examples_does_not_change_the_training():
    (plain, examples), (watched, _) = made(None), made(Probe(CLASSIFICATION.functions(("loss",)), (1, 4), 60, "met"))

    for one, other in zip(
        *(jax.tree.leaves(jax.jit(t)(KEY, MASK, examples)[:2]) for t in (plain, watched)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_nothing_recorded_leaves_nothing_behind():
    """The program is the one without probes: nothing more in the state, no branch, no forward pass of all examples."""
    single, examples = made(None)
    state = jax.eval_shape(single.start, KEY)
    program = str(jax.make_jaxpr(single.advance)(KEY, MASK, single.start(KEY), examples, 0, 4))
    watched, _ = made(Probe(CLASSIFICATION.functions(("loss",)), (1,), 60))
    with_probe = str(jax.make_jaxpr(watched.advance)(KEY, MASK, watched.start(KEY), examples, 0, 4))

    assert state.record == {}
    assert "cond[" not in program
    assert "cond[" in with_probe


def test_what_is_recorded_does_not_change_the_training():
    (plain, examples), (watched, _) = made(None), made(Probe(CLASSIFICATION.functions(("loss",)), (0, 1, 2, 3, 4), 60))

    for one, other in zip(
        *(jax.tree.leaves(jax.jit(t)(KEY, MASK, examples)[:2]) for t in (plain, watched)), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_record_that_does_not_fit_is_cut_off_not_lost():
    probe = Probe({"huge": lambda logits, labels: logits[:, 0] * 0 + 1e9}, (1,), 60)
    single, examples = made(probe, epochs=1)

    assert (jax.jit(single)(KEY, MASK, examples).record["huge"] == 65504).all()


def small(**changes):
    spec = DataSpec(per_class=6, test_per_class=2)
    fields = {"record": ("correct", "loss"), "train": TrainSpec(epochs=4), "model": ModelSpec("mlp:8")}
    return RunConfig(num_models=5, data=spec, pack_size=2, **(fields | changes))


@pytest.mark.ci
def test_through_the_command_line_and_back(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    folder = tmp_path / "run"
    words = "--num-models 5 --pack-size 2 --per-class 6 --test-per-class 2 --epochs 5 --model mlp:8"
    assert run.main(["--run", str(folder), *words.split(), "--record", "correct", "loss", "--record-every", "2"]) == 0

    curves = store.read_curves(folder, range(3), 5)
    outcomes, _ = store.read_outcomes(folder, range(3), 5)

    assert curves.epochs.tolist() == [2, 4, 5]
    assert {name: (values.shape, values.dtype.name) for name, values in curves.values.items()} == {
        "correct": ((5, 3, 60), "bool"), "loss": ((5, 3, 60), "float16"),
    }  # fmt: skip
    np.testing.assert_array_equal(curves.masks, outcomes.masks)
    np.testing.assert_array_equal(curves.values["correct"][:, -1], outcomes.train["correct"])
    probability = outcomes.train["probability"].astype(np.float64)
    np.testing.assert_allclose(np.exp(-curves.values["loss"][:, -1].astype(np.float64)), probability, atol=3e-3)
    assert open_folder.config_of(store.read_plan(folder), folder).recorded_epochs == (2, 4, 5)
    assert open_folder.config_of(store.read_plan(folder), folder).record_own == "after"
    reopened = open_folder.reopen_run(folder)
    np.testing.assert_array_equal(Result(reopened).curves.values["loss"], curves.values["loss"])

    found = store.read_results(folder, "dynamics.npz", checked=True)
    sides = dynamics.over_models(curves.values["loss"], curves.masks)
    np.testing.assert_allclose(found["tr_loss_in"], sides.inside.T, rtol=1e-6)
    np.testing.assert_allclose(found["tr_loss_out"], sides.outside.T, rtol=1e-6)
    assert 'href="#dynamics"' in (folder / "report.html").read_text()
    assert not stages.estimate(reopened, print, print)
    (folder / "dynamics.npz").write_bytes(b"")
    assert any(finding.kind == "problem" for finding in store.verify(folder))
    assert stages.estimate(reopened, print, print)
    assert store.read_results(folder, "dynamics.npz", checked=True)["num_models"] == 5
    assert stages.estimate(open_folder.extend_run(reopened, 6), print, print)
    assert store.read_results(folder, "dynamics.npz", checked=True)["num_models"] == 6


def test_a_run_that_recorded_nothing_says_so(tmp_path):
    rng = np.random.default_rng(0)
    bits = {"correct": rng.random((2, 6)) < 0.5}
    store.write_block(tmp_path, 0, store.Block(np.arange(2), bits["correct"], np.ones(2, bool), bits, bits), "p", {})

    with pytest.raises(InputError, match="has recorded nothing; begin another --run with --record"):
        store.read_curves(tmp_path, [0], 2)


def test_after_which_epochs():
    assert small().recorded_epochs == (1, 2, 3, 4)
    assert small(record_every=3).recorded_epochs == (3, 4)
    assert small(record_epochs=(0, 2)).recorded_epochs == (0, 2)
    assert small(record=()).recorded_epochs == ()
    assert small(record_every=3).shortened(2).recorded_epochs == ()
    assert small(record_epochs=(0, 1, 4)).shortened(2).recorded_epochs == (0, 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"record_every": 0}, "--record-every is 0; give 1 or more"),
        ({"record_epochs": (5,)}, "give numbers from 0 to 4, which is --epochs"),
        ({"record_epochs": (2, 1)}, "each larger than the one before"),
        ({"record_epochs": (1, 2), "record_every": 2}, "or those of the run, differ"),
        ({"record_own": "met", "record_epochs": (0, 1)}, "nothing before the first step"),
        (
            {"record_own": "met", "subset": SubsetSpec("bernoulli")},
            "needs subsets of one size; choose --design fixed-size",
        ),
    ],
)
def test_epochs_that_cannot_be(changes, expected):
    with pytest.raises(InputError, match=expected):
        small(**changes)
