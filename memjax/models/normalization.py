"""Normalisation layers of the convolutional networks, by choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

from flax import nnx
from jaxtyping import Array, Bool, Float

Norm = Literal["batch", "group", "none"]
Arrays = TypeVar("Arrays", bound=tuple)


_counted: ContextVar[Array | None] = ContextVar("counted", default=None)


@contextmanager
def counting(own: Bool[Array, " batch"]) -> Iterator[None]:
    """Within it, `BatchNorm` takes mean and variance of the marked examples alone: the others are held out."""
    token = _counted.set(own)
    try:
        yield
    finally:
        _counted.reset(token)


class BatchNorm(nnx.BatchNorm):
    """`nnx.BatchNorm` that leaves out, in training, the examples of a batch that a model must not see.

    For networks of one's own that are to be trained with `--stream`; elsewhere there is no difference.
    """

    def __call__(self, inputs: Float[Array, "batch ..."]) -> Float[Array, "batch ..."]:
        own = _counted.get()
        mask = None if own is None else own.reshape(-1, *[1] * (inputs.ndim - 1))
        return super().__call__(inputs, mask=mask)


def normalization(norm: Norm, channels: int, *, rngs: nnx.Rngs) -> Callable:
    """A layer that normalises the last axis, with a scale and a bias of its own; none: what comes in goes out.

    batch: by mean and variance of the batch in training, by their running means in evaluation.
    group: by those of a group of channels of one example, in training and evaluation alike.  The number of groups is
      the largest divisor of the channels that is at most 32, the paper's number, and leaves 4 channels a group: where
      there is no height and width, the group's channels are all there is to take a mean of.

    Statistics are taken in float32; what goes out is as precise as what comes in.

    Reference:
      Ioffe and Szegedy, Batch Normalization, 2015, arXiv 1502.03167.
      Wu and He, Group Normalization, 2018, arXiv 1803.08494.
    """
    if norm == "batch":
        # Runs here may have a few hundred steps: at the momentum of 0.99 that is common for long ones, a tenth of the
        # statistics would still be their start after 230 steps; at 0.9 it is gone after 23.
        return BatchNorm(channels, momentum=0.9, promote_dtype=_unpromoted, rngs=rngs)
    if norm == "group":
        return nnx.GroupNorm(channels, _num_groups(channels), epsilon=1e-5, promote_dtype=_unpromoted, rngs=rngs)
    return unchanged


def unchanged(inputs: Float[Array, "..."]) -> Float[Array, "..."]:
    """What comes in."""
    return inputs


def _num_groups(channels: int) -> int:
    """
    >>> [_num_groups(channels) for channels in (3, 4, 12, 48, 64, 200, 256)]
    [1, 1, 3, 12, 16, 25, 32]
    """
    most = max(1, min(32, channels // 4))
    return next(number for number in range(most, 0, -1) if channels % number == 0)


def _unpromoted(arrays: Arrays, /, *, dtype: Any = None, inexact: bool = True) -> Arrays:
    """Flax would raise everything to the precision of the running means, and all layers after it too."""
    return arrays
