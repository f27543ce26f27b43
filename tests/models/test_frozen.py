"""Which parameters are trained, and that the others and what they compute stay as they are."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from memjax import prng
from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.metrics import CLASSIFICATION
from memjax.models import from_linen, from_nnx, make_model
from memjax.models.frozen import arrays_by_name, drawn, freeze, last_layer, on_features, plain, to_train
from memjax.training import examples_of, make_train, with_features
from memjax.types import Model

KEY, SHAPE = jax.random.key(0), (4,)
LIKE = jax.ShapeDtypeStruct(SHAPE, jnp.float32)
MASK = jnp.arange(60) < 42


class Normed(nnx.Module):
    """Batch statistics and dropout before the last layer, which is named as none of the zoo."""

    def __init__(self, input_shape, num_classes, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(*input_shape, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.out = nnx.Linear(8, num_classes, rngs=rngs)

    def __call__(self, inputs):
        return self.out(self.drop(jax.nn.relu(self.norm(self.first(inputs)))))


class Lin(nn.Module):
    @nn.compact
    def __call__(self, inputs):
        hidden = nn.relu(nn.Dense(5)(inputs))
        return nn.Dense(3)(hidden)


def normed() -> Model:
    return from_nnx(lambda rngs: Normed(SHAPE, 3, rngs=rngs))


def trained(model, examples, epochs=6):
    """The network after a short training, and its logits on the training examples."""
    single = make_train(model, optax.adam(0.02), CLASSIFICATION.functions(["correct", "logits"]), 42, epochs, 8)

    @jax.jit
    def both(key):
        state = single.advance(key, MASK, single.start(key), examples, 0, epochs)
        return state.params, state.model_state, single.finish(state, examples).train["logits"]

    return both(KEY)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (make_model(ModelSpec("mlp:6,5"), SHAPE, 3), ("layers/2/bias", "layers/2/kernel")),
        (make_model(ModelSpec("linear"), SHAPE, 3), ("layers/0/bias", "layers/0/kernel")),
        (from_linen(Lin(), SHAPE), ("Dense_1/bias", "Dense_1/kernel")),
        (normed(), ("out/bias", "out/kernel")),
    ],
    ids=["mlp", "linear", "linen", "own"],
)
def test_the_head_is_the_last_layer(model, names):
    assert last_layer(model, LIKE) == names


def test_a_last_layer_that_is_not_clear_is_asked_for():
    def init(key):
        return {"one": {"w": jnp.ones((4, 3))}, "two": {"w": jnp.ones((4, 3))}}, {}

    def apply(params, state, inputs, key, train):
        both = jax.jit(lambda params, inputs: inputs @ params["one"]["w"] + inputs @ params["two"]["w"])
        return both(params, inputs), state

    with pytest.raises(InputError, match=r"which layer is the last one is not clear .*one/w, two/w"):
        last_layer(Model(init, apply), LIKE)


def test_names_choose_the_parameters_at_and_below_them():
    model = make_model(ModelSpec("mlp:6,5"), SHAPE, 3)

    assert to_train(model, LIKE, ("head", "layers.0.bias")) == ("layers/0/bias", "layers/2/bias", "layers/2/kernel")
    assert to_train(model, LIKE, ("layers/1",)) == ("layers/1/bias", "layers/1/kernel")
    assert len(to_train(model, LIKE, ("all",))) == 6
    with pytest.raises(InputError, match=r"--train layers/10: no parameter has this name.*layers/0/bias"):
        to_train(model, LIKE, ("layers/10",))


def test_names_of_other_programs_are_understood():
    assert plain("params/params/Dense_0/kernel/value", ["Dense_0/kernel"]) == "Dense_0/kernel"
    assert plain("state/batch_stats/Norm/mean", ["batch_stats/Norm/mean"]) == "batch_stats/Norm/mean"
    assert plain("params.weight", ["params/weight"]) == "params/weight"


@pytest.mark.parametrize("shared", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_is_frozen_keeps_its_bits_and_evaluates_without_dropout(clouds, shared):
    whole, given = normed(), normed().init(jax.random.key(9))
    names = to_train(whole, LIKE, ("head",))
    model = freeze(whole, names, given if shared else None)
    params, state, logits = trained(model, examples_of(clouds))
    begin, before = model.init(jax.random.fold_in(KEY, prng.INIT))

    assert params.keys() == {"out/bias", "out/kernel"}
    assert not np.array_equal(params["out/kernel"], begin["out/kernel"])
    jax.tree.map(np.testing.assert_array_equal, _numbers(state), _numbers(before))
    frozen, rest = (arrays_by_name(given[0]), given[1]) if shared else (state["frozen"], state["state"])
    leaves = [params.get(name, frozen.get(name)) for name in arrays_by_name(given[0])]
    tree = jax.tree.unflatten(jax.tree.structure(given[0]), leaves)
    examples = examples_of(clouds)
    inputs = (examples.train_inputs - examples.mean) * examples.scale
    np.testing.assert_allclose(whole.apply(tree, rest, inputs, None, False)[0], logits, rtol=1e-4, atol=1e-5)


def _numbers(tree):
    keys = jax.dtypes.prng_key
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, keys) else leaf, tree)


@pytest.mark.parametrize("asked", [("head",), pytest.param(("norm", "out"), marks=pytest.mark.slow)])
def test_trained_on_features_as_through_the_frozen_layers(clouds, asked):
    whole = normed()
    model = freeze(whole, to_train(whole, LIKE, asked), whole.init(jax.random.key(9)))
    parts = on_features(model, LIKE)
    assert parts.width == 8

    through, _, slow = trained(model, examples_of(clouds))
    alone, _, fast = trained(parts.model, with_features(examples_of(clouds), parts.features))

    np.testing.assert_allclose(slow, fast, rtol=1e-4, atol=1e-5)
    for name in through:
        np.testing.assert_allclose(through[name], alone[name], rtol=1e-4, atol=1e-5)


def test_features_go_where_a_network_branches():
    """A layer that is trained gets the first layer's outputs, and so does the sum behind it."""

    def init(key):
        return {"a": {"w": jnp.ones((4, 2))}, "b": {"w": jnp.ones((2, 2))}}, {}

    def apply(params, state, inputs, key, train):
        hidden = jax.nn.relu(inputs @ params["a"]["w"])
        return jnp.tanh(hidden) + hidden @ params["b"]["w"], state

    model = freeze(Model(init, apply), ("b/w",), init(KEY))
    parts, inputs = on_features(model, LIKE), jnp.arange(12.0).reshape(3, 4)

    assert parts.width == 4  # two for the product, two for the sum
    features = parts.features(inputs)
    np.testing.assert_allclose(
        parts.model.apply({"b/w": jnp.eye(2)}, {}, features, None, True)[0],
        model.apply({"b/w": jnp.eye(2)}, {}, inputs, None, True)[0],
    )


