"""Batches of a fixed shape for a model's mask: the rows to gather, so that no held-out example enters a batch."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key


def num_batches(max_size: int, batch_size: int) -> int:
    """Steps of an epoch, the same for all models of a design: enough for the largest subset."""
    return -(-max_size // batch_size)


def members(mask: Bool[Array, " train"], max_size: int) -> Int[Array, " max_size"]:
    """The rows that a mask marks, in order; a subset smaller than `max_size` is filled up with rows to ignore."""
    return jnp.argsort(~mask, stable=True)[:max_size]


def epoch_batches(
    key: Key[Array, ""], rows: Int[Array, " max_size"], size: Int[Array, ""], batch_size: int
) -> Int[Array, "num_batches batch"]:
    """One pass over the first `size` of `rows` in random order.

    Every batch is full: where the subset does not divide, the last batch is topped up from the start of the same
    order.  So there are no weights and no padding that could leak into batch statistics.
    """
    bits = jax.random.bits(key, (len(rows),)) >> 1
    last = jnp.uint32(2**32 - 1)  # the largest number, so that rows to ignore come last
    _, order = jax.lax.sort((jnp.where(jnp.arange(len(rows)) < size, bits, last), rows), num_keys=1)
    count = num_batches(len(rows), batch_size)
    return order[jnp.arange(count * batch_size) % size].reshape(count, batch_size)
