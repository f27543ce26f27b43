"""Normalisation layers of the convolutional networks (--norm)."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float

from memjax.errors import InputError
from memjax.models.platform import traced_for
from memjax.types import Model

Norm = Literal["batch", "group", "none"]
Arrays = TypeVar("Arrays", bound=tuple)

_counted: ContextVar[Array | None] = ContextVar("counted", default=None)


@contextmanager
def counting(own: Bool[Array, " batch"]) -> Iterator[None]:
    """Within this context `BatchNorm` computes mean and variance from the examples in `own` only."""
    token = _counted.set(own)
    try:
        yield
    finally:
        _counted.reset(token)


class BatchNorm(nnx.BatchNorm):
    """`nnx.BatchNorm` that leaves the held-out examples of a batch out of its training statistics.

    Use it in your own networks if you train them with `--stream`.  Otherwise it is the same as `nnx.BatchNorm`.
    """

    def __call__(self, inputs: Float[Array, "batch ..."]) -> Float[Array, "batch ..."]:
        own = _counted.get()
        if self.scales(inputs):
            values, factor, shift = self.scaled(inputs.astype(jnp.float32))
            return (values * for_each(factor, inputs) + for_each(shift, inputs)).astype(inputs.dtype)
        mask = None if own is None else own.reshape(-1, *[1] * (inputs.ndim - 1))
        return super().__call__(inputs, mask=mask).astype(inputs.dtype)

    def scales(self, inputs: Float[Array, "batch ..."]) -> bool:
        """Whether to normalise these by `scaled`: in training, on a TPU."""
        ours = self.promote_dtype is _unpromoted and inputs.ndim == 4 and not self.use_running_average
        return traced_for.value == "tpu" and ours and _counted.get() is None

    def scaled(self, exact: Float[Array, "batch height width channels"]) -> "Scaled":
        """What normalises these in training.  Sums, also those of the gradient, are over pixels first.

        A sum over pixels and examples at once takes a TPU more cycles than a convolution, and the gradient needs four.
        """
        assert self.scale is not None  # `normalization` makes both
        assert self.bias is not None
        (total, squares), count = _moments(exact), exact.size // exact.shape[-1]
        mean = total / count
        variance = jnp.maximum(0.0, squares / count - mean * mean)
        # The same variance in other words: else XLA would compute the running one in a kernel of its own.
        for running, value in ((self.mean, mean), (self.var, jnp.maximum(0.0, (squares - total * mean) / count))):
            running[...] = jax.lax.stop_gradient(self.momentum * running[...] + (1 - self.momentum) * value)
        factor = jax.lax.rsqrt(variance + self.epsilon) * self.scale[...]
        return Scaled(exact, factor, self.bias[...] - mean * factor)


class Scaled(NamedTuple):
    """Images that are normalised by a factor and a shift for each channel: values * factor + shift."""

    values: Float[Array, "batch height width channels"]
    factor: Float[Array, " channels"]
    shift: Float[Array, " channels"]


def relu_of_sum(precision: Any, *terms: Scaled | Array) -> Float[Array, "batch height width channels"]:
    """ReLU of the sum of images, of which some may still have to be normalised; their gradient has this precision."""
    scaled = tuple(term for term in terms if isinstance(term, Scaled))
    rest = tuple(term for term in terms if not isinstance(term, Scaled))
    return _relu_of_sum(precision, scaled, rest) if scaled else jax.nn.relu(functools.reduce(jnp.add, rest))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _relu_of_sum(precision: Any, scaled: tuple[Scaled, ...], rest: tuple[Array, ...]) -> Array:
    parts = (values * for_each(factor, values) + for_each(shift, values) for values, factor, shift in scaled)
    return jax.nn.relu(functools.reduce(jnp.add, (*parts, *rest)))


def _behind_relu(precision: Any, saved: tuple, slope: Array) -> tuple:
    """In bfloat16 the gradient of the sum and its own sums leave one kernel of a TPU, which also convolves, alone.

    Without the barrier XLA stores what it masks, the mask and the result.  In float32 it is faster without.
    """
    scaled, rest, found = saved
    slope = jnp.where(found > 0, slope, 0)
    sums = [slope.sum((1, 2)), *((slope * values).sum((1, 2)) for values, _, _ in scaled)]
    if precision != slope.dtype:
        rounded, sums = jax.lax.optimization_barrier((slope.astype(precision), sums))
        slope = rounded.astype(slope.dtype)
    shift, *factors = _over_batch(*sums)
    of_values = [slope * for_each(factor, slope) for _, factor, _ in scaled]
    return tuple(Scaled(*each, shift) for each in zip(of_values, factors, strict=True)), (slope,) * len(rest)


def _with_saved(precision: Any, scaled: tuple[Scaled, ...], rest: tuple[Array, ...]) -> tuple[Array, tuple]:
    found = _relu_of_sum(precision, scaled, rest)
    return found, (scaled, rest, found)


_relu_of_sum.defvjp(_with_saved, _behind_relu)


@jax.custom_vjp
def _moments(exact: Float[Array, "batch height width channels"]) -> tuple[Array, ...]:
    """Sums of values and of their squares, for each channel."""
    return _over_batch(*jax.lax.optimization_barrier((exact.sum((1, 2)), (exact * exact).sum((1, 2)))))


_moments.defvjp(
    lambda exact: (_moments(exact), exact),
    lambda exact, slope: (for_each(slope[0], exact) + exact * for_each(2 * slope[1], exact),),
)


def _over_batch(*sums: Float[Array, "batch channels"]) -> tuple[Array, ...]:
    """Their sums over the batch, in one kernel."""
    zeros = (jnp.float32(0),) * len(sums)
    return jax.lax.reduce(sums, zeros, lambda some, more: tuple(map(jnp.add, some, more)), (0,))


def for_each(values: Float[Array, " channels"], images: Float[Array, "batch ... channels"]) -> Array:
    """Values for each image, to multiply or to add.  On a TPU their gradient is summed over pixels first."""
    if traced_for.value != "tpu":
        return values
    shape = (len(images), *[1] * (images.ndim - 2), images.shape[-1])
    return jax.lax.optimization_barrier(jnp.broadcast_to(values, shape))


def normalization(norm: Norm, channels: int, *, rngs: nnx.Rngs) -> Callable:
    """A layer that normalises the last axis and has a scale and a bias; with `none`, the identity.

    batch: by mean and variance of the batch in training, by their running means in evaluation.
    group: by mean and variance of a group of channels of one example, in training and evaluation.  The number of groups
      is the largest divisor of the channels that is at most 32, the paper's number, and leaves at least 4 channels per
      group, because in dense layers the mean is over these channels alone.

    Statistics are computed in float32; the output has the precision of the input.

    Reference:
      Ioffe and Szegedy, Batch Normalization, 2015, arXiv 1502.03167.
      Wu and He, Group Normalization, 2018, arXiv 1803.08494.
    """
    if norm == "batch":
        # A run may have only a few hundred steps.  With the usual momentum of 0.99, a tenth of the initial statistics
        # would still be there after 230 steps; with 0.9 this takes 23 steps.
        return BatchNorm(channels, momentum=0.9, promote_dtype=_unpromoted, rngs=rngs)
    if norm == "group":
        return nnx.GroupNorm(channels, _num_groups(channels), epsilon=1e-5, promote_dtype=_unpromoted, rngs=rngs)
    return unchanged


def unchanged(inputs: Float[Array, "..."]) -> Float[Array, "..."]:
    """The inputs."""
    return inputs


def _num_groups(channels: int) -> int:
    """
    >>> [_num_groups(channels) for channels in (3, 4, 12, 48, 64, 200, 256)]
    [1, 1, 3, 12, 16, 25, 32]
    """
    most = max(1, min(32, channels // 4))
    return next(number for number in range(most, 0, -1) if channels % number == 0)


def _unpromoted(arrays: Arrays, /, *, dtype: Any = None, inexact: bool = True) -> Arrays:
    """By default Flax promotes its outputs to the precision of the running means, and with them all later layers."""
    return arrays


def check_counting(name: str, model: Model, input_shape: tuple[int, ...]) -> None:
    """Refuses a network in which held-out examples of a batch change the training outputs of other examples.

    The network is called with two random examples and two held-out ones, and again with other held-out ones.
    """
    params, state = model.init(jax.random.key(0))
    own = jnp.arange(4) < 2
    inputs = np.random.default_rng(0).normal(size=(4, *input_shape)).astype(np.float32)

    @jax.jit
    def outputs(inputs):
        with counting(own):
            logits, after = model.apply(params, state, inputs, jax.random.key(1), True)
        numbers = [leaf for leaf in jax.tree.leaves(after) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]
        return [logits[:2], *numbers]

    others = np.where(np.asarray(own).reshape(-1, *[1] * len(input_shape)), inputs, 3 * inputs + 1)
    for before, after in zip(outputs(inputs), outputs(others), strict=True):
        if not np.allclose(before, after, rtol=1e-4, atol=1e-5):
            raise InputError(
                f"--model {name} mixes the examples of a batch, but with --stream a batch has held-out examples; use "
                "memjax.models.BatchNorm instead of nnx.BatchNorm, or normalise each example by itself"
            )
