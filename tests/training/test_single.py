"""What one model's training promises."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from memjax.config.specs import ModelSpec
from memjax.metrics import CLASSIFICATION
from memjax.models import make_model
from memjax.training import examples_of, make_train
from memjax.types import Model
from tests.conftest import make_dataset

KEY = jax.random.key(3)


def trained(dataset, mask, model="mlp:16", epochs=30, keep=("correct", "probability", "logits")):
    network = make_model(ModelSpec(model), dataset.input_shape, dataset.num_classes)
    train = make_train(network, optax.adam(0.02), CLASSIFICATION.functions(keep), int(mask.sum()), epochs, 8)
    return jax.tree.map(np.asarray, jax.jit(train)(KEY, mask, examples_of(dataset)))


def test_it_learns_its_subset(clouds):
    mask = np.arange(60) < 42
    output = trained(clouds, mask, epochs=150)

    assert output.train["correct"][mask].mean() == 1
    assert output.test["correct"].mean() > 0.5
    assert output.finite


def test_the_same_key_gives_the_same_model(clouds):
    mask = np.arange(60) < 42

    np.testing.assert_array_equal(trained(clouds, mask).train["logits"], trained(clouds, mask).train["logits"])


@pytest.mark.parametrize("model", ["mlp:16", "tests.models.zoo:Noisy", "tests.models.zoo:linen_net"])
def test_a_held_out_example_changes_nothing(clouds, model):
    """Not through the batches, and with batch normalisation not through its statistics either.

    Inputs are changed after standardisation, which is the only thing that all examples share.
    """
    mask = np.arange(60) % 3 != 0
    network = make_model(ModelSpec(model), clouds.input_shape, clouds.num_classes)
    train = jax.jit(make_train(network, optax.adam(0.02), CLASSIFICATION.functions(("logits",)), int(mask.sum()), 5, 8))
    examples = examples_of(clouds)
    inputs, labels = np.array(examples.train_inputs), np.array(examples.train_labels)
    inputs[~mask], labels[~mask] = 1e6, 0

    before = train(KEY, mask, examples)
    after = train(KEY, mask, examples._replace(train_inputs=inputs, train_labels=labels))

    np.testing.assert_array_equal(before.test["logits"], after.test["logits"])
    np.testing.assert_array_equal(before.train["logits"][mask], after.train["logits"][mask])


def test_a_held_in_example_does_change_it(clouds):
    """The test above can fail."""
    mask = np.arange(60) % 3 != 0
    examples = examples_of(clouds)
    inputs = np.array(examples.train_inputs)
    inputs[np.flatnonzero(mask)[0]] += 3
    network = make_model(ModelSpec("mlp:16"), clouds.input_shape, clouds.num_classes)
    train = jax.jit(make_train(network, optax.adam(0.02), CLASSIFICATION.functions(("logits",)), int(mask.sum()), 5, 8))

    before, after = train(KEY, mask, examples), train(KEY, mask, examples._replace(train_inputs=inputs))

    assert (np.asarray(before.test["logits"]) != np.asarray(after.test["logits"])).any()


def test_more_examples_than_one_evaluation_chunk():
    """Chunks are topped up: the result is that of one example at a time."""
    small = make_dataset(num_train=30, num_test=20)
    many = make_dataset(num_train=30, num_test=2500)
    mask = np.arange(30) < 20
    expected = trained(small, mask, epochs=2).test["logits"]

    logits = trained(many, mask, epochs=2).test["logits"]

    assert logits.shape == (2500, 3)
    assert len(np.unique(logits, axis=0)) > 2400
    assert expected.shape == (20, 3)


def test_a_diverged_model_says_so(clouds):
    network = make_model(ModelSpec("mlp:16"), clouds.input_shape, clouds.num_classes)
    train = make_train(network, optax.sgd(1e30), CLASSIFICATION.functions(("correct",)), 40, 5, 8)

    output = jax.jit(train)(KEY, np.arange(60) < 40, examples_of(clouds))

    assert not output.finite


@pytest.mark.parametrize(("shape", "axes"), [((6,), (0,)), ((4, 4), (0, 1, 2)), ((4, 4, 3), (0, 1, 2))])
def test_inputs_are_standardised_by_feature_or_by_channel(shape, axes):
    dataset = make_dataset(num_train=3000, shape=shape)
    examples = examples_of(dataset)

    standard = (np.asarray(dataset.train_inputs, np.float64) - examples.mean) * examples.scale

    np.testing.assert_allclose(standard.mean(axes), 0, atol=1e-5)
    np.testing.assert_allclose(standard.std(axes), 1, atol=1e-5)


def test_images_stay_bytes_and_a_constant_input_is_left_alone():
    dataset = make_dataset(shape=(4, 4), dtype=np.uint8)
    constant = make_dataset(shape=(2,))
    constant.train_inputs[:, 1] = 0.1  # no sum of it is exact

    assert examples_of(dataset).train_inputs.dtype == np.uint8
    assert examples_of(constant).scale[1] == 1


def recorder(num_steps: int, batch_size: int) -> Model:
    """A network that learns nothing and answers with the list of all inputs that it was trained on."""

    def init(key):
        return jnp.zeros(1), (jnp.int32(0), jnp.zeros((num_steps, batch_size)))

    def apply(params, state, inputs, key, train):
        step, seen = state
        if train:
            state = step + 1, seen.at[step].set(inputs[:, 0])
        return params.sum() + jnp.broadcast_to(seen.ravel(), (len(inputs), seen.size)), state

    return Model(init, apply)


def test_every_epoch_goes_once_through_the_subset_in_an_order_of_its_own():
    dataset = make_dataset(num_train=12, num_test=2, shape=(1,))
    dataset.train_inputs[:, 0] = np.arange(12)
    mask = np.arange(12) % 3 != 0
    train = jax.jit(make_train(recorder(6, 4), optax.sgd(0.0), CLASSIFICATION.functions(("logits",)), 8, 3, 4))

    def epochs(key):
        examples = examples_of(dataset)
        seen = train(key, mask, examples).train["logits"][0] / examples.scale + examples.mean
        return np.rint(np.asarray(seen)).astype(int).reshape(3, 8)

    first, again, other = epochs(KEY), epochs(KEY), epochs(jax.random.key(4))

    for order in first:
        assert sorted(order) == np.flatnonzero(mask).tolist()
    assert len(np.unique(first, axis=0)) == 3
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_there_may_be_no_test_examples(clouds):
    mask = np.arange(60) < 42
    fields = ("test_inputs", "test_labels", "test_ids", "test_corrupted")
    without = dataclasses.replace(clouds, **{name: getattr(clouds, name)[:0] for name in fields})
    output = trained(without, mask, epochs=3)

    assert output.test["logits"].shape == (0, clouds.num_classes)
    assert output.finite
    np.testing.assert_array_equal(output.train["logits"], trained(clouds, mask, epochs=3).train["logits"])
