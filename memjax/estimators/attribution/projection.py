"""Random projection of long rows by signs that are drawn again whenever they are needed."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from memjax.prng import run_key

TILE = 1024  # rows of the matrix of signs that exist at one time
WORD = 32  # signs a random number


def project(rows: Float[Array, "examples columns"], dims: int, seed: int = 0) -> Float[Array, "examples dims"]:
    """Rows in fewer dimensions, whose inner products are on average those of the rows.

        projected = rows @ signs / sqrt(dims),      signs[k, d] = -1 or 1 with equal chance

    An inner product of rows a and b is then off by about ``|a| |b| / sqrt(dims)``.  The signs are a function of the
    seed, of k and of d (the bits of a counter-based generator), `TILE` rows of them at a time; sums are in float32.

    Args:
      dims: a multiple of 32.

    Reference:
      Achlioptas, Database-friendly Random Projections, 2003.
    """
    tiles = -(-rows.shape[1] // TILE)
    rows = jnp.pad(rows, ((0, 0), (0, tiles * TILE - rows.shape[1])))

    def add(sums, tile):
        part = jax.lax.dynamic_slice_in_dim(rows, tile * TILE, TILE, 1)
        return sums + jnp.matmul(part, signs(tile, dims, seed), precision="highest"), None

    sums, _ = jax.lax.scan(add, jnp.zeros((len(rows), dims), jnp.float32), jnp.arange(tiles))
    return sums / jnp.sqrt(jnp.float32(dims))


def signs(tile: Array, dims: int, seed: int) -> Float[Array, "tile dims"]:
    """The rows tile * TILE .. (tile + 1) * TILE - 1 of the matrix of signs."""
    words = jax.random.bits(jax.random.fold_in(run_key(seed), tile), (TILE, dims // WORD), jnp.uint32)
    bits = (words[..., None] >> jnp.arange(WORD, dtype=jnp.uint32)) & 1
    return 1 - 2 * bits.reshape(TILE, dims).astype(jnp.float32)
