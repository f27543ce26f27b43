"""Subsets that are drawn by group: the promises of all designs, and what is refused."""

import numpy as np
import pytest

from memjax import subsets
from memjax.config.specs import SubsetSpec
from memjax.errors import InputError

GROUPS = np.repeat([f"writer {number}" for number in range(12)], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 30])[::-1]
DRAWN = ["fixed-size", "bernoulli", "balanced", "complementary", "profile", "leave-group-out"]


@pytest.mark.parametrize("name", DRAWN)
def test_a_group_is_in_a_subset_as_a_whole_and_subsets_are_those_of_groups(name):
    design = subsets.make_design(SubsetSpec(name, 0.5), len(GROUPS), 3, GROUPS)
    masks = design.masks(np.arange(200))

    names, first, number = np.unique(GROUPS, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(masks, masks[:, first][:, number])
    assert masks.any(1).all()
    assert masks.sum(1).max() <= design.max_size <= len(GROUPS)
    if name == "leave-group-out":
        np.testing.assert_array_equal(masks[:12, first], ~np.eye(12, dtype=bool))
    else:  # as the same design draws twelve examples
        units = subsets.make_design(SubsetSpec(name, 0.5), len(names), 3).masks(np.arange(200))
        np.testing.assert_array_equal(masks[:, first], units)


def test_groups_of_one_example_change_nothing():
    plain = subsets.make_design(SubsetSpec(), 40, 0)
    grouped = subsets.make_design(SubsetSpec(), 40, 0, np.arange(40))

    np.testing.assert_array_equal(grouped.masks(np.arange(9)), plain.masks(np.arange(9)))
    assert grouped.max_size == plain.max_size


def test_the_largest_subset_has_the_largest_groups():
    design = subsets.make_design(SubsetSpec(subset_fraction=0.5), len(GROUPS), 0, GROUPS)

    assert design.max_size == 30 + 6 + 5 + 5 + 4 + 4


@pytest.mark.parametrize(
    ("spec", "groups", "words"),
    [
        (
            SubsetSpec("leave-one-out"),
            [0, 0, 1],
            "leave-one-out would split the 2 groups; give --design leave-group-out",
        ),
        (SubsetSpec(), [7, 7, 7], "puts all 3 training examples into one group; give two groups or more"),
        (
            SubsetSpec(subset_fraction=0.3),
            [0, 0, 1],
            "0.3 of 2 groups is 0; each model must train on at least one group",
        ),
    ],
)
def test_groups_that_no_subset_can_be_drawn_from_are_refused(spec, groups, words):
    with pytest.raises(InputError, match=words):
        subsets.make_design(spec, 3, 0, np.array(groups))


def test_a_masks_file_must_not_split_a_group(tmp_path):
    masks = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 1]])
    spec = SubsetSpec("masks-file", masks_file=str(tmp_path / "m.npy"))

    np.save(tmp_path / "m.npy", masks[:2])
    design = subsets.make_design(spec, 4, 0, np.array(["a", "a", "b", "b"]))
    np.testing.assert_array_equal(design.masks(np.arange(2)), masks[:2])

    np.save(tmp_path / "m.npy", masks)
    with pytest.raises(InputError, match="row 2 has a part of group b"):
        subsets.make_design(spec, 4, 0, np.array(["a", "a", "b", "b"]))
