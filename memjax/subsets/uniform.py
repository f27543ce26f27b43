"""Subsets drawn independently for each model."""

import numpy as np
from jaxtyping import Bool, Int

from memjax.prng import host_bits
from memjax.types import SubsetDesign


def fixed_size(seed: int, num_train: int, size: int) -> SubsetDesign:
    """Each model sees exactly `size` examples, all subsets of that size being equally likely.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2.
    """

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        chosen = np.zeros((len(model_ids), num_train), bool)
        for row, model_id in zip(chosen, model_ids, strict=True):
            bits = host_bits(seed, "fixed-size", int(model_id), num_train)
            row[np.argpartition(bits, size - 1)[:size]] = True
        return chosen

    return SubsetDesign(f"{size} examples drawn for each model", num_train, size, size / num_train, None, masks)


def bernoulli(seed: int, num_train: int, include_prob: float) -> SubsetDesign:
    """Each model sees each example with the same chance, independently: subset sizes vary from model to model.

    A model whose draw comes out empty is given one example at random, since nothing can be learned from none.
    """
    threshold = np.uint64(include_prob * 2.0**64)

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        bits = np.stack([host_bits(seed, "bernoulli", int(model_id), num_train) for model_id in model_ids])
        chosen = bits < threshold
        empty = ~chosen.any(1)
        chosen[empty, bits[empty].argmin(1)] = True
        return chosen

    # Seven standard deviations above the mean, one chance in 10^12 a model: no run will see a larger one.
    spread = np.sqrt(num_train * include_prob * (1 - include_prob))
    max_size = min(num_train, int(np.ceil(num_train * include_prob + 7 * spread)))
    return SubsetDesign(f"each example with chance {include_prob:g}", num_train, max_size, include_prob, None, masks)
