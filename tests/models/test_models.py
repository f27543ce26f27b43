import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model

KEY = jax.random.key(0)
BUILT_IN = {"linear": (4,), "mlp:8": (4,), "mlp:8,6": (2, 3), "cnn": (8, 8), "cnn:4": (6, 5, 3)}
OWN = [f"tests.models.zoo:{name}" for name in ("Noisy", "linen_net", "bare")]


def num_params(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(("name", "shape"), [*BUILT_IN.items(), *((name, (4,)) for name in OWN)])
def test_logits_have_one_row_per_example_and_one_column_per_class(name, shape):
    model = make_model(ModelSpec(name), shape, 3)
    params, state = model.init(KEY)
    inputs = jnp.ones((5, *shape))

    for train in (True, False):
        logits, _ = model.apply(params, state, inputs, KEY, train)
        assert logits.shape == (5, 3)


@pytest.mark.parametrize(
    ("name", "shape", "count"),
    [
        ("linear", (64,), 64 * 10 + 10),
        ("mlp:128", (8, 8), 64 * 128 + 128 + 128 * 10 + 10),
        ("mlp:512,256", (28, 28), 784 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10),
        ("cnn:16,32", (28, 28), 9 * 16 + 16 + 9 * 16 * 32 + 32 + 7 * 7 * 32 * 10 + 10),
        ("cnn:32,64,64", (28, 28), 9 * 32 + 32 + 9 * 32 * 64 + 64 + 9 * 64 * 64 + 64 + 3 * 3 * 64 * 10 + 10),
    ],
)
def test_number_of_parameters_by_hand(name, shape, count):
    assert num_params(make_model(ModelSpec(name), shape, 10).init(KEY)[0]) == count


def test_an_mlp_by_hand():
    model = make_model(ModelSpec("mlp:8"), (4,), 3)
    params, state = model.init(KEY)
    inputs = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    (b0, k0), (b1, k1) = [jax.tree.leaves(layer) for layer in (params["layers"][0], params["layers"][1])]

    expected = np.maximum(inputs @ np.asarray(k0) + b0, 0) @ np.asarray(k1) + b1

    np.testing.assert_allclose(
        model.apply(params, state, jnp.asarray(inputs), None, False)[0], expected, rtol=1e-4, atol=1e-5
    )


def test_initial_weights_have_the_variance_of_he():
    params, _ = make_model(ModelSpec("mlp:500"), (400,), 2).init(KEY)
    kernel = np.asarray(max(jax.tree.leaves(params), key=lambda leaf: leaf.size))

    assert abs(kernel.var() / (2 / 400) - 1) < 4 * np.sqrt(2 / kernel.size)


@pytest.mark.parametrize("name", OWN[:2])
def test_dropout_follows_the_key_and_is_off_in_evaluation(name):
    model = make_model(ModelSpec(name), (4,), 3)
    params, state = model.init(KEY)
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)), jnp.float32)

    def logits(key, train):
        return np.asarray(model.apply(params, state, inputs, key, train)[0])

    np.testing.assert_array_equal(logits(jax.random.key(1), True), logits(jax.random.key(1), True))
    assert (logits(jax.random.key(1), True) != logits(jax.random.key(2), True)).any()
    np.testing.assert_array_equal(logits(None, False), logits(jax.random.key(2), False))


@pytest.mark.parametrize("name", OWN[:2])
def test_batch_statistics_change_in_training_only(name):
    model = make_model(ModelSpec(name), (4,), 3)
    params, state = model.init(KEY)
    inputs = 5 + jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)), jnp.float32)

    def means(state):
        return [np.asarray(leaf) for leaf in jax.tree.leaves(state) if leaf.shape == (16,)]

    after_training, after_evaluation = (means(model.apply(params, state, inputs, KEY, t)[1]) for t in (True, False))
    assert any((a != b).any() for a, b in zip(after_training, means(state), strict=True))
    assert all((a == b).all() for a, b in zip(after_evaluation, means(state), strict=True))


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("resnet", (4,), "is not known; choose"),
        ("mlp:", (4,), "whole numbers above 0"),
        ("mlp:8,,8", (4,), "whole numbers above 0"),
        ("mlp:0", (4,), "whole numbers above 0"),
        ("cnn", (4,), "cnn needs images"),
        ("cnn:4,4,4,4", (8, 8), "too small"),
        ("nowhere.to.be.found:net", (4,), "cannot be imported"),
        ("tests.models.zoo:nothing", (4,), "has no callable"),
        ("tests.models.zoo:returns_nothing", (4,), "returned a NoneType"),
        ("tests.models.zoo:wants_no_arguments", (4,), "must be callable as"),
    ],
)
def test_a_wrong_name_is_refused(name, shape, words):
    with pytest.raises(InputError, match=words):
        make_model(ModelSpec(name), shape, 3).init(KEY)


def test_the_bias_of_the_cnn_gives_the_same_result_before_the_pooling():
    rng = np.random.default_rng(0)
    model = make_model(ModelSpec("cnn:3,5"), (8, 8), 4)
    params, state = model.init(jax.random.key(0))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), params)
    inputs = jnp.asarray(rng.normal(size=(2, 8, 8)), jnp.float32)

    hidden = inputs[..., None]
    for number in range(2):
        kernel, bias = params["convolutions"][number]["kernel"][...], params["biases"][number]["bias"][...]
        hidden = jax.lax.conv_general_dilated(
            hidden, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        hidden = nnx.max_pool(jax.nn.relu(hidden + bias), (2, 2), strides=(2, 2))
    expected = hidden.reshape(2, -1) @ params["head"]["kernel"][...] + params["head"]["bias"][...]

    np.testing.assert_allclose(model.apply(params, state, inputs, None, False)[0], expected, rtol=1e-4, atol=1e-4)
