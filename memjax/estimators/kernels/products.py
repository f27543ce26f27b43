"""The product masks.T @ scores, which takes all the time of influence.  Only this file decides how it is computed.

Scores of 0 and 1 need no arithmetic of floats: the sum over models is the number of bits that two strings of bits, one
for each model, have in common.  GF/s of (train, 2000) @ (2000, test) in tiles of about 2048 x 1024, a multiply-add
counted twice, by processor time on one core of an AMD EPYC with AVX2, lowest and highest of several runs:

    way                                       jax 0.12.0.1   jax 0.10.2
    float32 product (numpy's: 73 to 77)           57 to 66     61 to 68
    bfloat16, with oneDNN or without              47 to 57     46 to 48
    int8 into int32                               78 to 93     75 to 84
    bits in common, a word at a time            219 to 248   223 to 238
    bits in common, carry-save adders           358 to 535   426 to 534

A core with AMX reaches 290 in bfloat16 through oneDNN (jax 0.12); bits were not measured there.  Other devices than a
CPU multiply in bfloat16 with sums in float32.  Each way is exact: 0 and 1 are numbers of
bfloat16 and int8, and whole numbers below 2**24 of float32.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt32

WORD = 32  # models a word
OCTETS = np.arange(WORD // 8) if sys.byteorder == "little" else np.arange(WORD // 8)[::-1]  # of a word, least first
WORDS_A_CHUNK = 64  # whose common bits are added up in one unrolled expression
Words = UInt32[Array, "chunks words examples"]  # a bit a model
TrainWords = UInt32[Array, "chunks words train"]
TestWords = UInt32[Array, "chunks words test"]
Pairs = Float[Array, "train test"]


def sums_in(masks: Bool[Array, "models train"], scores: Shaped[Array, "models test"]) -> Pairs:
    """For each pair, the sum of scores over models that saw the training example, exact or in full float32."""
    if scores.dtype == bool:
        return jax.lax.platform_dependent(masks, scores, cpu=_count_bits, default=_multiply_bfloat16)
    return jnp.matmul(masks.T.astype(jnp.float32), scores, precision=jax.lax.Precision.HIGHEST)


def counts_in(masks: TrainWords, scores: TestWords) -> Pairs:
    """As `sums_in`, of scores of 0 and 1, from the words that `pack_bits` made."""
    return jax.lax.platform_dependent(masks, scores, cpu=common_bits, default=_multiply_words)


def pack_bits(bits: Bool[np.ndarray, "models examples"]) -> UInt32[np.ndarray, "chunks words examples"]:
    """A bit a model: bit b of word w of chunk c is model (c * words + w) * 32 + b; the last ones are 0."""
    words = no_words(*bits.shape)
    set_bits(words, np.arange(len(bits)), bits)
    return words


def no_words(num_models: int, num_examples: int) -> UInt32[np.ndarray, "chunks words examples"]:
    """Words for so many models in which no bit is set yet: an eighth of a byte for each of them and each example."""
    return np.zeros((*_chunks(num_models), num_examples), np.uint32)


def set_bits(
    words: UInt32[np.ndarray, "chunks words examples"], numbers: Int[np.ndarray, " models"],
    bits: Bool[np.ndarray, "models examples"],
) -> None:  # fmt: skip
    """Sets the bits of some models in place, one model after the other, as they lie on a disk."""
    chunks, length, num_examples = words.shape
    octets = words.view(np.uint8).reshape(chunks * length, num_examples, WORD // 8)
    for number, row in zip(numbers, bits, strict=True):
        word, bit = divmod(int(number), WORD)
        octets[word, :, OCTETS[bit // 8]] |= row.view(np.uint8) << np.uint8(bit % 8)


def unpack_bits(words: Words, num_models: int) -> Bool[Array, "models examples"]:
    """The inverse of `pack_bits`, on a device."""
    bits = (words[:, :, None] >> jnp.arange(WORD, dtype=jnp.uint32)[:, None]) & 1
    return bits.reshape(-1, words.shape[-1])[:num_models].astype(bool)


def common_bits(masks: TrainWords, scores: TestWords) -> Pairs:
    """How many bits each training example has in common with each test example."""

    def add_chunk(total, chunk):
        return total + _bits_set([mask[:, None] & score for mask, score in zip(*chunk, strict=True)]), None

    nothing = jnp.zeros((masks.shape[-1], scores.shape[-1]), jnp.uint32)
    return jax.lax.scan(add_chunk, nothing, (masks, scores))[0].astype(jnp.float32)


def _bits_set(words: list[UInt32[Array, "train test"]]) -> UInt32[Array, "train test"]:
    """The bits set in all words together, by carry-save addition of three words of one weight to one of this weight and
    one of twice the weight (Mula, Kurz and Lemire, Faster Population Counts Using AVX2 Instructions, 2016)."""
    total, weight = jnp.zeros_like(words[0]), 0
    while words:
        carried = []
        while len(words) > 1:
            first, second, *words = words
            either = first ^ second
            if words:
                third, *words = words
                carried.append((first & second) | (either & third))
                words.append(either ^ third)
            else:
                carried.append(first & second)
                words = [either]
        total += jax.lax.population_count(words[0]) << weight
        words, weight = carried, weight + 1
    return total


def _count_bits(masks: Bool[Array, "models train"], scores: Bool[Array, "models test"]) -> Pairs:
    # Without the barrier the packing may be fused into the product and repeated for each pair.
    return common_bits(*jax.lax.optimization_barrier((_pack_on_device(masks), _pack_on_device(scores))))


def _pack_on_device(bits: Bool[Array, "models examples"]) -> Words:
    chunks, words = _chunks(len(bits))
    bits = jnp.pad(bits, ((0, chunks * words * WORD - len(bits)), (0, 0)))
    bits = bits.reshape(chunks, words, WORD, bits.shape[1]).astype(jnp.uint32)
    return jnp.sum(bits << jnp.arange(WORD, dtype=jnp.uint32)[:, None], axis=2, dtype=jnp.uint32)


def _chunks(num_models: int) -> tuple[int, int]:
    """Chunks, and words a chunk: as few as will do, all of one length."""
    words = -(-num_models // WORD)
    chunks = -(-words // WORDS_A_CHUNK)
    return chunks, -(-words // chunks)


def _multiply_bfloat16(masks: Bool[Array, "models train"], scores: Bool[Array, "models test"]) -> Pairs:
    return jnp.matmul(masks.T.astype(jnp.bfloat16), scores.astype(jnp.bfloat16), preferred_element_type=jnp.float32)


def _multiply_words(masks: TrainWords, scores: TestWords) -> Pairs:
    num_models = masks.shape[0] * masks.shape[1] * WORD
    return _multiply_bfloat16(unpack_bits(masks, num_models), unpack_bits(scores, num_models))
