"""P-values and numbers expected under the null, where nothing has any influence."""

import itertools

import numpy as np
import pytest

import memjax
from memjax.estimators import expected_by_chance, pair_p_values, q_values
from memjax.estimators.kernels.layout import Layout
from memjax.estimators.kernels.null import tails_by_size
from tests.statistics.test_layouts import larger_is_better, of_sizes, right


def every_pair(train, test):
    return np.indices((train, test)).reshape(2, -1)


def test_several_sizes_by_enumeration():
    """All ways to choose 3 of 5 small and 2 of 4 large models that saw the example."""
    rng = np.random.default_rng(0)
    saw, answers = np.array([1, 1, 1, 0, 0, 1, 1, 0, 0], bool), rng.random(9) < 0.5
    layout = Layout(np.repeat([0, 1], [5, 4]), np.arange(9), np.zeros(9, bool))
    ways = [
        answers[:5][list(small)].sum() + answers[5:][list(large)].sum()
        for small in itertools.combinations(range(5), 3)
        for large in itertools.combinations(range(4), 2)
    ]

    found = tails_by_size(layout, saw[:, None], answers[:, None])

    np.testing.assert_allclose(found, np.mean(np.array(ways) >= answers[saw].sum()))


def test_repeated_subsets_by_enumeration():
    """All ways to choose 3 of 6 subsets, whose models are right 0 to 3 times."""
    times = np.array([0, 3, 1, 2, 3, 1])
    answers = (np.arange(3) < times[:, None]).ravel()
    saw = np.repeat(np.array([0, 1, 0, 1, 1, 0], bool), 3)
    layout = Layout(np.zeros(18, int), np.repeat(np.arange(6), 3), np.zeros(18, bool))
    ways = [times[list(chosen)].sum() for chosen in itertools.combinations(range(6), 3)]

    found = tails_by_size(layout, saw[:, None], answers[:, None])

    np.testing.assert_allclose(found, np.mean(np.array(ways) >= answers[saw].sum()))


def test_repeated_and_opposite_subsets_of_two_sizes_by_enumeration():
    """40 columns at once: 2 of 5 repeated subsets in one size, and in the other three pairs of opposite subsets."""
    rng = np.random.default_rng(3)
    answers = rng.random((16, 40)) < rng.random(40)
    saw = np.array([1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0], bool)
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])
    layout = Layout(np.repeat([0, 1], [10, 6]), groups, np.arange(16) % 2 * (np.arange(16) > 9) == 1)
    ways = [
        answers[:10].reshape(5, 2, 40)[list(chosen)].sum((0, 1)) + answers[[10 + a, 12 + b, 14 + c]].sum(0)
        for chosen in itertools.combinations(range(5), 2)
        for a, b, c in itertools.product(range(2), repeat=3)
    ]

    found = tails_by_size(layout, np.repeat(saw[:, None], 40, 1), answers)

    np.testing.assert_allclose(found, np.mean(np.array(ways) >= answers[saw].sum(0), axis=0), rtol=1e-9)


def test_pairs_in_any_order_have_the_p_values_of_pairs():
    rng = np.random.default_rng(1)
    first = of_sizes(rng, 40, (100,))
    masks = np.stack([first, ~first], 1).reshape(80, -1)
    answers = right(rng, np.full((80, 10), 0.6))
    order, pairs = rng.permutation(80), every_pair(20, 10)

    found = pair_p_values(masks[order], answers[order], *pairs)

    np.testing.assert_allclose(found, pair_p_values(masks, answers, *pairs, complementary=True), atol=1e-12)


@pytest.mark.parametrize("kind", ["sizes", "repeated", "pairs"])
def test_the_negative_control_gives_what_its_level_allows(kind):
    """Training examples that nobody learned from: 200 x 40 pairs, none significant at FDR 5 %."""
    rng = np.random.default_rng(2)
    if kind == "sizes":
        masks = of_sizes(rng, 180, range(20, 181, 20))
        answers = larger_is_better(rng, masks)
    elif kind == "repeated":
        masks = np.repeat(of_sizes(rng, 40, (100,)), 4, axis=0)
        answers = right(rng, np.repeat(rng.beta(0.3, 0.3, (40, 40)), 4, axis=0))
    else:
        first = of_sizes(rng, 60, (100,))
        masks = rng.permutation(np.concatenate([first, ~first]))
        answers = right(rng, np.full((120, 40), 0.7))
    pairs = every_pair(200, 40) if kind == "sizes" else every_pair(50, 40)

    found = pair_p_values(masks, answers, *pairs)

    assert (q_values(found, len(found)) <= 0.05).sum() == 0
    # Columns share their models, so that the count varies more than that of independent pairs.
    assert (found <= 0.05).mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)
    assert (found <= 0.2).mean() > 0.1


def test_expected_by_chance_is_exact_by_hand():
    """4 of 6 models saw i, 3 were right about j: of 20 ways, how many give infl >= .15, that is 3 right ones inside?"""
    masks = np.array([1, 1, 1, 1, 0, 0], bool)[:, None]
    answers = np.array([1, 1, 0, 0, 0, 1], bool)[:, None]
    influence = memjax.influence(masks, answers)

    ways = [sum(w in (0, 1, 5) for w in chosen) for chosen in itertools.combinations(range(6), 4)]
    expected = np.mean([way / 4 - (3 - way) / 2 >= 0.15 for way in ways])

    np.testing.assert_allclose(expected_by_chance(influence, np.ones(1)), expected)
    assert expected_by_chance(influence, np.zeros(1)) == 0


@pytest.mark.parametrize("models", [30, 100])
def test_expected_by_chance_is_what_permuted_models_show(models):
    rng = np.random.default_rng(models)
    masks = of_sizes(rng, models, (140,))
    answers = right(rng, np.tile(1 - rng.beta(0.3, 5, 300), (models, 1)))
    least = 0.15 - 1e-6  # many differences of rates are .15, which rounding may put on either side
    found = [
        (np.asarray(memjax.influence(masks[rng.permutation(models)], answers).value) >= least).sum() for _ in range(20)
    ]

    expected = expected_by_chance(memjax.influence(masks, answers), np.ones(200))

    assert abs(np.mean(found) - expected) < 4 * np.std(found) / np.sqrt(20) + 1
