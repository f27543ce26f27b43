"""What is traced follows the platform that a program is for, not that of this process, which has CPUs alone."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, ShapeSpec, TrainSpec
from memjax.data import outline
from memjax.models import convolution, in_precision, make_model, max_pool
from memjax.models.normalization import normalization, relu_of_sum
from memjax.models.platform import by_platform, traced_for
from memjax.runs.build_training import make_examples, make_single
from memjax.subsets import make_design
from memjax.training import single as single_model
from memjax.types import Dataset

MODELS, IMAGES = 3, jax.ShapeDtypeStruct((3, 2, 8, 8, 4), jnp.float32)
KERNELS = jax.ShapeDtypeStruct((3, 3, 3, 4, 5), jnp.float32)


def step(images, kernels):
    """Gradients of a convolution with pooling, of several models at once."""

    def loss(images, kernel):
        return max_pool(
            convolution(images, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")), 2, 2
        ).sum()

    return jax.vmap(jax.grad(loss, (0, 1)))(images, kernels)


def text_for(platform: str) -> str:
    return jax.jit(step).trace(IMAGES, KERNELS).lower(lowering_platforms=(platform,)).as_text()


def in_form_of_others(text: str) -> bool:
    """One convolution with a group for each model, and XLA's pooling; else one model after the other."""
    grouped = f"feature_group_count = {MODELS}" in text
    assert grouped == ("select_and_scatter" in text) == ("stablehlo.while" not in text)
    return grouped


@pytest.mark.parametrize("platform", ["cpu", "tpu", "cuda"])
def test_a_program_has_the_form_of_the_platform_that_it_is_lowered_for(platform):
    assert jax.default_backend() == "cpu"
    assert in_form_of_others(text_for(platform)) == (platform != "cpu")


@pytest.mark.parametrize("platform", ["cpu", "tpu"])
def test_a_training_is_traced_for_its_devices(platform):
    with traced_for(platform):
        text = text_for("cpu")

    assert in_form_of_others(text) == (platform != "cpu")


def test_outside_of_a_training_the_values_are_those_of_the_cpu():
    draw = np.random.default_rng(0).normal
    images, kernels = (jnp.asarray(draw(size=like.shape), jnp.float32) for like in (IMAGES, KERNELS))
    with traced_for("cpu"):
        expected = jax.jit(step)(images, kernels)

    for came, wanted in zip(jax.jit(step)(images, kernels), expected, strict=True):
        np.testing.assert_array_equal(came, wanted)


def test_a_function_that_jit_has_cached_is_traced_again_for_another_platform():
    function = jax.jit(lambda number: by_platform(lambda number: number + 1, lambda number: number + 2, number))

    for platform, added in (("cpu", 1), ("tpu", 2), ("cpu", 1)):
        with traced_for(platform):
            assert function(0.0) == added


def test_a_whole_network_is_lowered_for_tpu_from_shapes():
    model = make_model(ModelSpec("cnn:4,4"), (8, 8), 3)
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    several = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((MODELS, *leaf.shape), leaf.dtype), params)
    inputs = jax.ShapeDtypeStruct((2, 8, 8), jnp.float32)

    def total(params, inputs):
        return model.apply(params, state, inputs, None, False)[0].sum()

    traced = jax.jit(jax.vmap(jax.grad(total), (0, None))).trace(several, inputs)

    assert in_form_of_others(traced.lower(lowering_platforms=("tpu",)).as_text())
    assert not in_form_of_others(traced.lower(lowering_platforms=("cpu",)).as_text())


@pytest.mark.ci
@pytest.mark.parametrize(
    ("model", "sides", "most"),
    [
        (ModelSpec("mlp:4"), (5,), 2**30),
        (ModelSpec("mlp:4"), (4, 4), 0),
        (ModelSpec("cnn:2"), (4, 4, 3), 2**30),
        (ModelSpec("cnn:2", norm="batch"), (4, 4, 3), 2**30),
    ],
    ids=["vectors", "images scaled in each batch", "images scaled once", "batch norm"],
)
def test_a_training_gives_the_same_numbers_in_the_form_of_a_tpu(model, sides, most, monkeypatch):
    """There the inputs are rows, the gradient of the loss is made once, and sums over images go by pixels first."""
    monkeypatch.setattr(single_model, "SCALED_MOST", most)
    train = TrainSpec(epochs=2, batch_size=4, label_smoothing=0.1)
    config = RunConfig(model=model, train=train)
    draw = np.random.default_rng(0)
    drawn = draw.normal(3, 2, (12, *sides)).astype(np.float32)
    if len(sides) > 1:
        drawn = draw.integers(0, 255, drawn.shape).astype(np.uint8)
    zeros = outline(config.data, ShapeSpec(",".join(map(str, sides)), 2, 12, 4))
    dataset = Dataset(**{**vars(zeros), "train_inputs": drawn})
    single = make_single(config, dataset, make_design(config.subset, 12, 0))
    examples, mask = make_examples(config, dataset), jnp.arange(12) < 8

    found = {}
    for platform in ("cpu", "tpu"):
        with traced_for(platform):
            train = jax.jit(lambda key, mask, examples: single(key, mask, examples).train)
            lowered = train.lower(jax.random.key(0), mask, examples)
        found[platform] = lowered.compile()(jax.random.key(0), mask, examples)["probability"]
        text = lowered.as_text()
        once = rf"optimization_barrier %\w+ : tensor<12x{np.prod(sides)}xf32>"
        assert bool(re.search(once, text)) == (platform == "tpu" and most > 0)

    np.testing.assert_allclose(found["tpu"], found["cpu"], rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_of_the_loss_by_hand_is_that_of_jax(smoothing):
    draw = np.random.default_rng(0)
    logits, labels = jnp.asarray(draw.normal(size=(6, 3)), jnp.float32), jnp.asarray(draw.integers(0, 3, 6))
    found = []

    def loss(logits):
        return single_model._mean_loss(single_model.CLASSIFICATION, logits, labels, smoothing)

    for platform in ("cpu", "tpu"):
        with traced_for(platform):
            found.append(jax.value_and_grad(loss)(logits))

    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-6)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("platform", "kind"), [("cpu", "bf16"), ("tpu", "f32")])
