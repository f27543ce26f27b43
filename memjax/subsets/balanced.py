"""Subsets of equal size in which every example is included equally often."""

import numpy as np
from jaxtyping import Bool, Int

from memjax.prng import host_bits, host_permutation
from memjax.types import SubsetDesign

GROUP = 10  # models that are balanced together; with 10, every multiple of 10 % is exact


def balanced(seed: int, num_train: int, size: int) -> SubsetDesign:
    """Each model trains on exactly `size` examples.  Of the ten models 10k .. 10k + 9, 10 * size / num_train train on
    each example, rounded down or up.

    So no example is always in or always out, and all examples have the same standard error.  The subset of a single
    model is uniformly random, so the estimators need no correction.
    """

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        groups = {int(number): _group(seed, int(number), num_train, size) for number in np.unique(model_ids // GROUP)}
        return np.stack([groups[int(model_id) // GROUP][int(model_id) % GROUP] for model_id in model_ids])

    return SubsetDesign(
        f"{size} examples per model, every example equally often", num_train, size, size / num_train, None, masks
    )


def _group(seed: int, number: int, num_train: int, size: int) -> Bool[np.ndarray, "models train"]:
    """Assigns each example to the right number of models at random, then moves examples until all sizes are equal."""
    share, rest = divmod(GROUP * size, num_train)
    counts = np.full(num_train, share)
    counts[host_permutation(seed, "balanced rest", number, num_train)[:rest]] += 1
    bits = host_bits(seed, "balanced", number, GROUP * num_train).reshape(GROUP, num_train)
    chosen = bits.argsort(0, kind="stable").argsort(0, kind="stable") < counts

    swaps = 0
    while (surplus := chosen.sum(1) - size).any():
        giver, taker = int(surplus.argmax()), int(surplus.argmin())
        moves = min(surplus[giver], -surplus[taker])
        movable = np.flatnonzero(chosen[giver] & ~chosen[taker])
        order = host_permutation(seed, f"balanced swap {swaps}", number, len(movable))
        moved = movable[order[:moves]]
        chosen[giver, moved], chosen[taker, moved] = False, True
        swaps += 1
    return chosen
