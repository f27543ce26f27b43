"""High-influence pairs of a large data set, without the matrix of all influences."""

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import as_masks, as_scores
from memjax.estimators.kernels.layout import Layout, layout_of
from memjax.estimators.kernels.stratified import estimate_by_size, every
from memjax.estimators.kernels.tiles import Candidates, Device, Found, cut, search, tile_for
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD, Pairs, join_pairs
from memjax.types import ArrayLike


def strong_pairs(
    masks: ArrayLike,
    correct_test: ArrayLike,
    mem: ArrayLike,
    train_labels: ArrayLike | None = None,
    test_labels: ArrayLike | None = None,
    *,
    mem_threshold: float = MEM_THRESHOLD,
    infl_threshold: float = INFL_THRESHOLD,
    top: int | None = None,
    tile: tuple[int, int] | None = None,
    devices: list[Device] | None = None,
) -> Pairs:
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

    Raises:
      InputError: shapes that do not fit, masks other than 0 and 1, scores that are not finite, or one kind of labels
        alone.

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