def test_a_tpu_does_not_round_the_outputs_of_a_convolution(platform, kind):
    """In training in bfloat16.  The head is rounded there too."""
    model = in_precision(make_model(ModelSpec("cnn:4,5"), (8, 8), 3), "bfloat16")
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    with traced_for(platform):
        forward = jax.jit(lambda params, inputs: model.apply(params, state, inputs, None, True)[0])
        text = forward.lower(params, jax.ShapeDtypeStruct((2, 8, 8), jnp.float32)).as_text()

    assert re.findall(r"stablehlo\.convolution\(.*-> tensor<2x[48]x[48]x[45]x(\w+)>", text) == [kind, kind]


@pytest.mark.parametrize(("platform", "layers"), [("cpu", 0), ("tpu", 2)])
def test_a_tpu_does_not_round_the_gradient_of_a_dense_layer(platform, layers):
    """Each layer has a product that takes it in float32: the sum over the batch, for the bias."""
    model = make_model(ModelSpec("mlp:4"), (5,), 3)
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    with traced_for(platform):
        backward = jax.jit(jax.grad(lambda params, inputs: model.apply(params, state, inputs, None, True)[0].sum()))
        text = backward.lower(params, jax.ShapeDtypeStruct((8, 5), jnp.float32)).as_text()

    assert len(re.findall(r"dot_general.*precision = \[HIGH, HIGH\]", text)) == layers


@pytest.mark.parametrize(("platform", "vectors"), [("cpu", 41), ("tpu", 1)])
@pytest.mark.parametrize("train", [True, False])
def test_a_tpu_does_not_round_scales_and_biases_of_batch_norm(platform, vectors, train):
    """Two of each of 20 layers; the bias of the head is rounded."""
    model = in_precision(make_model(ModelSpec("resnet18:2"), (8, 8, 3), 3), "bfloat16")
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    with traced_for(platform):
        forward = jax.jit(lambda params, state, inputs: model.apply(params, state, inputs, None, train)[0])
        text = forward.lower(params, state, jax.ShapeDtypeStruct((4, 8, 8, 3), jnp.float32)).as_text()

    assert len(re.findall(r"\(tensor<\d+xf32>\) -> tensor<\d+xbf16>", text)) == vectors
    assert len(re.findall(r"stablehlo\.convolution\(.*xbf16>\) -> tensor<[\dx]+xbf16>", text)) >= 20


def test_relu_of_a_sum_has_the_gradient_of_normalising_each_term():
    """On a TPU the normalisation, the sum and ReLU have one gradient of their own."""
    draw = np.random.default_rng(0).normal
    images, weights = [jnp.asarray(draw(size=(6, 3, 2, 4)), jnp.float32) for _ in range(3)], draw(size=(6, 3, 2, 4))
    scales = [jnp.asarray(draw(1, 0.3, size=(2, 4)), jnp.float32) for _ in range(2)]

    def loss(images, scales, ours):
        norms = [normalization("batch", 4, rngs=nnx.Rngs(0)) for _ in range(2)]
        for norm, scale, bias in zip(norms, *scales, strict=True):
            norm.scale[...], norm.bias[...] = scale, bias
        terms = [norm.scaled(values) if ours else norm(values) for norm, values in zip(norms, images[:2], strict=True)]
        whole = relu_of_sum(jnp.float32, *terms, images[2])
        return (whole * weights).sum(), [(norm.mean[...], norm.var[...]) for norm in norms]

    both = [jax.jit(jax.grad(partial(loss, ours=ours), (0, 1), has_aux=True)) for ours in (True, False)]
    with traced_for("tpu"):
        found = both[0](images, scales)

    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), found, both[1](images, scales))


def test_a_tpu_does_not_round_between_the_convolutions_of_a_residual_network():
    """In training in bfloat16: normalised values, ReLU and sum are rounded once, for the next convolution."""
    model = in_precision(make_model(ModelSpec("resnet18:2"), (8, 8, 3), 3), "bfloat16")
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    with traced_for("tpu"):
        forward = jax.jit(lambda params, state, inputs: model.apply(params, state, inputs, None, True)[0])
        text = forward.lower(params, state, jax.ShapeDtypeStruct((4, 8, 8, 3), jnp.float32)).as_text()

    kinds = set(
        re.findall(r"(?:call @relu|stablehlo\.maximum|stablehlo\.add) ?[(%].*tensor<4x8x8x2x(\w+)>$", text, re.M)
    )
    assert kinds == {"f32"}
    assert re.findall(r"stablehlo\.convolution\(.*-> tensor<4x8x8x2x(\w+)>", text) == ["bf16"] * 5
