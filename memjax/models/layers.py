"""Layers of the convolutional networks, and initial weights.  Kernels are zeros until `draw_kernels` draws them."""

import math
from collections.abc import Callable
from contextvars import ContextVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import zeros
from jaxtyping import Array, Float, Key

from memjax.errors import InputError
from memjax.models.normalization import BatchNorm, Norm, Scaled, for_each, normalization, unchanged
from memjax.models.platform import traced_for
from memjax.types import Model, Tree


def he_normal(key: Key[Array, ""], shape: tuple[int, ...], dtype=jnp.float32, **_) -> Float[Array, "..."]:
    """Normal weights with variance 2 / fan-in; the last axis is the output axis.

    Drawn as a vector and then reshaped: the same bits, but compiled ten times faster on a CPU.

    Reference:
      He et al., Delving Deep into Rectifiers, 2015, arXiv 1502.01852.
    """
    size, fan_in = math.prod(shape), math.prod(shape[:-1])
    return (jax.random.normal(key, (size,), dtype) * math.sqrt(2 / fan_in)).reshape(shape)


def draw_kernels(module: nnx.Module, key: Key[Array, ""]) -> None:
    """Draws all kernels of a module (the parameters with more than one axis) with the variance of `he_normal`.

    All kernels come from one draw, because each draw is compiled, and a hundred draws of a deep network take a minute.
    """
    params, tree = jax.tree.flatten(nnx.state(module, nnx.Param))
    sizes = [math.prod(param.shape) if param.ndim > 1 else 0 for param in params]
    normal, end = jax.lax.optimization_barrier(jax.random.normal(key, (sum(sizes),))), 0
    for number, (param, size) in enumerate(zip(params, sizes, strict=True)):
        if size:
            start, end = end, end + size
            scale = math.sqrt(2 / math.prod(param.shape[:-1]))
            params[number] = (normal[start:end] * scale).reshape(param.shape)
    nnx.update(module, jax.tree.unflatten(tree, params))


def image_shape(model: str, input_shape: tuple[int, ...], smallest: int) -> tuple[int, int, int]:
    """Height, width and channels of images."""
    if len(input_shape) not in (2, 3):
        raise InputError(f"{model} needs images, (height, width) or (height, width, channels); got {input_shape}")
    height, width, channels = (*input_shape, 1)[:3]
    if min(height, width) < smallest:
        raise InputError(f"{model} needs images of {smallest} x {smallest} or more; {height} x {width} is too small")
    return height, width, channels


def as_images(inputs: Float[Array, "batch height width *channels"]) -> Float[Array, "batch height width channels"]:
    """The images with a channel axis."""
    return inputs if inputs.ndim == 4 else inputs[..., None]


def conv(
    size_in: int,
    size_out: int,
    side: int,
    stride: int = 1,
    *,
    bias: bool,
    kernel_init: Callable = zeros,
    rngs: nnx.Rngs,
) -> nnx.Conv:
    """A side x side convolution.  Height and width of its output are those of the input divided by the stride."""
    return nnx.Conv(size_in, size_out, (side, side), stride, use_bias=bias, kernel_init=kernel_init, rngs=rngs)


def dense(
    layer: nnx.Linear, rows: Float[Array, "batch features"], shape: tuple[int, ...] = ()
) -> Float[Array, "batch units"]:
    """A dense layer on rows, which may be flattened images of this shape.

    On a TPU images are convolved, since to flatten them takes a copy.
    """
    if traced_for.value != "tpu" or layer.bias is None:
        return layer(rows)
    kernel = layer.kernel[...]
    if not shape:
        return _shifted(rows @ kernel, layer.bias[...])
    images, kernel, places = rows.reshape(-1, *shape), kernel.reshape(*shape, -1), ("NHWC", "HWIO", "NHWC")
    found = jax.lax.conv_general_dilated(images, kernel, (1, 1), "VALID", dimension_numbers=places)
    return _shifted(found[:, 0, 0], layer.bias[...])


@jax.custom_vjp
def _shifted(rows: Float[Array, "batch units"], bias: Float[Array, " units"]) -> Float[Array, "batch units"]:
    return rows + bias


