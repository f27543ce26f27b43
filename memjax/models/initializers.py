"""Initial weights, drawn as a vector and then reshaped: the same bits, but compiled ten times faster on a CPU."""

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key


def he_normal(key: Key[Array, ""], shape: tuple[int, ...], dtype=jnp.float32, **_) -> Float[Array, "..."]:
    """Normal weights with variance 2 / fan-in; the last axis is the output axis.

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
