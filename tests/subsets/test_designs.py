"""The promises of all designs, over a table of them, and the special promises of each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memjax import subsets
from memjax.config.specs import SubsetSpec
from memjax.errors import InputError
from memjax.subsets import bernoulli, designs

TRAIN = 50
SPECS = {
    "fixed-size": SubsetSpec(),
    "bernoulli": SubsetSpec(design="bernoulli"),
    "balanced": SubsetSpec(design="balanced"),
    "complementary": SubsetSpec(design="complementary"),
    "profile": SubsetSpec(design="profile"),
    "leave-one-out": SubsetSpec(design="leave-one-out"),
    "leave-group-out": SubsetSpec(design="leave-group-out", num_groups=7),
    "everything": SubsetSpec(design="everything"),
}


@pytest.mark.parametrize("name", SPECS)
class TestEveryDesign:
    def test_a_models_subset_does_not_depend_on_the_other_models_of_a_call(self, name):
        design = subsets.make_design(SPECS[name], TRAIN, seed=1)
        together = design.masks(np.arange(30))

        for model in (0, 7, 29):
            np.testing.assert_array_equal(design.masks(np.array([model]))[0], together[model])
        np.testing.assert_array_equal(design.masks(np.array([29, 3])), together[[29, 3]])

    def test_every_subset_has_at_least_one_and_at_most_max_size_examples(self, name):
        design = subsets.make_design(SPECS[name], TRAIN, seed=1)
        sizes = design.masks(np.arange(400)).sum(1)

        assert sizes.min() >= 1
        assert sizes.max() <= design.max_size

    def test_examples_are_included_with_probability_include_prob(self, name):
        design = subsets.make_design(SPECS[name], TRAIN, seed=2)
        models = 1400  # a multiple of 50 and of 7: whole rounds of the holdout designs

        share = design.masks(np.arange(models)).mean()

        four_sigma = 4 * np.sqrt(0.25 / (models * TRAIN))
        assert abs(share - design.include_prob) < four_sigma + 1 / TRAIN / 7  # unequal groups round

    def test_another_seed_gives_other_subsets(self, name):
        first, second = (subsets.make_design(SPECS[name], TRAIN, seed).masks(np.arange(20)) for seed in (0, 1))

        assert (first != second).any() == (name not in ("leave-one-out", "everything"))


def test_fixed_size_draws_every_example_equally_often_and_independently():
    design = subsets.fixed_size(0, 20, 14)
    masks = design.masks(np.arange(4000))

    assert (masks.sum(1) == 14).all()
    four_sigma = 4 * np.sqrt(0.7 * 0.3 / 4000)
    assert np.abs(masks.mean(0) - 0.7).max() < four_sigma
    together = np.mean(masks[:, 0] & masks[:, 1])
    assert abs(together - 0.7 * 13 / 19) < 4 * np.sqrt(0.25 / 4000)  # without replacement


@settings(max_examples=40, deadline=None)
@given(num_train=st.integers(2, 90), fraction=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_balanced_subsets_have_equal_sizes_and_include_examples_equally_often(num_train, fraction, seed):
    size = min(max(1, int(num_train * fraction)), num_train - 1)
    masks = subsets.balanced(seed, num_train, size).masks(np.arange(30))

    assert (masks.sum(1) == size).all()
    for group in masks.reshape(3, 10, num_train):
        counts = group.sum(0)
        assert counts.max() - counts.min() <= 1
        assert counts.sum() == 10 * size


def test_pairs_of_examples_are_in_balanced_subsets_as_often_as_in_random_ones():
    masks = subsets.balanced(0, 40, 28).masks(np.arange(6000))
    together = (masks.T.astype(float) @ masks) / len(masks)

    off_diagonal = together[~np.eye(40, dtype=bool)]
    assert abs(off_diagonal.mean() - 0.7 * 27 / 39) < 1e-3
    assert np.abs(off_diagonal - 0.7 * 27 / 39).max() < 5 * np.sqrt(0.25 / 6000)


def test_the_subsets_of_a_complementary_pair_have_each_example_once():
    masks = subsets.make_design(SPECS["complementary"], 51, seed=0).masks(np.arange(10))

    assert (masks[0::2] ^ masks[1::2]).all()
    assert set(masks.sum(1)) == {25, 26}


def test_leave_one_out_leaves_out_each_example_in_turn():
    masks = subsets.leave_one_out(4).masks(np.arange(6))

    assert np.argmin(masks, 1).tolist() == [0, 1, 2, 3, 0, 1]
    assert (masks.sum(1) == 3).all()


def test_each_example_is_in_exactly_one_group():
    masks = subsets.leave_group_out(0, 50, 7).masks(np.arange(7))

    assert ((~masks).sum(0) == 1).all()
    assert set((~masks).sum(1)) == {7, 8}


def test_row_t_of_a_masks_file_is_the_subset_of_model_t(tmp_path):
    rows = np.random.default_rng(0).random((5, TRAIN)) < 0.5
    np.save(tmp_path / "m.npy", rows.astype(np.int8))
    design = subsets.make_design(SubsetSpec("masks-file", masks_file=str(tmp_path / "m.npy")), TRAIN, 0)

    np.testing.assert_array_equal(design.masks(np.arange(5)), rows)
    assert design.num_models == 5
    assert design.max_size == rows.sum(1).max()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.ones((5, 3)), r"expected \(models, 50\)"),
        (np.full((2, TRAIN), 2), "other than 0 and 1"),
        (np.zeros((2, TRAIN)), "row 0 marks no example"),
        (np.array([{}, {}]), "pickled objects are never read"),
    ],
)
def test_a_wrong_masks_file_is_refused(tmp_path, rows, words):
    np.save(tmp_path / "m.npy", rows, allow_pickle=True)

    with pytest.raises(InputError, match=words):
        subsets.make_design(SubsetSpec("masks-file", masks_file=str(tmp_path / "m.npy")), TRAIN, 0)


def test_a_missing_masks_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        subsets.from_file(tmp_path / "none.npy", TRAIN)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5])
def test_a_fraction_must_leave_some_in_and_some_out(fraction):
    with pytest.raises(InputError, match="subset-fraction"):
        SubsetSpec(subset_fraction=fraction)


def test_a_fraction_that_rounds_to_no_example_is_refused():
    with pytest.raises(InputError, match="is 0; each model"):
        subsets.make_design(SubsetSpec(subset_fraction=0.1), 5, 0)


def test_seventy_percent_of_ten_is_seven():
    assert subsets.make_design(SubsetSpec(), 10, 0).max_size == 7


def test_golden_subsets():
    """Subsets are the same on every machine and in every version of NumPy, so that runs can be extended."""
    masks = subsets.fixed_size(seed=7, num_train=16, size=8).masks(np.arange(3))
    balanced = subsets.balanced(seed=7, num_train=16, size=8).masks(np.arange(3))

    assert np.packbits(masks, axis=1).tolist() == GOLDEN_FIXED
    assert np.packbits(balanced, axis=1).tolist() == GOLDEN_BALANCED


GOLDEN_FIXED = [[210, 197], [234, 131], [214, 137]]
GOLDEN_BALANCED = [[21, 182], [44, 94], [93, 224]]


def test_a_mask_claims_no_more_examples_than_are_trained_on(monkeypatch):
    """Bits that put all examples into the subset: as many are left as a training has room for."""
    monkeypatch.setattr(designs, "host_bits", lambda *_: np.arange(100, dtype=np.uint64))
    design = bernoulli(0, 100, 0.01)

    mask = design.masks(np.arange(3))

    assert design.max_size < 100
    assert (mask.sum(1) == design.max_size).all()
    assert mask[:, : design.max_size].all()