def _summed(slope: Float[Array, "batch units"]) -> tuple[Array, Array]:
    """The gradients of rows and bias.

    On a TPU a product with a tile of ones takes less time than a sum over few rows.  It is more precise than the other
    products, which take `slope` rounded to bfloat16.  So `slope` stays in float32; to round it would take longer.
    """
    slope = jax.lax.optimization_barrier(slope)
    tile = jax.lax.optimization_barrier(jnp.ones((8, len(slope)), slope.dtype))
    return slope, jnp.matmul(tile, slope, precision="high")[0]


_shifted.defvjp(lambda rows, bias: (rows + bias, None), lambda _, slope: _summed(slope))


class Bias(nnx.Module):
    """Adds a number to each channel.  After max pooling the result is the same as before it, and costs less."""

    def __init__(self, channels: int):
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, inputs: Float[Array, "batch ... channels"]) -> Float[Array, "batch ... channels"]:
        return inputs + for_each(self.bias[...], inputs)


def dropout(rate: float, *, rngs: nnx.Rngs) -> Callable:
    """Dropout in training.  At rate 0 it is the identity, without a random state."""
    return nnx.Dropout(rate, rngs=rngs) if rate else unchanged


class ConvNorm(nnx.Module):
    """A convolution with normalisation.  The convolution has a bias only without normalisation."""

    def __init__(self, size_in: int, size_out: int, side: int, stride: int = 1, *, norm: Norm, rngs: nnx.Rngs):
        self.convolution = conv(size_in, size_out, side, stride, bias=norm == "none", rngs=rngs)
        self.norm = normalization(norm, size_out, rngs=rngs)

    def __call__(self, inputs: Float[Array, "batch height width channels"]) -> Float[Array, "batch rows columns out"]:
        return self.norm(self.convolution(inputs))

    def unrounded(
        self, inputs: Float[Array, "batch height width channels"]
    ) -> Scaled | Float[Array, "batch rows columns out"]:
        """The same for `relu_of_sum`, but on a TPU in float32; inputs are rounded to the precision of the kernel."""
        if traced_for.value != "tpu":
            return self(inputs)
        values = self.convolution(inputs.astype(self.convolution.kernel[...].dtype)).astype(jnp.float32)
        scales = isinstance(self.norm, BatchNorm) and self.norm.scales(values)
        return self.norm.scaled(values) if scales else self.norm(values)


class Head(nnx.Module):
    """Dropout and the last dense layer."""

    def __init__(self, num_features: int, num_classes: int, rate: float, *, rngs: nnx.Rngs):
        self.dropout = dropout(rate, rngs=rngs)
        self.dense = nnx.Linear(num_features, num_classes, kernel_init=zeros, rngs=rngs)

    def __call__(self, features: Float[Array, "batch features"]) -> Float[Array, "batch classes"]:
        return self.dense(self.dropout(features))


_collected: ContextVar[list[Array] | None] = ContextVar("collected", default=None)


def mark(values: Float[Array, "batch ..."]) -> Float[Array, "batch ..."]:
    """Marks the output of a layer or block, and returns it unchanged.  Use it in your own networks too:

        hidden = mark(jax.nn.relu(layer(inputs)))

    The built-in networks mark the output of each hidden block.  Do not call it inside `jax.lax.scan`, `nn.scan`,
    `nn.remat` or another transformation within the network: values that are marked there cannot be collected.
    """
    if (collected := _collected.get()) is not None:
        collected.append(values)
    return values


def layers_of(
    model: Model, params: Tree, model_state: Tree, inputs: Float[Array, "batch ..."]
) -> tuple[Float[Array, "batch ..."], ...]:
    """The inputs, the values marked with `mark` in order, and the softmax outputs, all in evaluation mode.

    A network that marks nothing has two layers, inputs and outputs.  `inputs` must be scaled as in training.
    """
    collected: list[Array] = []
    token = _collected.set(collected)
    try:
        logits = model.apply(params, model_state, inputs, None, False)[0]
    finally:
        _collected.reset(token)
    return inputs, *collected, jax.nn.softmax(logits)
