"""The fast convolution equals XLA's: in values, in derivatives of any order, and under vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from memjax.models import convolutions
from memjax.models.convolutions import convolution, kernel_gradient
from memjax.models.platform import traced_for

IMAGES = ("NHWC", "HWIO", "NHWC")
CASES = [
    ((6, 8, 8, 3), (3, 3, 3, 5), (1, 1), "SAME"),
    ((6, 9, 7, 3), (3, 3, 3, 5), (2, 2), "SAME"),
    ((6, 9, 7, 2), (1, 1, 2, 4), (2, 1), "VALID"),
    ((4, 9, 8, 2), (5, 3, 2, 4), (1, 2), "VALID"),
    ((5, 8, 8, 2), (3, 3, 2, 4), (2, 2), ((0, 1), (2, 1))),
    ((1, 4, 4, 1), (2, 2, 1, 1), (1, 1), "SAME"),
]


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in shapes]


def xla(inputs, kernel, strides, padding):
    return jax.lax.conv_general_dilated(inputs, kernel, strides, padding, dimension_numbers=IMAGES)


def ours(inputs, kernel, strides, padding):
    return convolution(inputs, kernel, strides, padding, dimension_numbers=IMAGES)


def close(found, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4), found, expected)


@pytest.mark.parametrize(("inputs", "kernel", "strides", "padding"), CASES)
def test_value_and_gradient_equal_those_of_xla(inputs, kernel, strides, padding):
    inputs, kernel = draw(inputs, kernel)

    def both(conv):
        def loss(inputs, kernel):
            return jnp.sin(conv(inputs, kernel, strides, padding)).sum()

        return jax.jit(jax.value_and_grad(loss, (0, 1)))(inputs, kernel)

    close(both(ours), both(xla))


@pytest.mark.parametrize("wrt", [0, 1])
def test_second_derivatives_equal_those_of_xla(wrt):
    inputs, kernel, direction = draw((3, 5, 5, 2), (3, 3, 2, 3), ((3, 5, 5, 2), (3, 3, 2, 3))[wrt])

    def second(conv):
        def slope(*arrays):
            gradient = jax.grad(lambda *arrays: jnp.sin(conv(*arrays, (1, 1), "SAME")).sum(), wrt)(*arrays)
            return (gradient * direction).sum()

        return jax.jit(jax.grad(slope, (0, 1)))(inputs, kernel)

    close(second(ours), second(xla))


@pytest.mark.parametrize(
    ("side", "strides", "small", "wide", "copies"),
    [(3, (2, 1), 10, 9, 2), (3, (2, 1), 0, 9, 0), (3, (2, 1), 10, 4, 0), (1, (2, 1), 10, 9, 2), (1, (1, 1), 10, 9, 0)],
    ids=["small", "large", "wide", "every second row", "1 x 1"],
)
def test_the_form_of_a_tpu_equals_xla_and_copies_a_small_kernel_for_the_gradient(
    side, strides, small, wide, copies, monkeypatch
):
    """With features last in memory, around the axis of models: once as it is and once turned."""
    monkeypatch.setattr(convolutions, "SMALL", small)
    monkeypatch.setattr(convolutions, "WIDE", wide)
    inputs, kernel = draw((3, 4, 9, 7, 2), (3, side, side, 2, 4))

    def gradients(conv):
        return jax.vmap(jax.grad(lambda *arrays: jnp.sin(conv(*arrays, strides, "SAME")).sum(), (0, 1)))

    with traced_for("tpu"):
        lowered = jax.jit(gradients(ours)).lower(inputs, kernel)

    close(lowered.compile()(inputs, kernel), jax.jit(gradients(xla))(inputs, kernel))
    assert lowered.as_text().count("result_layouts = [dense<[4, 3, 0, 2, 1]>") == copies


@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
def test_results_under_vmap_equal_those_of_xla(axes):
    inputs, kernel = draw((4, 6, 6, 2), (3, 3, 2, 3))
    inputs, kernel = (
        array if axis is None else jnp.stack([array, 2 * array, array - 1])
        for array, axis in zip((inputs, kernel), axes, strict=True)
    )

    def many(conv):
        def loss(inputs, kernel):
            return jnp.sin(conv(inputs, kernel, (1, 1), "SAME")).sum()

        return jax.jit(jax.vmap(jax.grad(loss, (0, 1)), axes))(inputs, kernel)

    close(many(ours), many(xla))


def test_there_is_no_grouped_convolution_under_vmap():
    inputs, kernel = draw((3, 4, 6, 6, 2), (3, 3, 3, 2, 3))
    program = jax.jit(jax.vmap(lambda inputs, kernel: ours(inputs, kernel, (1, 1), "SAME")))

    assert "feature_group_count = 3" not in program.lower(inputs, kernel).as_text()


def test_the_kernel_gradient_does_not_depend_on_the_slices(monkeypatch):
    inputs, outputs = draw((12, 6, 6, 2), (12, 6, 6, 3))
    whole = kernel_gradient(inputs, outputs, (3, 3), (1, 1), ((1, 1), (1, 1)))

    monkeypatch.setattr("memjax.models.convolutions.SLICE", 1)

    close(kernel_gradient(inputs, outputs, (3, 3), (1, 1), ((1, 1), (1, 1))), whole)


def test_the_kernel_gradient_in_bfloat16_is_summed_in_float32():
    inputs = jnp.ones((64, 16, 16, 1), jnp.bfloat16)
    outputs = jnp.full((64, 16, 16, 1), 1 / 256, jnp.bfloat16)

    found = kernel_gradient(inputs, outputs, (1, 1), (1, 1), ((0, 0), (0, 0)))

    assert found.dtype == jnp.bfloat16
    assert float(found[0, 0, 0, 0]) == 64


@pytest.mark.parametrize(
    "options",
    [
        {"feature_group_count": 2},
        {"rhs_dilation": (2, 2)},
        {"lhs_dilation": (2, 2)},
        {"dimension_numbers": ("NHWC", "OHWI", "NHWC")},
        {"preferred_element_type": jnp.float32},
    ],
    ids=str,
)
def test_other_layouts_groups_and_dilations_are_computed_by_xla(options):
    inputs, kernel = draw((2, 6, 6, 4), (4, 3, 3, 4) if "dimension_numbers" in options else (3, 3, 4, 4))
    kernel = kernel[:, :, : 4 // options.get("feature_group_count", 1)] if "feature_group_count" in options else kernel
    arguments = {"dimension_numbers": IMAGES} | options

    found = convolution(inputs, kernel, (1, 1), ((1, 1), (1, 1)), **arguments)

    expected = jax.lax.conv_general_dilated(inputs, kernel, (1, 1), ((1, 1), (1, 1)), **arguments)
    np.testing.assert_array_equal(found, expected)


def test_one_dimensional_convolutions_are_computed_by_xla():
    inputs, kernel = draw((2, 6, 4), (3, 4, 4))
    layout = ("NHC", "HIO", "NHC")

    found = convolution(inputs, kernel, (1,), "SAME", dimension_numbers=layout)

    expected = jax.lax.conv_general_dilated(inputs, kernel, (1,), "SAME", dimension_numbers=layout)
    np.testing.assert_array_equal(found, expected)
