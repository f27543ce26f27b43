"""Subsets of several sizes, repeated subsets and complementary pairs in any order, where the truth is known."""

import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import (
    c_score,
    complementary_influence,
    datamodels,
    pair_p_values,
    ridge_datamodels,
    train_influence,
)
from memjax.estimators.kernels.layout import layout_of
from tests import reference

TRAIN, TEST = 200, 40


def of_sizes(rng, models, sizes, train=TRAIN):
    return np.stack([rng.permutation(train) < sizes[model % len(sizes)] for model in range(models)])


def right(rng, chances):
    return rng.random(chances.shape) < chances


def larger_is_better(rng, masks, num_test=TEST):
    """Test examples that a model gets right with a chance that grows with its subset, whatever is in it."""
    return right(rng, (0.2 + 0.7 * masks.mean(1))[:, None] * np.linspace(0.7, 1, num_test))


def share_covered(estimate, truth):
    low, high = estimate.interval(form="normal")
    return np.mean((np.asarray(low) <= truth) & (truth <= np.asarray(high)))


@pytest.mark.parametrize("sizes", [(60, 140), range(20, 181, 20)])
def test_by_loops_over_sizes(sizes):
    rng = np.random.default_rng(0)
    masks = of_sizes(rng, 54, sizes)
    correct = larger_is_better(rng, masks)

    found = np.asarray(memjax.influence(masks, correct).value)

    size = masks.sum(1)
    for i, j in ((0, 0), (3, 7), (199, 39)):
        weights, differences = [], []
        for one in np.unique(size):
            saw, of = masks[size == one, i], correct[size == one, j]
            if min(saw.sum(), (~saw).sum()) > 1:
                weights.append(saw.sum() * (~saw).sum() / len(saw))
                differences.append(of[saw].mean() - of[~saw].mean())
        np.testing.assert_allclose(found[i, j], np.average(differences, weights=weights), atol=1e-6)


def test_where_only_size_matters_influence_is_0_and_covered():
    rng = np.random.default_rng(1)
    masks = of_sizes(rng, 180, range(20, 181, 20))
    correct = larger_is_better(rng, masks)

    estimate = memjax.influence(masks, correct)
    pooled = reference.mean_difference(masks, correct)

    size = TRAIN * TEST
    assert abs(np.mean(estimate.value)) < 4 * np.std(estimate.value) / np.sqrt(180)  # all share the same models
    assert abs(share_covered(estimate, 0) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / size) + 0.02
    assert pooled.mean() > 0.1


def test_memorization_of_several_sizes_is_not_too_high():
    rng = np.random.default_rng(2)
    masks = of_sizes(rng, 360, range(20, 181, 20))
    truth = 0.25
    correct = right(rng, (0.1 + 0.6 * masks.mean(1))[:, None] + truth * masks)

    estimate = memjax.memorization(masks, correct)

    assert abs(np.mean(estimate.value) - truth) < 4 * np.std(estimate.value) / np.sqrt(TRAIN)
    assert np.diag(reference.mean_difference(masks, correct)).mean() > truth + 0.05


def test_sizes_with_too_few_models_are_undefined():
    rng = np.random.default_rng(3)
    masks = of_sizes(rng, 9, range(20, 181, 20))  # one model of each size

    estimate = memjax.influence(masks, larger_is_better(rng, masks))

    assert np.isnan(estimate.value).all()
    assert np.isnan(estimate.stderr).all()
    assert np.isfinite(c_score(masks, larger_is_better(rng, masks, TRAIN)).value).all()  # a mean, no comparison


@pytest.mark.parametrize("models", [30, 36])
def test_few_models_of_each_size_still_cover(models):
    """Of nine sizes those count that have two models on either side; the success and the failure are added to these."""
    rng, train = np.random.default_rng(models), 1000
    masks = of_sizes(rng, models, range(100, 901, 100), train)
    estimate = memjax.memorization(masks, rng.random(masks.shape) < np.where(masks, 0.7, 0.4))
    known = np.isfinite(np.asarray(estimate.stderr))

    low, high = (np.asarray(end)[known] for end in estimate.interval())

    assert known.mean() > 0.2
    assert ((low <= 0.3) & (high >= 0.3)).mean() > 0.95 - 4 * np.sqrt(0.95 * 0.05 / known.sum())


@pytest.mark.parametrize("rows", ["one size", "bernoulli", "leave one out"])
def test_independent_draws_have_no_layout(rows):
    rng = np.random.default_rng(4)
    masks = {
        "one size": of_sizes(rng, 100, (140,)),
        "bernoulli": rng.random((100, TRAIN)) < 0.3,
        "leave one out": ~np.tile(np.eye(TRAIN, dtype=bool), (2, 1)),
    }[rows]

    assert layout_of(masks) is None
    correct = right(rng, np.full(masks.shape, 0.5))
    value = np.asarray(memjax.memorization(masks, correct).value)
    np.testing.assert_allclose(value, np.diag(reference.mean_difference(masks, correct)), atol=1e-6)


