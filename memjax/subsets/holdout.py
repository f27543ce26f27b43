"""Subsets that leave out one example, or one group of examples."""

import numpy as np
from jaxtyping import Bool, Int

from memjax.prng import host_permutation
from memjax.types import SubsetDesign


def leave_one_out(num_train: int) -> SubsetDesign:
    """Model t leaves out example t mod num_train.  After num_train models all examples follow again, with new seeds."""

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return np.arange(num_train) != (model_ids % num_train)[:, None]

    return SubsetDesign("all examples but one, in turn", num_train, num_train - 1, 1 - 1 / num_train, None, masks)


def leave_group_out(seed: int, num_train: int, num_groups: int) -> SubsetDesign:
    """Model t leaves out group t mod num_groups.  The examples are assigned to groups of equal size at random."""
    group = np.empty(num_train, int)
    group[host_permutation(seed, "groups", 0, num_train)] = np.arange(num_train) % num_groups

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return group != (model_ids % num_groups)[:, None]

    smallest = num_train // num_groups
    return SubsetDesign(
        f"all but one of {num_groups} groups, in turn", num_train, num_train - smallest, 1 - 1 / num_groups, None, masks
    )
