"""Models that share a stream: the same as each alone on its own examples, and nothing of the others in them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from memjax import prng
from memjax.config.specs import DataSpec, ModelSpec
from memjax.data import load_dataset
from memjax.errors import InputError
from memjax.metrics import CLASSIFICATION
from memjax.models import BatchNorm, check_counting, make_model
from memjax.models.from_flax import from_nnx
from memjax.training import Checkpoints, StreamedTraining, make_train, single, stream_of, train_many
from memjax.training.programs import spans
from memjax.training.single import Examples
from tests.conftest import make_dataset
from tests.models.zoo import Noisy

pytest.importorskip("grain")

KEEP = CLASSIFICATION.functions(("correct", "logits"))
DATA = make_dataset(num_train=22, num_test=10)
MASKS = np.random.default_rng(1).random((4, 22)) < 0.7


def network(model, data=DATA, norm=None):
    return make_model(ModelSpec(model, norm=norm), data.input_shape, data.num_classes)


def outputs(training, stream, masks, pack_size=2, checkpoints=None, stop=lambda: False):
    """Train outputs of all models, stacked."""
    blocks = range(len(masks) // pack_size)
    packs = list(
        train_many(training, 0, lambda ids: masks[ids], stream, blocks, pack_size, checkpoints=checkpoints, stop=stop)
    )
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *[pack.output for pack in packs]) if packs else None


def test_an_epoch_is_a_permutation_that_every_step_knows():
    stream = stream_of(DATA, 5, 8)
    first, second = (np.concatenate([batch.rows for batch in stream.training(3 * e, 3 * e + 3)]) for e in (0, 1))
    (later,) = stream.training(4, 5)

    assert stream.steps_an_epoch == 3
    assert sorted(first[:22]) == sorted(second[:22]) == list(range(22))
    assert (first != second).any()
    assert first[22:].tolist() == second[22:].tolist() == [22, 22]
    np.testing.assert_array_equal(later.rows, second[8:16])
    np.testing.assert_array_equal(later.inputs, DATA.train_inputs[later.rows])
    np.testing.assert_array_equal(later.labels, DATA.train_labels[later.rows])


def test_devices_that_are_not_equally_far():
    found = [(begin, end, active.tolist()) for begin, end, active in spans(np.array([0, 3]), np.array([5, 4]))]

    assert found == [(0, 3, [True, False]), (3, 4, [True, True]), (4, 5, [True, False])]


def test_equal_to_resident_training_on_the_same_batches(monkeypatch):
    """Digits, four models, all examples each: the resident path is given the order of the stream."""
    data = load_dataset(DataSpec(per_class=8, test_per_class=3))
    stream, model, masks = stream_of(data, 0, 8), network("mlp:16", data), np.ones((4, 80), bool)
    order = jnp.stack([batch.rows for batch in stream.training(0, 10)])
    monkeypatch.setattr(single, "epoch_batches", lambda key, rows, size, batch_size: order)
    scale = (np.float32(0), np.float32(1 / 16))
    examples = Examples(data.train_inputs, data.train_labels, data.test_inputs, data.test_labels, *scale)
    streamed = outputs(StreamedTraining(model, optax.adam(0.05), KEEP, 10, 16.0), stream, masks)
    there = outputs(make_train(model, optax.adam(0.05), KEEP, 80, 1, 8), examples, masks)

    assert streamed.train["correct"].mean() > 0.25
    for part in ("train", "test"):
        np.testing.assert_allclose(getattr(streamed, part)["logits"], getattr(there, part)["logits"], atol=1e-5)
        np.testing.assert_array_equal(getattr(streamed, part)["correct"], getattr(there, part)["correct"])


def alone(model, stream, mask, model_id, num_steps):
    """Logits of a model trained, step by step, on its own examples of each batch, taken out of it."""
    key = jax.random.fold_in(prng.run_key(0), np.uint32(model_id))
    params, state = model.init(jax.random.fold_in(key, prng.INIT))
    optimizer = optax.sgd(0.1, momentum=0.9)
    moments = optimizer.init(params)
    for batch in stream.training(0, num_steps):
        rows = batch.rows[batch.rows < len(mask)]
        rows = rows[mask[rows]]
        inputs, labels = stream.train_inputs[rows], stream.train_labels[rows]

        def loss(params, inputs=inputs, labels=labels, state=state):
            logits, after = model.apply(params, state, inputs, jax.random.key(0), True)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), after

        gradient, state = jax.grad(loss, has_aux=True)(params)
        update, moments = optimizer.update(gradient, moments)
        params = optax.apply_updates(params, update)
    return [model.apply(params, state, inputs, None, False)[0] for inputs in (stream.train_inputs, stream.test_inputs)]


def normed(input_shape, num_classes):
    """Dense layers with batch normalisation between them."""

    class Net(Noisy):
        def __init__(self, *, rngs):
            super().__init__(input_shape, num_classes, rngs=rngs)
            self.norm = BatchNorm(16, momentum=0.9, rngs=rngs)
            self.dropout.rate = 0.0

    return from_nnx(lambda rngs: Net(rngs=rngs))


def test_each_model_is_as_if_alone_on_its_own_examples():
    model, stream = normed((4,), 3), stream_of(DATA, 0, 8)
    together = outputs(StreamedTraining(model, optax.sgd(0.1, momentum=0.9), KEEP, 2, 1.0), stream, MASKS)
    train, test = alone(model, stream, MASKS[3], 3, 2)

    np.testing.assert_allclose(together.train["logits"][3], train, atol=2e-5)
    np.testing.assert_allclose(together.test["logits"][3], test, atol=2e-5)


def test_held_out_examples_leave_no_trace():
    """With other pixels and labels in the place of what model 0 holds out, it answers the same to the last bit."""
    data = make_dataset(num_train=22, num_test=10, shape=(8, 8))
    model = network("cnn:2", data, "batch")
    training = StreamedTraining(model, optax.sgd(0.1, momentum=0.9), KEEP, 6, 1.0)
    held_out = ~MASKS[0]
    inputs, labels = data.train_inputs.copy(), data.train_labels.copy()
    inputs[held_out], labels[held_out] = np.inf, (labels[held_out] + 1) % 3
    clean, changed = (
        outputs(training, stream_of(one, 0, 8), MASKS)
        for one in (data, replace(data, train_inputs=inputs, train_labels=labels))
    )

    np.testing.assert_array_equal(clean.test["logits"][0], changed.test["logits"][0])
    np.testing.assert_array_equal(clean.train["logits"][0][MASKS[0]], changed.train["logits"][0][MASKS[0]])
    assert all((clean.test["logits"][other] != changed.test["logits"][other]).any() for other in (1, 2, 3))


def test_a_batch_of_held_out_examples_does_not_change_a_model():
    training = StreamedTraining(normed((4,), 3), optax.sgd(0.1, momentum=0.9), KEEP, 6, 1.0)
    (batch,) = stream_of(DATA, 0, 8).training(0, 1)
    state, mask = training.start(jax.random.key(0)), np.ones(22, bool)
    mask[batch.rows] = False
    after = jax.jit(training.step)(jax.random.key(0), mask, state, True, batch)

    assert after.step == 1
    jax.tree.map(
        np.testing.assert_array_equal, (after.params, after.optimizer_state), (state.params, state.optimizer_state)
    )
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(nnx_numbers(after.model_state)))


def nnx_numbers(tree):
    return [leaf for leaf in jax.tree.leaves(tree) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]


def test_resumed_from_a_checkpoint_in_the_middle_of_an_epoch():
    training = replace(StreamedTraining(network("mlp:8"), optax.adam(0.01), KEEP, 9, 1.0), leg=2)
    stream, saved, asked = stream_of(DATA, 0, 8), {}, iter([False, False, True, True, True])
    checkpoints = Checkpoints(
        lambda number, like: saved.get(number),
        lambda number, legs, tree: saved.update({number: (legs, tree)}),
        0.0,
    )
    whole = outputs(training, stream, MASKS)
    stopped = outputs(training, stream, MASKS, checkpoints=checkpoints, stop=lambda: next(asked))

    assert stopped is None
    assert {number: legs for number, (legs, _) in saved.items()} == {0: 2, 1: 2}
    resumed = outputs(training, stream, MASKS, checkpoints=checkpoints)
    np.testing.assert_array_equal(resumed.test["logits"], whole.test["logits"])


def test_a_network_that_mixes_the_batch_is_refused():
    model = from_nnx(lambda rngs: Noisy((4,), 3, rngs=rngs))

    with pytest.raises(InputError, match=r"--model zoo:Noisy mixes the examples of a batch"):
        check_counting("zoo:Noisy", model, (4,))
    check_counting("mine", normed((4,), 3), (4,))
