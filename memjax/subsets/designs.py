"""The subset designs: random subsets of one or of several sizes, in pairs, balanced, from a file, or all but some; of
examples, or of groups, which are in a subset or out of it as a whole."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int, Shaped

from memjax.errors import InputError
from memjax.prng import host_bits, host_permutation
from memjax.types import SubsetDesign
from memjax.untrusted import read_npy

TENTHS = 9
GROUP = 10  # models that are balanced together; with 10, every multiple of 10 % is exact


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


def everything(num_train: int) -> SubsetDesign:
    """Each model trains on all examples.  Models differ in their initial weights and order of batches only."""

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return np.ones((len(model_ids), num_train), bool)

    return SubsetDesign("all examples for each model", num_train, num_train, 1.0, None, masks)


def leave_one_out(num_train: int) -> SubsetDesign:
    """Model t leaves out example t mod num_train.  After num_train models all examples follow again, with new seeds."""

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return np.arange(num_train) != (model_ids % num_train)[:, None]

    return SubsetDesign("all examples but one, in turn", num_train, num_train - 1, 1 - 1 / num_train, None, masks)


def from_file(path: Path, num_train: int) -> SubsetDesign:
    """Model t trains on the examples with a 1 in row t of the (models x train) array of 0 and 1 in the file.

    Raises:
      InputError: the file cannot be read, has another shape, holds other values than 0 and 1, or has a row of zeros.
    """
    rows = read_npy(path)
    if rows.ndim != 2 or rows.shape[1] != num_train or not len(rows):
        raise InputError(
            f"masks file {path} has shape {rows.shape}; expected (models, {num_train}), a column per example"
        )
    chosen = rows.astype(bool)
    if not np.array_equal(chosen, rows):
        raise InputError(
            f"masks file {path} holds values other than 0 and 1; give 1 where a model trains on an example, else 0"
        )
    if not chosen.any(1).all():
        raise InputError(
            f"masks file {path}: row {int(np.argmin(chosen.any(1)))} marks no example to train on; give at least one"
        )

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return chosen[model_ids % len(chosen)]  # models past the end only fill the last block and are not counted

    return SubsetDesign(
        f"as in {path.name}", num_train, int(chosen.sum(1).max()), float(chosen.mean()), len(chosen), masks
    )


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
