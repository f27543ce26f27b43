"""Influence of one tile of training and test examples at a time, on all devices; only large values come back."""

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt8

from memjax.estimators.influence import sums_of
from memjax.estimators.kernels.moments import Sums, from_sums
from memjax.estimators.kernels.products import Pairs as OfPairs
from memjax.estimators.kernels.products import TrainWords, counts_in, pack_bits, unpack_bits
from memjax.estimators.pairs import Pairs, join_pairs

TILE_OF_CPU = 2048, 1024  # training and test examples; the packed scores of so many stay in the cache of a core
TILE = 8192, 8192  # elsewhere: a quarter of a GB of sums, and few enough tiles that starting one costs nothing
LINE = 16  # words in a line of cache
PICKED = 1 << 14  # pairs fetched from a device at once: one length, one compilation
Candidates = tuple[np.ndarray, np.ndarray]  # training and test examples, of which all pairs are searched
Device = Any  # jax.Device, which is no class to a type checker


class Found(NamedTuple):
    """The pairs found in one tile, and its test examples (one array for all tiles of the same test examples)."""

    columns: Int[np.ndarray, " test"]
    pairs: Pairs


class _Tile(NamedTuple):
    """A tile that a device is computing."""

    rows: Int[np.ndarray, " train"]
    columns: Int[np.ndarray, " test"]
    sums: Sums
    num_in: Int[Array, " train"]
    value: Float[Array, "train test"]
    above: UInt8[Array, "train octets"]


def search(
    masks: Bool[np.ndarray, "models train"], scores: Shaped[np.ndarray, "models test"], blocks: list[Candidates],
    floor: Float[np.ndarray, " test"], shape: tuple[int, int], devices: list[Device],
) -> Iterator[Found]:  # fmt: skip
    """Pairs of the blocks whose influence reaches the floor of their test example, tile by tile, test examples
    outermost.

    While the host reads one tile, each device computes another.  The floor is read when a tile is started, so the
    caller may raise it between tiles.
    """
    waiting: deque[_Tile] = deque()
    for tile in _started(masks, scores, blocks, floor, shape, devices):
        waiting.append(tile)
        if len(waiting) > len(devices):
            yield _finished(waiting.popleft(), len(masks))
    for tile in waiting:
        yield _finished(tile, len(masks))


def tile_for(blocks: list[Candidates], devices: list[Device]) -> tuple[int, int]:
    """The largest block cut into equal parts: one shape, one compilation."""
    limits = TILE_OF_CPU if devices[0].platform == "cpu" else TILE
    largest = [max(map(len, side)) for side in zip(*blocks, strict=True)]
    parts = [-(-length // -(-length // limit)) for length, limit in zip(largest, limits, strict=True)]
    # An odd number of cache lines: the words of one example, if a power of two apart, drive each other out.
    rows, columns = ((-(-length // LINE) | 1) * LINE for length in parts)
    return rows, columns


def _started(masks, scores, blocks, floor, shape, devices) -> Iterator[_Tile]:
    words = pack_bits(masks)
    scores = pack_bits(scores) if scores.dtype == bool else scores
    number = 0
    for block_rows, block_columns in blocks:
        for columns in cut(block_columns, shape[1]):
            own_scores = _filled(scores, columns, shape[1])
            on_devices = [jax.device_put(own_scores, device) for device in devices]
            for rows in cut(block_rows, shape[0]):
                which = number % len(devices)
                least = np.full(shape[1], np.inf, np.float32)  # columns that only fill up the tile give no pair
                least[: len(columns)] = floor[columns]
                given = jax.device_put((_filled(words, rows, shape[0]), least), devices[which])
                sums, num_in = _products(given[0], on_devices[which])
                value = _values(sums, num_in, len(masks))
                yield _Tile(rows, columns, sums, num_in, value, _above(value, given[1]))
                number += 1


def _finished(tile: _Tile, num_models: int) -> Found:
    row, column = _bits_set(np.asarray(tile.above))  # waits for the device
    parts = []
    for start in range(0, len(row), PICKED):
        places = np.stack([row[start : start + PICKED], column[start : start + PICKED]]).astype(np.int32)
        num_places = places.shape[1]
        places = np.pad(places, ((0, 0), (0, PICKED - num_places)))
        picked = np.asarray(_picked(tile.value, tile.sums, tile.num_in, num_models, places))[:, :num_places]
        parts.append(Pairs(tile.rows[places[0, :num_places]], tile.columns[places[1, :num_places]], *picked))
    return Found(tile.columns, join_pairs(parts))


def _bits_set(octets: UInt8[np.ndarray, "rows octets"]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the bits that are set, row by row."""
    row, octet = np.divmod(np.flatnonzero(octets != 0), octets.shape[1])
    which, bit = np.nonzero(np.unpackbits(octets[row, octet][:, None], axis=1))
    return row[which], 8 * octet[which] + bit


def cut(numbers: Int[np.ndarray, " all"], length: int) -> list[np.ndarray]:
    return [numbers[start : start + length] for start in range(0, len(numbers), length)]


def _filled(array: Shaped[np.ndarray, "... all"], numbers: np.ndarray, length: int) -> Shaped[np.ndarray, "... tile"]:
    """Some columns of an array, and zeros up to a length: a training example that no model saw gives no pair."""
    filled = np.zeros((*array.shape[:-1], length), array.dtype)
    filled[..., : len(numbers)] = array[..., numbers]
    return filled


# Separate programs: in one program, XLA computes a product or rounds a value again for each use that it is fused into.


@jax.jit
def _products(words: TrainWords, scores: Shaped[Array, "*models test"]) -> tuple[Sums, Int[Array, " train"]]:
    """Sums of scores, which are packed or fractions, and the number of models that saw each training example."""
    num_in = jax.lax.population_count(words).astype(jnp.int32).sum((0, 1))
    if scores.dtype == jnp.uint32:
        total = jax.lax.population_count(scores).astype(jnp.int32).sum((0, 1))
        return Sums(counts_in(words, scores), total.astype(jnp.float32)), num_in
    return sums_of(unpack_bits(words, len(scores)), scores), num_in


@jax.jit
def _values(sums: Sums, num_in: Int[Array, " train"], num_models: int | Array) -> Float[Array, "train test"]:
    return from_sums(sums, num_in[:, None], num_models).value


@jax.jit
def _above(value: Float[Array, "train test"], floor: Float[Array, " test"]) -> UInt8[Array, "train octets"]:
    """One bit for each pair: an eighth of the bytes to copy to the host."""
    return jnp.packbits(value >= floor, axis=1)


@jax.jit
def _picked(
    value: OfPairs, sums: Sums, num_in: Int[Array, " train"], num_models: int | Array, places: Int[Array, "2 pairs"]
) -> Float[Array, "2 pairs"]:
    """Influence of some pairs, as it was compared with the floor, and its standard error."""
    row, column = places
    at = Sums(sums.inside[row, column], sums.total[column])
    if sums.squares is not None:
        squares = Sums(sums.squares.inside[row, column], sums.squares.total[column])
        at = at._replace(squares=squares, rates=None if sums.rates is None else sums.rates[column])
    return jnp.stack([value[row, column], from_sums(at, num_in[row], num_models).stderr])
