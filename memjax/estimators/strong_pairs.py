"""High-influence pairs of a large data set without the matrix of all influences: one tile of training and test examples
at a time, on all devices, of which only large values come back."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt8

from memjax.errors import InputError
from memjax.estimators.checks import as_masks, as_scores
from memjax.estimators.kernels.layout import Layout, estimate_by_size, every, layout_of
from memjax.estimators.kernels.moments import Sums, from_sums
from memjax.estimators.kernels.products import Pairs as OfPairs
from memjax.estimators.kernels.products import TrainWords, counts_in, pack_bits, unpack_bits
from memjax.estimators.memorization import sums_of
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD, Pairs, join_pairs
from memjax.types import ArrayLike

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


def strong_pairs(
    masks: ArrayLike, correct_test: ArrayLike, mem: ArrayLike, train_labels: ArrayLike | None = None,
    test_labels: ArrayLike | None = None, *, mem_threshold: float = MEM_THRESHOLD,
    infl_threshold: float = INFL_THRESHOLD, top: int | None = None, tile: tuple[int, int] | None = None,
    devices: list[Device] | None = None,
) -> Pairs:  # fmt: skip
    """Pairs whose influence and whose training example's memorization both reach a threshold; NaN reaches none.

    The numbers agree with those of `influence` up to the last digit.  They are computed for one tile of training and
    test examples at a time, on all devices, and only the pairs found are kept.  Training examples below the threshold
    of memorization cost nothing.

    Args:
      masks: (models, train), whether model t was trained on example i; bool or 0 / 1.  NumPy, also a memory map, or
        JAX.
      correct_test: (models, test), as for `influence`.
      mem: (train,), memorization of the training examples.
      train_labels, test_labels: classes; where given, only pairs of one class are searched, which with c classes of
        one size takes a c-th of the time.
      mem_threshold, infl_threshold: least memorization and influence; -inf asks only that they be defined.
      top: at most so many pairs for each test example, those of the largest influence.
      tile: training and test examples at once; by default what suits the device.
      devices: where to compute; by default all devices of this process.

    Returns:
      Pairs in descending order of influence, equal ones by training, then test example.

    Example:
      >>> import numpy as np
      >>> from memjax.estimators import strong_pairs
      >>> masks = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
      >>> correct_test = np.array([[1, 0], [1, 1], [0, 1], [0, 0]])
      >>> pairs = strong_pairs(masks, correct_test, mem=np.array([0.5, 0.1]))
      >>> list(zip(pairs.tr_idx.tolist(), pairs.tt_idx.tolist(), pairs.infl.tolist()))
      [(0, 0, 1.0)]

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 3.2.
    """
    masks = as_masks(masks)
    scores = np.asarray(as_scores("correct_test", correct_test, len(masks)))
    mem = _one_each("mem", mem, masks.shape[1])
    if top is not None and top < 1:
        raise InputError(f"top is {top}; expected at least 1 pair a test example, or None for all")
    if tile is not None and min(tile) < 1:
        raise InputError(f"tile is {tile}; expected at least one training and one test example")
    if (train_labels is None) != (test_labels is None):
        raise InputError("labels of only the training or only the test examples; expected both, or neither")
    rows = np.flatnonzero(mem >= mem_threshold)
    if train_labels is None or test_labels is None:
        blocks = [(rows, np.arange(scores.shape[1]))]
    else:
        of_rows = _one_each("train_labels", train_labels, masks.shape[1])[rows]
        of_columns = _one_each("test_labels", test_labels, scores.shape[1])
        shared = np.intersect1d(of_rows, of_columns)
        blocks = [(rows[of_rows == label], np.flatnonzero(of_columns == label)) for label in shared]
    blocks = [block for block in blocks if all(map(len, block))]
    if not blocks:
        return join_pairs([])
    devices = devices or jax.local_devices()
    floor = np.full(scores.shape[1], infl_threshold, np.float32)
    shape = tile or tile_for(blocks, devices)
    if layout := layout_of(masks):
        found = _by_layout(layout, np.asarray(masks), scores, blocks, floor, shape)
    else:
        found = search(np.asarray(masks), scores, blocks, floor, shape, devices)
    return join_pairs([part.pairs for part in found] if top is None else list(_best(found, floor, top)))


def _by_layout(
    layout: Layout, masks: np.ndarray, scores: np.ndarray, blocks: list[Candidates], floor: np.ndarray, shape: Any
) -> Iterator[Found]:
    """As `search`, on the host, of models whose subsets have several sizes, or are not independent."""
    for block_rows, block_columns in blocks:
        for columns in cut(block_columns, shape[1]):
            for rows in cut(block_rows, shape[0]):
                tile = estimate_by_size(layout, masks[:, rows], scores[:, columns], "adjusted", every)
                value, stderr = np.asarray(tile.value), np.asarray(tile.stderr)
                row, column = np.nonzero(value >= floor[columns])
                yield Found(columns, Pairs(rows[row], columns[column], value[row, column], stderr[row, column]))


def _best(found: Iterable[Found], floor: Float[np.ndarray, " test"], top: int) -> Iterable[Pairs]:
    """At most `top` pairs for each test example, a part for each tile of test examples; raises the floor of a test
    example that has so many."""
    import pandas

    columns, best = None, join_pairs([])
    for part in found:
        if part.columns is not columns:
            yield best
            columns, best = part.columns, join_pairs([])
        if len(part.pairs.infl):
            joined = join_pairs([best, part.pairs])
            rank = pandas.Series(joined.tt_idx).groupby(joined.tt_idx).cumcount().to_numpy()
            best = Pairs(*(column[rank < top] for column in joined))
            last = rank == top - 1
            floor[joined.tt_idx[last]] = joined.infl[last]
    yield best


def _one_each(name: str, values: ArrayLike, expected: int) -> Shaped[np.ndarray, " examples"]:
    values = np.asarray(values)
    if values.shape != (expected,):
        raise InputError(f"{name} has shape {values.shape}; expected ({expected},), one each example")
    return values


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
