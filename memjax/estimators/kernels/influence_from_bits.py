"""Influence and p-values from what a tally has of each model and example: a bit, or a score of a test example."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from memjax.estimators.complementary import squares_in_pairs, stderr_in_pairs
from memjax.estimators.kernels.moments import Sums, from_sums
from memjax.estimators.kernels.products import TestWords, TrainWords, counts_in, unpack_bits
from memjax.estimators.memorization import sums_of
from memjax.statistics.differences import exceeds_by

PAIRS_AT_ONCE = 4096
Words = UInt32[np.ndarray, "chunks words examples"]
EVEN = np.uint32(0x55555555)  # the bits of models 0, 2, 4, ...
COLUMNS_AT_ONCE = 1024  # test examples whose scores are on the device together


class Bits(NamedTuple):
    """Each model has its bit at its number.  A missing model has no bit set, so that it changes no count."""

    # (chunks, words, train), whether a model saw a training example; see `products.pack_bits`
    masks: UInt32[np.ndarray, "chunks words train"]
    right: UInt32[np.ndarray, "chunks words test"]  # (chunks, words, test), whether it was right about a test example


def influence_of_bits(
    bits: Bits, num_models: int, rows: Int[np.ndarray, " train"], columns: Int[np.ndarray, " test"],
    complementary: bool = False, shape: tuple[int, int] | None = None,
) -> tuple[Float[np.ndarray, "train test"], Float[np.ndarray, "train test"]]:  # fmt: skip
    """Influence of some training on some test examples, and its standard error, to the last bit as `influence` or
    `complementary_influence` gives them; padded to a shape, so that all calls share one compiled program."""
    if not len(rows) or not len(columns):
        nothing = np.zeros((len(rows), len(columns)), np.float32)
        return nothing, nothing
    num_rows, num_columns = shape or (len(rows), len(columns))
    masks, right = bits.masks[..., np.resize(rows, num_rows)], bits.right[..., np.resize(columns, num_columns)]
    sums, num_in = _sums(masks, right)
    estimate = from_sums(sums, num_in, num_models)
    kept, stderr = np.s_[: len(rows), : len(columns)], estimate.stderr
    if complementary:
        unequal = np.bitwise_count(_unequal(right)).sum((0, 1), dtype=np.float64)
        stderr = stderr_in_pairs(estimate.value, num_models // 2, unequal, True)
    return np.asarray(estimate.value)[kept], np.asarray(stderr)[kept]


def counts_of_bits(
    bits: Bits, rows: Int[np.ndarray, " train"], columns: Int[np.ndarray, " test"]
) -> tuple[Float[np.ndarray, "train test"], Int[np.ndarray, "train 1"], Float[np.ndarray, " test"]]:
    """Models that saw a training example and were right about a test example; those that saw it; those right."""
    if not len(rows) or not len(columns):
        return np.zeros((len(rows), len(columns))), np.zeros((len(rows), 1), int), np.zeros(len(columns))
    sums, num_in = _sums(bits.masks[..., rows], bits.right[..., columns])
    return np.asarray(sums.inside, np.float64), np.asarray(num_in), np.asarray(sums.total, np.float64)


def tails_of_bits(
    bits: Bits, num_models: int, tr_idx: Int[np.ndarray, " pairs"], tt_idx: Int[np.ndarray, " pairs"],
    complementary: bool = False, less: bool = False, least: float = 0.0,
) -> Float[np.ndarray, " pairs"]:  # fmt: skip
    """The p-values of pairs; see `pair_p_values`."""
    found = np.ones(len(tr_idx))
    tail: Callable = _binomial_tail if complementary else partial(_score_tail, least) if least else _hypergeometric_tail
    for start in range(0, len(tr_idx), PAIRS_AT_ONCE):
        part = np.s_[start : start + PAIRS_AT_ONCE]
        saw, right = bits.masks[..., tr_idx[part]], bits.right[..., tt_idx[part]]
        num_in = _count(saw)
        with np.errstate(invalid="ignore", divide="ignore"):  # of an example that was always in or out
            tails = tail(saw, right, num_in, num_models, less)
        found[part] = np.where((num_in == 0) | (num_in == num_models), 1.0, tails)
    return found


def _hypergeometric_tail(saw, right, num_in, num_models, less) -> Float[np.ndarray, " pairs"]:
    from scipy.stats import hypergeom

    both, among = _count(saw & right), (num_models, _count(right), num_in)
    return hypergeom.cdf(both, *among) if less else hypergeom.sf(both - 1, *among)


def _binomial_tail(saw, right, num_in, num_models, less) -> Float[np.ndarray, " pairs"]:
    from scipy.stats import binom

    unequal = _unequal(right)
    helped, among = _count(unequal & ~(right ^ saw)), (_count(unequal), 0.5)
    return binom.cdf(helped, *among) if less else binom.sf(helped - 1, *among)


def _score_tail(least, saw, right, num_in, num_models, less) -> Float[np.ndarray, " pairs"]:
    both = _count(saw & right)
    sides = (both, num_in), (_count(right) - both, num_models - num_in)
    first, second = reversed(sides) if less else sides
    return exceeds_by(*first, *second, least)


def chances_in_pairs(bits: Bits, num_models: int, columns: Int[np.ndarray, " test"], influence: float) -> float:
    """How likely at least such an influence is under the null, summed over test examples, of complementary pairs."""
    from scipy.stats import binom

    unequal = _count(_unequal(bits.right[..., columns]))
    return float(binom.sf(np.ceil((unequal + influence * (num_models // 2)) / 2 - 1e-9) - 1, unequal, 0.5).sum())


def _unequal(right: Words) -> Words:
    """A bit, that of the even model, for each pair of models 2k and 2k + 1 of which one was right."""
    return (right ^ (right >> np.uint32(1))) & EVEN


def _count(words: Words) -> Int[np.ndarray, " examples"]:
    return np.bitwise_count(words).sum((0, 1), dtype=np.int64)


@jax.jit
def _sums(masks: TrainWords, right: TestWords) -> tuple[Sums, Int[Array, "train 1"]]:
    num_in, total = (jax.lax.population_count(words).astype(jnp.int32).sum((0, 1)) for words in (masks, right))
    return Sums(counts_in(masks, right), total.astype(jnp.float32)), num_in[:, None]


def influence_of_outputs(
    masks: UInt32[np.ndarray, "chunks words train"], outputs: Float[np.ndarray, "models test"], num_models: int,
    rows: Int[np.ndarray, " rows"], columns: Int[np.ndarray, " columns"],
    complementary: bool = False, shape: tuple[int, int] | None = None,
) -> tuple[Float[np.ndarray, "rows columns"], Float[np.ndarray, "rows columns"]]:  # fmt: skip
    """As `influence_of_bits`, but for the last digits, from one number for each model and test example, 0 for a
    missing model."""
    value, stderr = np.empty((2, len(rows), len(columns)), np.float32)
    if not value.size:
        return value, stderr
    num_rows, num_columns = shape or value.shape
    words, width = masks[..., np.resize(rows, num_rows)], min(COLUMNS_AT_ONCE, num_columns)
    any_bit = np.bitwise_or.reduce(masks, axis=-1, keepdims=True)
    for start in range(0, len(columns), width):
        part = np.s_[:, start : start + width]
        scores = outputs[:, np.resize(columns[part[1]], width)].astype(np.float32)
        sums, num_in = _sums_of_scores(words, scores, any_bit)
        estimate = from_sums(sums, num_in, num_models)
        error = estimate.stderr
        if complementary:
            error = stderr_in_pairs(estimate.value, num_models // 2, squares_in_pairs(scores), sums.rates)
        kept = np.s_[: len(rows), : value[part].shape[1]]
        value[part], stderr[part] = np.asarray(estimate.value)[kept], np.asarray(error)[kept]
    return value, stderr


@jax.jit
def _sums_of_scores(
    words: TrainWords, scores: Float[Array, "models test"], any_bit: UInt32[Array, "chunks words 1"]
) -> tuple[Sums, Int[Array, "train 1"]]:
    num_in = jax.lax.population_count(words).astype(jnp.int32).sum((0, 1))
    there = unpack_bits(any_bit, len(scores)) | (scores != 0).any(1, keepdims=True)  # or of an empty subset
    return sums_of(unpack_bits(words, len(scores)), scores, there), num_in[:, None]
