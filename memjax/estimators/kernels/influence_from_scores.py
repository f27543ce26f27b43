"""Influence from scores other than 0 and 1, such as probabilities: one number for each model and test example."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from memjax.estimators.complementary import squares_in_pairs, stderr_in_pairs
from memjax.estimators.influence import sums_of
from memjax.estimators.kernels.moments import Sums, from_sums
from memjax.estimators.kernels.products import TrainWords, unpack_bits

COLUMNS_AT_ONCE = 1024  # test examples whose scores are on the device together


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
        sums, num_in = _sums(words, scores, any_bit)
        estimate = from_sums(sums, num_in, num_models)
        error = estimate.stderr
        if complementary:
            error = stderr_in_pairs(estimate.value, num_models // 2, squares_in_pairs(scores), sums.rates)
        kept = np.s_[: len(rows), : value[part].shape[1]]
        value[part], stderr[part] = np.asarray(estimate.value)[kept], np.asarray(error)[kept]
    return value, stderr


@jax.jit
def _sums(
    words: TrainWords, scores: Float[Array, "models test"], any_bit: UInt32[Array, "chunks words 1"]
) -> tuple[Sums, Int[Array, "train 1"]]:
    num_in = jax.lax.population_count(words).astype(jnp.int32).sum((0, 1))
    there = unpack_bits(any_bit, len(scores)) | (scores != 0).any(1, keepdims=True)  # or of an empty subset
    return sums_of(unpack_bits(words, len(scores)), scores, there), num_in[:, None]
