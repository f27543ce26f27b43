"""Random subsets: of one size, of nine sizes, of any size, and in complementary pairs."""

import numpy as np
from jaxtyping import Bool, Int

from memjax.prng import host_bits
from memjax.types import SubsetDesign

TENTHS = 9


def fixed_size(seed: int, num_train: int, size: int) -> SubsetDesign:
    """Each model trains on a random subset of exactly `size` examples.  All such subsets are equally likely.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2.
    """

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return np.stack([_subset(seed, "fixed-size", int(model_id), num_train, size) for model_id in model_ids])

    return SubsetDesign(f"{size} examples drawn for each model", num_train, size, size / num_train, None, masks)


def profile(seed: int, num_train: int) -> SubsetDesign:
    """Model 0 trains on 10 % of the examples, model 1 on 20 %, ..., model 8 on 90 %, model 9 on 10 % again.

    All models take as many steps as the largest subset needs, so smaller subsets are trained on for more epochs.

    Reference:
      Jiang et al., Characterizing Structural Regularities of Labeled Data in Overparameterized Models, 2021,
      arXiv 2002.03206, section 3.
    """
    sizes = np.maximum(1, np.arange(1, TENTHS + 1) * num_train // (TENTHS + 1))

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return np.stack([_subset(seed, "profile", int(t), num_train, int(sizes[t % TENTHS])) for t in model_ids])

    return SubsetDesign(
        "10 % to 90 % of the examples, in turn", num_train, int(sizes[-1]), float(sizes.mean() / num_train), None, masks
    )


def bernoulli(seed: int, num_train: int, include_prob: float) -> SubsetDesign:
    """Each model trains on each example with the same probability, independently, so subset sizes vary.

    A model with an empty subset gets one random example, because it cannot train on none.
    """
    threshold = np.uint64(include_prob * 2.0**64)

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        bits = np.stack([host_bits(seed, "bernoulli", int(model_id), num_train) for model_id in model_ids])
        chosen = bits < threshold
        empty = ~chosen.any(1)
        chosen[empty, bits[empty].argmin(1)] = True
        for row in np.flatnonzero(chosen.sum(1) > max_size):  # no more than is trained on
            chosen[row, bits[row].argsort(kind="stable")[max_size:]] = False
        return chosen

    # Seven standard deviations above the mean: one model in 10^12 has a larger subset, or in 10^6 if few examples are
    # in a subset.  It loses the examples beyond.
    spread = np.sqrt(num_train * include_prob * (1 - include_prob))
    max_size = min(num_train, int(np.ceil(num_train * include_prob + 7 * spread)))
    return SubsetDesign(f"each example with chance {include_prob:g}", num_train, max_size, include_prob, None, masks)


def complementary(half: SubsetDesign) -> SubsetDesign:
    """Models 2k and 2k + 1 train on subset k of `half` and on its complement.  So half of all models train on each
    example.
    """

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return half.masks(model_ids // 2) ^ (model_ids % 2 == 1)[:, None]

    size = max(half.max_size, half.num_train - half.max_size)
    return SubsetDesign("halves in complementary pairs", half.num_train, size, 0.5, None, masks)


def _subset(seed: int, purpose: str, model_id: int, num_train: int, size: int) -> Bool[np.ndarray, " train"]:
    mask = np.zeros(num_train, bool)
    mask[np.argpartition(host_bits(seed, purpose, model_id, num_train), size - 1)[:size]] = True
    return mask
