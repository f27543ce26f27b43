"""Subset designs: which training examples each model trains on."""

from pathlib import Path

from memjax.config.specs import SubsetSpec
from memjax.errors import InputError
from memjax.subsets.coverage import Coverage, check_masks, coverage, lemma_bound
from memjax.subsets.designs import (
    balanced,
    bernoulli,
    complementary,
    fixed_size,
    from_file,
    leave_group_out,
    leave_one_out,
    profile,
)
from memjax.types import SubsetDesign


def make_design(spec: SubsetSpec, num_train: int, seed: int) -> SubsetDesign:
    """The subset design for a training set of `num_train` examples.

    Raises:
      InputError: the subset fraction leaves no example in or none out, there are more groups than examples, or the
        masks file cannot be used.
    """
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
        raise InputError(
            f"--subset-fraction {spec.subset_fraction} of {num_train} training examples is {size}; "
            "each model must train on at least one example and leave out at least one; give another fraction"
        )
    return fixed_size(seed, num_train, size) if spec.design == "fixed-size" else balanced(seed, num_train, size)
