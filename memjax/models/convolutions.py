"""Convolutions that are fast for many models at once on a CPU.

On a CPU, XLA is slow in two places, which take more time than the rest of a training step:

* Under vmap, convolutions become one grouped convolution, which is far slower than its parts.  Here the models are
  computed one after the other instead.
* The gradient of the kernel is a convolution with a kernel of the size of the image.  Inside a loop it is up to a
  hundred times slower than the forward convolution.  Here it is a sum of matrix products, one for each row of the
  kernel, over slices of the batch that fit in the processor's cache.

`python -m benchmarks.convolution` compares these forms.  On other backends convolutions are XLA's own; on a TPU their
gradient takes a copy of the kernel, see `_copied`.  The platform is that of the program, see `models.platform`.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.experimental.layout import Layout, with_layout_constraint
from jaxtyping import Array, Float

from memjax.models.platform import by_platform, traced_for

SMALL = 1 / 64  # of the inputs: a kernel up to this size takes a TPU less time to copy than the copy saves
WIDE = 64  # channels or features: in float32 a TPU takes less time for XLA's own convolutions from here on
SLICE = 2**20  # bytes of inputs and gradients that fit in the second-level cache of a core
IMAGES = ("NHWC", "HWIO", "NHWC")
Pair = tuple[int, int]  # of height and width, or of before and after


def convolution(
    inputs: Array, kernel: Array, window_strides: Sequence[int], padding: str | Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int] | None = None, rhs_dilation: Sequence[int] | None = None, dimension_numbers: Any = None,
    feature_group_count: int = 1, **options: Any,
) -> Array:  # fmt: skip
    """`jax.lax.conv_general_dilated` with the same arguments and result, but faster for many models on a CPU.

    `from_nnx` uses it in every `nnx.Conv`.  In a Linen module write
    `nn.Conv(..., conv_general_dilated=memjax.models.convolution)`.  It has reverse-mode derivatives of any order and no
    forward-mode derivative.

    Args:
      inputs: (batch, height, width, channels).  Other layouts, groups and dilations are computed by XLA.
      kernel: (height, width, channels, features).
    """

    def of_xla(inputs: Array, kernel: Array) -> Array:
        return jax.lax.conv_general_dilated(
            inputs, kernel, window_strides, padding, lhs_dilation, rhs_dilation, dimension_numbers,
            feature_group_count, **options,
        )  # fmt: skip

    if not _is_plain(inputs, kernel, lhs_dilation, rhs_dilation, dimension_numbers, feature_group_count, options):
        return of_xla(inputs, kernel)
    strides = tuple(window_strides)
    if isinstance(padding, str):
        padding = jax.lax.padtype_to_pads(inputs.shape[1:3], kernel.shape[:2], strides, padding)
    edges = tuple((int(low), int(high)) for low, high in padding)
    tpu = traced_for.value == "tpu"
    wide = max(kernel.shape[2:]) >= WIDE and inputs.dtype == jnp.float32
    if tpu and (wide or options.get("precision") is not None):
        return of_xla(inputs, kernel)
    if tpu and strides != (1, 1) and kernel.shape[:2] == (1, 1) and not any(map(any, edges)):
        inputs = inputs[:, :: strides[0], :: strides[1]]  # else the gradient takes the cycles of a larger kernel
        window_strides = (1, 1)
    if tpu and kernel.size > SMALL * inputs.size:
        return of_xla(inputs, kernel)
    copied = tpu and (kernel.shape[:2] != (1, 1) or strides != (1, 1))
    forward = _products(tuple(window_strides), edges, inputs.shape[1:3], kernel.shape[:2], tpu, copied).forward
    return forward(inputs, kernel) if tpu else by_platform(forward, of_xla, inputs, kernel)


def _is_plain(inputs, kernel, lhs_dilation, rhs_dilation, dimension_numbers, feature_group_count, options) -> bool:
    if inputs.ndim != 4 or feature_group_count != 1:
        return False
    if any(value != 1 for value in (*(lhs_dilation or ()), *(rhs_dilation or ()))):
        return False
    if options.get("batch_group_count", 1) != 1 or options.get("preferred_element_type") is not None:
        return False
    images = jax.lax.conv_dimension_numbers(inputs.shape, kernel.shape, IMAGES)
    return jax.lax.conv_dimension_numbers(inputs.shape, kernel.shape, dimension_numbers) == images


class Products(NamedTuple):
    """The three bilinear maps of one convolution.  The derivatives of each are the other two."""

    forward: Callable[[Array, Array], Array]  # (inputs, kernel) -> outputs
    to_inputs: Callable[[Array, Array], Array]  # (outputs, kernel) -> inputs: the transpose with respect to inputs
    to_kernel: Callable[[Array, Array], Array]  # (inputs, outputs) -> kernel: the transpose with respect to the kernel


@cache
def _products(strides: Pair, edges: tuple[Pair, Pair], size: Pair, window: Pair, tpu: bool, copied: bool) -> Products:
    def xla(inputs: Array, kernel: Array) -> Array:
        return jax.lax.conv_general_dilated(inputs, kernel, strides, edges, dimension_numbers=IMAGES)

    def transposed(outputs: Array, kernel: Array) -> Array:
        # The kernel is flipped here, because a convolution that flips it itself, as in XLA's transpose, is slow.
        copy = _copied if copied else lambda kernel: kernel
        turned = copy(copy(kernel)[::-1, ::-1].swapaxes(2, 3))
        return jax.lax.conv_general_dilated(
            outputs, turned, (1, 1), _transposed_edges(outputs.shape[1:3]), strides, dimension_numbers=IMAGES
        )

    def _transposed_edges(reached: tuple[int, ...]) -> list[tuple[int, int]]:
        """The padding with which outputs, dilated by the strides, give gradients of the size of the inputs."""
        return [
            (places - 1 - low, pixels + low - step * (number - 1) - 1)
            for places, (low, _), pixels, step, number in zip(window, edges, size, strides, reached, strict=True)
        ]

    def shifted(inputs: Array, outputs: Array) -> Array:
        return kernel_gradient(inputs, outputs, window, strides, edges)

    def of_xla(inputs: Array, outputs: Array) -> Array:
        kernel = jax.ShapeDtypeStruct((*window, inputs.shape[-1], outputs.shape[-1]), inputs.dtype)
        return jax.linear_transpose(partial(xla, inputs), kernel)(outputs)[0]

    forms = (xla, transposed, of_xla) if tpu else map(one_model_at_a_time, (xla, transposed, shifted))
    forward, to_inputs, to_kernel = map(jax.custom_vjp, forms)
    forward.defvjp(
        lambda inputs, kernel: (forward(inputs, kernel), (inputs, kernel)),
        lambda saved, outputs: (to_inputs(outputs, saved[1]), to_kernel(saved[0], outputs)),
    )
    to_inputs.defvjp(
        lambda outputs, kernel: (to_inputs(outputs, kernel), (outputs, kernel)),
        lambda saved, inputs: (forward(inputs, saved[1]), to_kernel(inputs, saved[0])),
    )
    to_kernel.defvjp(
        lambda inputs, outputs: (to_kernel(inputs, outputs), (inputs, outputs)),
        lambda saved, kernel: (to_inputs(saved[1], kernel), forward(saved[0], kernel)),
    )
    return Products(forward, to_inputs, to_kernel)


def _copied(kernel: Array) -> Array:
    """The kernel with features last in memory, which no other step of the program may see in another order.

    XLA would rather read the kernel of the gradient in another order than copy it.  Then the convolution takes a TPU up
    to 1.7 times as long.
    """
    return jax.lax.optimization_barrier(_features_last(kernel))


@custom_vmap
def _features_last(kernel: Array) -> Array:
    return kernel


@_features_last.def_vmap
def _(axis_size, in_batched, kernels):
    return with_layout_constraint(kernels, Layout((1, 2, 0, 3, 4))), True


def one_model_at_a_time(one: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """A function that vmap computes for one model after the other instead of batching it."""
    function = custom_vmap(one)

    @function.def_vmap
    def _(axis_size, in_batched, first, second):
        if all(in_batched):
            return jax.lax.map(lambda pair: function(*pair), (first, second)), True
        if in_batched[0]:
            return jax.lax.map(lambda first: function(first, second), first), True
        return jax.lax.map(lambda second: function(first, second), second), True

    return function


def kernel_gradient(
    inputs: Float[Array, "batch height width channels"],
    outputs: Float[Array, "batch rows columns features"],
    window: Pair,
    strides: Pair,
    edges: tuple[Pair, Pair],
) -> Float[Array, "window_height window_width channels features"]:
    """Gradient of the kernel: for each position in the window, a sum over images and pixels of input times gradient.

    result[i, j] = sum over n, r, c of  padded[n, r * stride + i, c * stride + j]^T outputs[n, r, c]
    """
    count, rows, columns, features = outputs.shape
    channels = inputs.shape[-1]
    exact = jnp.promote_types(outputs.dtype, jnp.float32)  # a sum of many slices would be inexact in bfloat16
    tall, wide = (steps * (number - 1) + 1 for steps, number in zip(strides, (rows, columns), strict=True))

    def one_slice(total, part):
        padded, flat = jnp.pad(part[0], ((0, 0), *edges, (0, 0))), part[1].reshape(-1, features)
        beside = [padded[:, :, j : j + wide : strides[1]] for j in range(window[1])]
        # Without the barrier, XLA would gather neighbouring pixels again for each row of the window.
        joined = jax.lax.optimization_barrier(jnp.concatenate(beside, -1))
        places = [joined[:, i : i + tall : strides[0]].reshape(len(flat), -1) for i in range(window[0])]
        # A product is fastest with its wider factor on the right.  It is rounded to bfloat16 only at its end.
        turned = window[1] * channels > features
        products = [(flat.T @ place).T if turned else place.T @ flat for place in places]
        return total + jnp.stack(products).astype(exact), None

    size = (inputs.nbytes + outputs.nbytes) // count
    fit = max(SLICE, size)  # the largest divisor of `count` of which so many images are in SLICE bytes, at least 1
    images = max(images for images in range(1, count + 1) if count % images == 0 and images * size <= fit)
    parts = tuple(array.reshape(count // images, images, *array.shape[1:]) for array in (inputs, outputs))
    total, _ = jax.lax.scan(one_slice, jnp.zeros((window[0], window[1] * channels, features), exact), parts)
    return total.reshape(*window, channels, features).astype(outputs.dtype)