@pytest.mark.parametrize(("subsets", "times"), [(100, 4), (20, 20)])
@pytest.mark.parametrize("soft", [False, True])
def test_repeated_subsets_are_one_observation(subsets, times, soft):
    """What a subset says about a test example is shared by its models: their noise does not average out."""
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(6):
        masks = np.repeat(of_sizes(rng, subsets, (100,)), times, axis=0)
        chances = np.repeat(rng.beta(0.5, 0.5, (subsets, TEST)), times, axis=0)
        scores = chances + 0.05 * rng.normal(size=chances.shape) if soft else right(rng, chances)
        order = rng.permutation(len(masks))
        covered.append(share_covered(memjax.influence(masks[order], scores[order]), 0))

    assert abs(np.mean(covered) - 0.95) < 0.03 + 4 * np.std(covered) / np.sqrt(6)


@pytest.mark.parametrize("times", [1, 3])
def test_complementary_partners_in_any_order(times):
    """The world of test_complementary: example 1 decides, so that of a pair one is right, and errors are larger."""
    rng = np.random.default_rng(6)
    covered = []
    for _ in range(20):
        first = of_sizes(rng, 50, (100,))
        masks = np.repeat(np.stack([first, ~first], 1).reshape(100, TRAIN), times, axis=0)
        correct = masks[:, 1:41]
        order = rng.permutation(len(masks))
        estimate = memjax.influence(masks[order], correct[order])
        unrelated = np.arange(TRAIN)[:, None] != np.arange(1, 41)
        low, high = estimate.interval()
        covered.append(((low <= 0) & (high >= 0))[unrelated].mean())

    assert abs(np.mean(covered) - 0.95) < 0.02 + 4 * np.std(covered) / np.sqrt(20)  # 50 pairs: whole numbers


def test_one_formula_for_pairs():
    rng = np.random.default_rng(7)
    first = of_sizes(rng, 30, (100,))
    masks = np.stack([first, ~first], 1).reshape(60, TRAIN)
    correct = right(rng, np.where(masks[:, :TEST], 0.9, 0.5))
    order = rng.permutation(60)

    for scores in (correct, rng.random(correct.shape).astype(np.float32)):
        expected = complementary_influence(masks, scores)
        found = memjax.influence(masks[order], scores[order])

        np.testing.assert_allclose(found.value, expected.value, atol=1e-5)
        np.testing.assert_allclose(found.stderr, expected.stderr, rtol=1e-4)


@pytest.mark.parametrize("soft", [False, True])
def test_examples_that_are_always_in_or_never_in_do_not_hide_opposite_subsets(soft):
    """Partners were taken for independent models: where one of a pair is right, errors were .72 of the right ones."""
    rng = np.random.default_rng(11)
    first = of_sizes(rng, 40, (100,))
    masks = rng.permutation(np.concatenate([first, ~first]))
    correct = masks[:, :TEST] if not soft else masks[:, :TEST] + rng.normal(size=(80, TEST)).astype(np.float32)
    more = np.concatenate([np.ones((80, 1), bool), masks, np.zeros((80, 1), bool)], 1)

    found, expected = memjax.influence(more, correct), memjax.influence(masks, correct)

    np.testing.assert_allclose(found.value[1:-1], expected.value, atol=1e-6)
    np.testing.assert_allclose(found.stderr[1:-1], expected.stderr, rtol=1e-5)
    assert np.isnan(np.asarray(found.value)[[0, -1]]).all()
    assert np.isnan(np.asarray(found.stderr)[[0, -1]]).all()
    if not soft:
        rows, columns = np.array([0, 1, 5, 201]), np.array([3, 3, 3, 3])
        tested = pair_p_values(more, correct, rows, columns)
        assert tested[[0, 3]].tolist() == [1, 1]
        np.testing.assert_allclose(tested[1:3], pair_p_values(masks, correct, rows[1:3] - 1, columns[1:3]))


def test_train_influence_by_size():
    rng = np.random.default_rng(8)
    masks = of_sizes(rng, 180, (40, 160))
    correct = right(rng, (0.1 + 0.8 * masks.mean(1))[:, None] * np.ones(TRAIN))

    value = np.asarray(train_influence(masks, correct).value)
    off = value[~np.eye(TRAIN, dtype=bool)]

    assert np.isnan(np.diag(value)).all()
    assert abs(np.nanmean(off)) < 0.01


@pytest.mark.parametrize("method", [datamodels, ridge_datamodels])
def test_noise_that_repeats_with_a_subset_is_not_predicted(method):
    """Each of 30 subsets has its own noise, in 8 models each: a fold that splits them would find R2 near 1."""
    rng = np.random.default_rng(9)
    masks = np.repeat(of_sizes(rng, 30, (50,), 100), 8, axis=0)
    outputs = np.repeat(rng.normal(size=(30, 4)), 8, axis=0) + 0.1 * rng.normal(size=(240, 4))

    for order in (np.arange(240), rng.permutation(240)):
        assert method(masks[order], outputs[order].astype(np.float32)).held_out_r2.max() < 0.2


def test_more_folds_than_different_subsets_are_refused():
    masks = np.repeat(of_sizes(np.random.default_rng(10), 3, (50,), 100), 8, axis=0)

    with pytest.raises(InputError, match="more than the 3 different subsets"):
        datamodels(masks, np.arange(24.0)[:, None].astype(np.float32))


def test_examples_that_are_always_in_or_out_make_no_subset_a_repeated_one():
    masks = np.random.default_rng(6).random((120, 8)) < 0.6
    masks[:, 0], masks[:, 1] = True, False  # 64 subsets are left, and 120 draws of them repeat some

    assert layout_of(masks) is None