def test_nothing_is_cached_where_nothing_is_computed_before():
    whole = make_model(ModelSpec("mlp:6"), SHAPE, 3)

    assert on_features(freeze(whole, to_train(whole, LIKE, ("layers/0",)), whole.init(KEY)), LIKE) is None


def test_given_arrays_take_the_place_of_drawn_ones():
    model, kernel = make_model(ModelSpec("mlp:6"), SHAPE, 3), jnp.full((6, 3), 2.0)
    before, after = (arrays_by_name(drawn(model, KEY, given)[0]) for given in ({}, {"layers/1/kernel": kernel}))

    np.testing.assert_array_equal(after["layers/1/kernel"], kernel)
    np.testing.assert_array_equal(after["layers/0/kernel"], before["layers/0/kernel"])


@pytest.mark.slow
def test_the_head_of_a_network_of_tokens():
    model = make_model(ModelSpec("transformer:32x2"), (6,), 5, np.int32)
    example, tokens = jax.ShapeDtypeStruct((6,), jnp.int32), jnp.arange(12).reshape(2, 6) % 5
    frozen = freeze(model, to_train(model, example, ("head",)), model.init(KEY))
    parts, (params, state) = on_features(frozen, example), frozen.init(KEY)

    assert 0 < len(params) <= 2
    np.testing.assert_allclose(
        parts.model.apply(params, state, parts.features(tokens), None, True)[0],
        model.apply(*model.init(KEY), tokens, None, False)[0],
        rtol=1e-4,
        atol=1e-5,
    )
