"""Groups as units: by hand, against a loop, where single scores miss what groups show, and intervals that cover."""

import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import lira, membership_curve, of_groups
from memjax.estimators.kernels.layout import layout_of
from tests import reference


def drawn(rng, models, groups, size):
    """Masks of subsets that have each group as a whole or not, and the groups."""
    inside = np.stack([rng.permutation(groups) < groups // 2 for _ in range(models)])
    return inside, np.repeat(np.arange(groups), size)


def test_by_hand():
    masks = np.array([[1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]])
    correct = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]])

    found = of_groups(["a", "a", "b"], masks, correct)

    assert found.names.tolist() == ["a", "b"]
    assert found.sizes.tolist() == [2, 1]
    assert found.scores.tolist() == [[0.5, 0], [0.5, 1], [1, 1], [0, 0]]
    table = found.columns()
    np.testing.assert_allclose(table["memorization"], [0.75 - 0.25, 1])
    np.testing.assert_allclose(table["stderr"][0], np.sqrt(0.125 / 2 + 0.125 / 2), rtol=1e-6)  # models are the sample


def test_groups_of_any_order_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    inside, groups = drawn(rng, 30, 8, 3)
    groups = rng.permutation(groups)
    masks, correct = inside[:, groups], rng.random((30, 24)) < 0.4

    found = of_groups(groups, masks, correct).columns()

    for number in range(8):
        mean = np.array([[np.mean(row[groups == number])] for row in correct])
        expected = reference.mean_difference(inside[:, [number]], mean)
        np.testing.assert_allclose(found["memorization"][number], expected[0, 0], atol=1e-6)


def test_a_split_group_is_refused():
    with pytest.raises(InputError, match="the subset of model 1 has a part of group b; train with groups="):
        of_groups(["a", "b", "b"], [[1, 1, 1], [1, 0, 1]], [[1, 1, 1], [1, 0, 1]])


def test_groups_of_unequal_sizes_are_compared_with_each_other():
    """Models that saw a large group have larger subsets, but as many groups: all are comparable."""
    rng = np.random.default_rng(1)
    inside, _ = drawn(rng, 200, 20, 1)
    groups = np.repeat(np.arange(20), rng.integers(1, 60, 20))
    masks = inside[:, groups]
    correct = rng.random(masks.shape) < np.where(masks, 0.9, 0.5)

    assert layout_of(masks) is None or not layout_of(masks).strata.any()
    value = np.asarray(memjax.memorization(masks, correct).value)
    pairs = zip(masks.T, correct.T, strict=True)
    np.testing.assert_allclose(value, [right[saw].mean() - right[~saw].mean() for saw, right in pairs], atol=1e-6)


def world(rng, models, size, spread):
    """Scores of members that share a part of their luck; the truth of each group's memorization is .4."""
    inside, groups = drawn(rng, models, 100, size)
    shared = rng.normal(size=(models, 100))[:, groups] * spread + rng.normal(size=(models, len(groups)))
    cut = np.where(inside[:, groups], np.quantile(shared, 0.9), np.quantile(shared, 0.5))
    return groups, inside[:, groups], shared < cut


@pytest.mark.parametrize("spread", [0.0, 2.0, 100.0])  # independent members, related members, exact duplicates
def test_intervals_cover_however_alike_the_members_are(spread):
    rng = np.random.default_rng(2)
    table = of_groups(*world(rng, 120, 5, spread)).columns()

    covered = np.mean((table["low"] <= 0.4) & (table["high"] >= 0.4))
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 100)
    width = np.sqrt(np.mean(table["stderr"] ** 2))
    np.testing.assert_allclose(width, np.std(table["memorization"], ddof=1), rtol=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("spread", [0.0, 2.0, 100.0])
@pytest.mark.parametrize("models", [40, 400])
def test_intervals_cover_in_many_worlds(models, spread, size):
    rng, held = np.random.default_rng(3), []
    for _ in range(40):
        table = of_groups(*world(rng, models, size, spread)).columns()
        held.append((table["low"] <= 0.4) & (table["high"] >= 0.4))

    assert np.mean(held) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 4000)
    if models > 40:  # with few models the intervals may be too wide
        assert np.mean(held) < 0.995


@pytest.mark.ci
def test_a_users_examples_together_say_more_than_each_alone():
    rng = np.random.default_rng(4)
    inside, groups = drawn(rng, 160, 100, 8)
    log_odds = rng.normal(size=(160, 800)) + 0.8 * inside[:, groups]
    found = of_groups(groups, inside[:, groups], log_odds)

    alone = lira(inside[:120, groups], log_odds[:120], log_odds[120:])
    together = lira(found.masks[:120], found.scores[:120], found.scores[120:])

    areas = [membership_curve(alone, inside[120:, groups]).auc, membership_curve(together, inside[120:]).auc]
    # Normal scores a distance d apart have an area of Phi(d / sqrt 2); the mean of 8 is sqrt 8 times as far apart.
    np.testing.assert_allclose(areas, [0.714, 0.945], atol=0.02)


def test_every_score_from_0_to_1_has_the_interval_of_bounded_means():
    rng = np.random.default_rng(4)
    inside, groups = drawn(rng, 24, 6, 3)
    found = of_groups(groups, inside[:, groups], rng.random((24, 18)) < inside[:, groups])

    for name in ("probability", "label_accuracy", "exact_match"):
        np.testing.assert_array_equal(found.columns(name)["high"], found.columns("correct")["high"])
    assert (found.columns("correct")["high"] <= 1).all()
    assert (found.columns("margin")["high"] > 1).any()
