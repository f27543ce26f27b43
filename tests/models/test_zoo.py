"""The networks of the papers, and the options that networks have."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import DenseNet, Inception, ResNet, from_nnx, layers_of, make_model
from memjax.models.images import DenseBlock
from memjax.models.layers import draw_kernels
from memjax.models.normalization import normalization
from memjax.models.resnet import Residual

KEY = jax.random.key(0)


@functools.cache
def network(name, shape=(12, 12), classes=3, **options):
    return make_model(ModelSpec(name, **options), shape, classes)


def images(shape, count=4):
    return jnp.asarray(np.random.default_rng(0).normal(size=(count, *shape)), jnp.float32)


def shapes(model):
    """Shapes of parameters and state, without computing them."""
    return jax.eval_shape(model.init, KEY)


def conv(side, size_in, size_out):
    """Number of parameters of a convolution and its normalisation: the kernel, a scale and a bias."""
    return side * side * size_in * size_out + 2 * size_out


def block(size_in, one, three):
    return conv(1, size_in, one) + conv(3, size_in, three)


INCEPTION = (
    conv(3, 3, 96)
    + block(96, 32, 32) + block(64, 32, 48) + conv(3, 80, 160)
    + block(160, 112, 48) + block(160, 96, 64) + block(160, 80, 80) + block(160, 48, 96) + conv(3, 144, 240)
    + block(240, 176, 160) + block(336, 176, 160)
    + 336 * 10 + 10
)  # fmt: skip
ALEXNET = (
    conv(5, 3, 200) + conv(5, 200, 200)
    + (6 * 6 * 200 * 384 + 2 * 384) + (384 * 192 + 2 * 192) + 192 * 10 + 10
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shape", "classes", "count"),
    [
        ("mlp:4096x2", (28, 28), 10, 784 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 10 + 10),
        ("mlp:8x2,6", (4,), 3, 4 * 8 + 8 + 8 * 8 + 8 + 8 * 6 + 6 + 6 * 3 + 3),
        ("inception", (32, 32, 3), 10, INCEPTION),
        ("resnet18", (32, 32, 3), 10, 11_173_962),
        ("resnet50", (32, 32, 3), 100, 23_520_842 + 90 * (2048 + 1)),  # the first number is for 10 classes
        ("densenet100", (32, 32, 3), 10, 769_162),
        ("alexnet", (32, 32, 3), 10, ALEXNET),
    ],
)
def test_number_of_parameters(name, shape, classes, count):
    params, _ = shapes(network(name, shape, classes))

    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == count


@pytest.mark.parametrize(("norm", "per_channel"), [("batch", 2), ("group", 2), ("none", 1)])
def test_without_normalisation_the_convolution_has_a_bias(norm, per_channel):
    params, state = shapes(network("cnn:8", (4, 4), 3, norm=norm))

    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 9 * 8 + per_channel * 8 + 2 * 2 * 8 * 3 + 3
    assert len(jax.tree.leaves(state)) == (2 if norm == "batch" else 0)  # a mean and a variance


@pytest.mark.parametrize(
    ("name", "norm", "num_norms"),
    [
        ("cnn:4", None, 0),
        ("inception:0.05", None, 1 + 8 * 2 + 2),
        ("resnet18:2", None, 1 + 8 * 2 + 3),
        ("alexnet:0.02", None, 4),
        ("alexnet:0.02", "group", 0),
        ("alexnet:0.02", "none", 0),
    ],
)
def test_the_papers_networks_have_batch_normalisation_by_default(name, norm, num_norms):
    assert len(jax.tree.leaves(shapes(network(name, norm=norm))[1])) == 2 * num_norms


def test_a_residual_network_halves_the_image_and_doubles_the_channels_three_times():
    def hidden(inputs):
        net = ResNet((32, 32, 3), 10, (2, 2, 2, 2), False, width=4, rngs=nnx.Rngs(0))
        hidden = [net.stem(inputs)]
        for block in net.blocks:
            hidden.append(block(hidden[-1]))
        return hidden

    sizes = [(leaf.shape[1], leaf.shape[3]) for leaf in jax.eval_shape(hidden, images((32, 32, 3)))]
    assert sizes == [(32, 4)] * 3 + [(16, 8)] * 2 + [(8, 16)] * 2 + [(4, 32)] * 2


def test_a_residual_block_that_adds_nothing_is_relu():
    block = Residual(4, 4, 1, False, norm="none", rngs=nnx.Rngs(0))  # kernels are zeros until they are drawn
    inputs = images((3, 3, 4))

    np.testing.assert_array_equal(block(inputs), jax.nn.relu(inputs))


def test_the_output_of_a_dense_block_begins_with_its_input():
    block = DenseBlock(4, 3, 2, norm="none", rngs=nnx.Rngs(0))
    draw_kernels(block, KEY)
    inputs = images((3, 3, 4))
    outputs = block(inputs)

    assert outputs.shape == (4, 3, 3, 4 + 3 * 2)
    np.testing.assert_array_equal(outputs[..., :4], inputs)
    assert all(np.asarray(outputs[..., channel]).any() for channel in range(4, 10))


def residual(bottleneck, width, norm):
    def make(shape):
        return from_nnx(lambda rngs: ResNet(shape, 3, (1, 1, 1, 1), bottleneck, width, norm, 0.2, rngs=rngs))

    return make


def inception(shape):
    stages = (((32, 48),), ((48, 96),), ((176, 160),))
    return from_nnx(lambda rngs: Inception(shape, 3, 0.05, "batch", 0.2, stages, rngs=rngs))


def dense(shape):
    return from_nnx(lambda rngs: DenseNet(shape, 3, 10, 4, "group", 0.2, rngs=rngs))


SMALL = {
    "cnn": functools.partial(network, "cnn:4", norm="batch", dropout=0.2),
    "inception": inception,
    "basic resnet": residual(False, 2, "batch"),
    "bottleneck resnet": residual(True, 1, "none"),
    "densenet": dense,
    "alexnet": functools.partial(network, "alexnet:0.05", norm="group", dropout=0.2),
}  # as few layers as possible, because compilation takes most of the time
FAST = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


HEAVY = ("densenet", "bottleneck resnet")  # seconds to compile


@pytest.mark.ci
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in SMALL]
)
def test_a_step_of_training(name):
    """On grey images: all numbers are finite, all kernels are drawn, and dropout acts in training only."""
    model = SMALL[name]((12, 12))
    params, state = FAST(model.init)(KEY)
    inputs = images((12, 12))

    @FAST
    def step(params, state, key):
        def loss(params):
            logits, new_state = model.apply(params, state, inputs, key, True)
            return (logits**2).sum(), (logits, new_state)

        gradient, (logits, new_state) = jax.grad(loss, has_aux=True)(params)
        return gradient, logits, new_state, model.apply(params, state, inputs, None, False)[0]

    gradient, logits, new_state, evaluated = step(params, state, jax.random.key(1))
    _, other_logits, _, evaluated_again = step(params, state, jax.random.key(2))

    assert logits.shape == evaluated.shape == (4, 3)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((params, gradient, logits, evaluated)))
    assert all(np.asarray(leaf).any() for leaf in jax.tree.leaves(params) if leaf.ndim > 1)
    assert sum(np.asarray(leaf).any() for leaf in jax.tree.leaves(gradient)) > 0.8 * len(jax.tree.leaves(gradient))
    assert (logits != other_logits).any()
    np.testing.assert_array_equal(evaluated, evaluated_again)
    assert jax.tree.structure(state) == jax.tree.structure(new_state)


@pytest.mark.parametrize("name", SMALL)
def test_a_colour_image_need_not_be_square(name):
    model = SMALL[name]((11, 16, 3))
    params, state = shapes(model)

    logits, _ = jax.eval_shape(lambda *args: model.apply(*args, None, False), params, state, jnp.zeros((4, 11, 16, 3)))

    assert logits.shape == (4, 3)


def test_alexnet_ignores_the_border_of_the_image():
    model = network("alexnet:0.02", norm="none")
    params, state = jax.jit(model.init)(KEY)
    inputs = images((12, 12))
    border = jnp.full_like(inputs, 9).at[:, 2:-2, 2:-2].set(inputs[:, 2:-2, 2:-2])
    inside = inputs.at[:, 2, 2].set(9)

    logits = jax.jit(lambda inputs: model.apply(params, state, inputs, None, False)[0])

    np.testing.assert_array_equal(logits(border), logits(inputs))
    assert (logits(inside) != logits(inputs)).any()


def test_each_hidden_layer_of_an_mlp_has_its_own_dropout():
    model = network("mlp:64x2", (4,), dropout=0.25)
    params, state = model.init(KEY)
    ones = jax.tree.map(jnp.ones_like, params)  # 4 inputs; all hidden units are equal before dropout
    inputs = jnp.ones((1, 4))

    def first_logit(key, train):
        return float(model.apply(ones, state, inputs, jax.random.key(key), train)[0][0, 0])

    def expected(kept_first, kept_second):
        return kept_second / 0.75 * (kept_first / 0.75 * (4 + 1) + 1) + 1

    numbers = np.array([[expected(a, b) for b in range(65)] for a in range(65)])
    kept = [np.unravel_index(np.abs(numbers - first_logit(key, True)).argmin(), (65, 65)) for key in range(5)]

    assert first_logit(0, False) == 64 * (64 * 5 + 1) + 1
    assert all(abs(numbers[pair] / first_logit(key, True) - 1) < 1e-5 for key, pair in enumerate(kept))
    assert any(first != second for first, second in kept)
    assert all(abs(count - 48) < 5 * np.sqrt(64 * 0.25 * 0.75) for pair in kept for count in pair)


def test_without_dropout_there_is_no_random_state():
    assert jax.tree.leaves(network("mlp:8", (4,)).init(KEY)[1]) == []


def test_kernels_drawn_together_have_the_variance_of_he_and_are_independent():
    module = nnx.List([nnx.Conv(8, 32, (3, 3), rngs=nnx.Rngs(0)), nnx.Linear(50, 40, rngs=nnx.Rngs(0))])
    draw_kernels(module, KEY)
    first, second = (np.asarray(layer.kernel[...]) for layer in module)

    for kernel, fan_in in ((first, 9 * 8), (second, 50)):
        assert abs(kernel.var() / (2 / fan_in) - 1) < 4 * np.sqrt(2 / kernel.size)
    assert not np.asarray(module[0].bias[...]).any()
    assert len(np.unique(np.concatenate([first.ravel() * 6, second.ravel() * 5]))) > 0.999 * (first.size + second.size)


def test_batch_normalisation_by_hand():
    layer = normalization("batch", 2, rngs=nnx.Rngs(0))
    inputs = 3 + 2 * images((5, 5, 2))
    mean, variance = inputs.mean((0, 1, 2)), inputs.var((0, 1, 2))

    np.testing.assert_allclose(layer(inputs), (inputs - mean) / np.sqrt(variance + 1e-5), atol=1e-5)
    np.testing.assert_allclose(layer.mean[...], 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.var[...], 0.9 + 0.1 * variance, rtol=1e-5)


def test_group_normalisation_by_hand():
    inputs = 3 + 2 * images((5, 5, 8))
    groups = inputs.reshape(4, 5, 5, 2, 4)
    mean, variance = (statistic((1, 2, 4), keepdims=True) for statistic in (groups.mean, groups.var))

    normal = normalization("group", 8, rngs=nnx.Rngs(0))(inputs)

    np.testing.assert_allclose(normal, ((groups - mean) / np.sqrt(variance + 1e-5)).reshape(inputs.shape), atol=1e-5)


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_normalisation_has_the_precision_of_its_input_and_statistics_in_float32(norm):
    layer = normalization(norm, 8, rngs=nnx.Rngs(0))
    params = nnx.state(layer, nnx.Param)
    nnx.update(layer, jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), params))

    assert layer(images((5, 5, 8)).astype(jnp.bfloat16)).dtype == jnp.bfloat16
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(nnx.state(layer, nnx.BatchStat)))


@pytest.mark.parametrize(
    ("spec", "shape", "words"),
    [
        *(
            (ModelSpec(name), (12,), "needs images")
            for name in ("cnn:4", "inception", "resnet18", "resnet50", "densenet100", "alexnet")
        ),
        (ModelSpec("inception"), (3, 12), "4 x 4 or more; 3 x 12 is too small"),
        (ModelSpec("resnet18"), (7, 7, 3), "8 x 8 or more"),
        (ModelSpec("resnet50"), (12, 7), "8 x 8 or more"),
        (ModelSpec("densenet100"), (3, 3), "4 x 4 or more"),
        (ModelSpec("alexnet"), (10, 12), "11 x 11 or more"),
        *(
            (ModelSpec(f"{name}:{text}"), (12, 12), "expected a (whole )?number above 0 after the colon")
            for name in ("inception", "resnet18", "densenet100", "alexnet")
            for text in ("", "0", "-1", "wide", "1e3")
        ),
        (ModelSpec("resnet50:0.5"), (12, 12), "as in resnet18:16"),
        (ModelSpec("alexnet:nan"), (12, 12), "as in inception:0.25"),
        *((ModelSpec(f"mlp:{text}"), (4,), "whole numbers above 0") for text in ("8x", "x8", "8x0", "8x2x2", "8 x 2")),
        (ModelSpec("cnn:"), (12, 12), "whole numbers above 0"),
        (ModelSpec("linear:8"), (4,), "did you mean mlp:8"),
        *((ModelSpec(name, norm="none"), (4,), "has no such normalisation") for name in ("linear", "mlp:8")),
        (ModelSpec("linear", dropout=0.5), (4,), "no hidden units"),
        (ModelSpec("tests.models.zoo:Noisy", norm="batch"), (4,), "are for built-in networks"),
        (ModelSpec("tests.models.zoo:Noisy", dropout=0.5), (4,), "are for built-in networks"),
    ],
)
def test_wrong_inputs_and_options_are_refused(spec, shape, words):
    with pytest.raises(InputError, match=words):
        make_model(spec, shape, 3)


@pytest.mark.parametrize(
    ("side", "first", "last"), [(64, (1, 64, 64, 4), (1, 8, 8, 32)), (128, (1, 32, 32, 4), (1, 4, 4, 32))]
)
def test_the_first_layers_of_a_residual_network_depend_on_the_image_size(side, first, last):
    """The paper's first layers divide the side of a large image by four.  Stages 2 to 4 halve it."""
    model = make_model(ModelSpec("resnet18:4"), (side, side, 3), 10)
    images = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    layers = jax.eval_shape(functools.partial(layers_of, model), params, state, images)

    assert layers[1].shape == first
    assert layers[-2].shape == last
