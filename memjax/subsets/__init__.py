"""Subset designs: which training examples each model trains on."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Shaped

from memjax.config.specs import SubsetSpec
from memjax.errors import InputError
from memjax.subsets.designs import (
    balanced,
    bernoulli,
    by_group,
    complementary,
    everything,
    fixed_size,
    from_file,
    keeps_groups,
    leave_group_out,
    leave_one_out,
    profile,
)
from memjax.types import SubsetDesign


def make_design(
    spec: SubsetSpec, num_train: int, seed: int, groups: Shaped[np.ndarray, " train"] | None = None
) -> SubsetDesign:
    """The subset design for a training set of `num_train` examples.

    Args:
      groups: the group of each example.  Subsets are then drawn as if each group were one example: it is in a subset
        or out of it as a whole, `subset_fraction` is that of the groups, and leave-group-out leaves out these groups.

    Raises:
      InputError: the subset fraction leaves no example or group in or none out, there are more groups than examples,
        the masks file cannot be used or splits a group, or the design is leave-one-out and there are groups.
    """
    if groups is not None:
        return _of_groups(spec, seed, groups)
    if spec.design == "everything":
        return everything(num_train)
    if spec.design == "leave-one-out":
        return leave_one_out(num_train)
    if spec.design == "leave-group-out":
        if spec.num_groups > num_train:
            raise InputError(
                f"--num-groups is {spec.num_groups}, more than the {num_train} training examples; give fewer"
            )
        return leave_group_out(seed, num_train, spec.num_groups)
    if spec.design == "masks-file":
        return from_file(Path(spec.masks_file), num_train)
    if spec.design == "complementary":
        return complementary(fixed_size(seed, num_train, num_train // 2))
    if spec.design == "profile":
        return profile(seed, num_train)
    if spec.design == "bernoulli":
        return bernoulli(seed, num_train, spec.subset_fraction)
    size = int(num_train * spec.subset_fraction + 1e-9)  # 0.7 * 10 is 6.999... in binary
    if size in (0, num_train):
        what = "groups" if spec.groups else "training examples"
        raise InputError(
            f"--subset-fraction {spec.subset_fraction} of {num_train} {what} is {size}; each model must train on at "
            f"least one{' group' if spec.groups else ' example'} and leave out at least one; give another fraction"
        )
    return fixed_size(seed, num_train, size) if spec.design == "fixed-size" else balanced(seed, num_train, size)


def _of_groups(spec: SubsetSpec, seed: int, groups: Shaped[np.ndarray, " train"]) -> SubsetDesign:
    """The design whose units are groups."""
    names, number = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise InputError(f"--groups puts all {len(groups)} training examples into one group; give two groups or more")
    if spec.design == "leave-one-out":
        raise InputError(
            f"--design leave-one-out would split the {len(names):,} groups; give --design leave-group-out, or no groups"
        )
    if spec.design == "masks-file":
        return keeps_groups(from_file(Path(spec.masks_file), len(groups)), groups)
    if spec.design == "leave-group-out":
        return by_group(leave_one_out(len(names)), number)
    return by_group(make_design(replace(spec, groups=spec.groups or "groups"), len(names), seed), number)


class Coverage(NamedTuple):
    """How many of the planned models train on each example, and how many do not.

    Attributes:
      num_in, num_out: (train,) number of models that will and will not train on each example.
      stderr_bound: (train,) largest true standard error that the difference of two rates can have with these counts,
        sqrt(1 / (4 num_in) + 1 / (4 num_out)), or sqrt(1 / pairs) of complementary pairs, whose models are not
        independent; infinite where a count is 0.  A standard error that is estimated from
        few models may be slightly larger.
    """

    num_in: np.ndarray
    num_out: np.ndarray
    stderr_bound: np.ndarray

    def __repr__(self) -> str:
        inside, outside = (f"{counts.min():,} to {counts.max():,}" for counts in self[:2])
        return (
            f"Coverage({len(self.num_in):,} examples: in {inside} models, out of {outside}; standard error at most "
            f"{self.stderr_bound.max():.3g}, {self.undefined:,} undefined)"
        )

    @property
    def undefined(self) -> int:
        """Number of examples that are always in or always out, and so will have no estimate."""
        return int(((self.num_in == 0) | (self.num_out == 0)).sum())


def coverage(design: SubsetDesign, num_models: int, chunk: int = 64) -> Coverage:
    """Counts over the first `num_models` models of a design.  The masks of `chunk` models are in memory at a time."""
    num_in, in_pairs = np.zeros(design.num_train, int), num_models > 1 and chunk % 2 == 0
    for start in range(0, num_models, chunk):
        masks = design.masks(np.arange(start, min(start + chunk, num_models)))
        num_in += masks.sum(0)
        whole = len(masks) // 2 * 2
        in_pairs = in_pairs and np.array_equal(masks[:whole:2], ~masks[1:whole:2])
    num_out = num_models - num_in
    with np.errstate(divide="ignore"):
        bound = np.sqrt(0.25 / num_in + 0.25 / num_out)
    if in_pairs:  # where of each pair one model is right, the difference is 1 or -1
        bound = np.full(design.num_train, np.sqrt(1 / (num_models // 2)))
    return Coverage(num_in, num_out, bound)


def lemma_bound(include_prob: float, num_models: int) -> float:
    """Square root of a bound on the mean squared error of an influence estimate.  It holds for any learning algorithm.

        E (estimate - truth)^2  <=  1 / (p t) + 1 / ((1 - p) t) + exp(-p t / 16) / 2,   p = min(a, 1 - a)

    for t models and subset fraction a.  Infinite where no example, or every example, is trained on.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, lemma 2.1.
    """
    p, t = min(include_prob, 1 - include_prob), num_models
    if not p > 0:
        return float("inf")
    return float(np.sqrt(1 / (p * t) + 1 / ((1 - p) * t) + np.exp(-p * t / 16) / 2))


def check_masks(what: str, masks: Bool[np.ndarray, "models train"]) -> None:
    """Refuses masks in which each example is in all subsets or in none, because no example would have a score.

    Raises:
      InputError: the masks are like that.
    """
    if (masks.any(0) & ~masks.all(0)).any():
        return
    which = "true everywhere" if masks.all() else "false everywhere" if not masks.any() else "the same in every row"
    raise InputError(
        f"{what} {masks.shape} is {which}; expected that examples are in some subsets and out of others: memorization "
        "compares the models that trained on an example with those that did not"
    )
