"""Designs whose units are groups of examples: a group is in a subset or out of it as a whole."""

import numpy as np
from jaxtyping import Bool, Int, Shaped

from memjax.errors import InputError
from memjax.prng import host_permutation
from memjax.subsets.designs import leave_one_out
from memjax.types import SubsetDesign


def by_group(units: SubsetDesign, group: Int[np.ndarray, " train"]) -> SubsetDesign:
    """A model trains on all examples of the groups that `units`, a design of groups, gives it.

    Args:
      group: the number of each example's group, from 0 to `units.num_train` - 1.
    """

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return units.masks(model_ids)[:, group]

    most = int(np.sort(np.bincount(group))[-units.max_size :].sum())
    name = f"{units.name.replace('example', 'group')}; {units.num_train} groups"
    return SubsetDesign(name, len(group), most, units.include_prob, units.num_models, masks)


def leave_group_out(seed: int, num_train: int, num_groups: int) -> SubsetDesign:
    """Model t leaves out group t mod num_groups.  The examples are assigned to groups of equal size at random."""
    group = np.empty(num_train, int)
    group[host_permutation(seed, "groups", 0, num_train)] = np.arange(num_train) % num_groups
    found = by_group(leave_one_out(num_groups), group)
    return found._replace(name=f"all but one of {num_groups} groups, in turn")


def keeps_groups(design: SubsetDesign, groups: Shaped[np.ndarray, " train"]) -> SubsetDesign:
    """The design of a masks file, if none of its subsets has one part of a group only.

    Raises:
      InputError: a subset splits a group; the message names both.
    """
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    masks = design.masks(np.arange(design.num_models or 0))
    if (split := masks != masks[:, first][:, number]).any():
        row, example = np.argwhere(split)[0]
        raise InputError(
            f"{design.name}: row {row} has a part of group {groups[example]!s}; a group is in a subset or out of it as "
            "a whole"
        )
    return design
