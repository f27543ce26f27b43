import itertools

import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import data_banzhaf

PLAYERS = 12
EVERY = np.array(list(itertools.product([False, True], repeat=PLAYERS)))


def utility(subset):
    """A game with synergies and a player that harms."""
    return 0.3 * subset[0] + 0.5 * (subset[1] and subset[2]) - 0.2 * subset[3] + 0.01 * subset.sum() ** 1.5


def exact(player):
    """From the definition, over all subsets of the others."""
    gains = []
    for subset in EVERY[~EVERY[:, player]]:
        larger = subset.copy()
        larger[player] = True
        gains.append(utility(larger) - utility(subset))
    return np.mean(gains)


def test_all_subsets_give_the_exact_value():
    values = np.array([utility(subset) for subset in EVERY])

    estimate = data_banzhaf(EVERY, values)

    np.testing.assert_allclose(estimate.value, [exact(player) for player in range(PLAYERS)], atol=1e-5)


def test_some_subsets_come_near_it_as_near_as_they_say():
    rng = np.random.default_rng(0)
    masks = rng.random((2000, PLAYERS)) < 0.5

    estimate = data_banzhaf(masks, np.array([utility(subset) for subset in masks]))

    error = (np.asarray(estimate.value) - [exact(player) for player in range(PLAYERS)]) / np.asarray(estimate.stderr)
    assert np.abs(error).max() < 4
    assert np.abs(error).mean() > 0.2


def test_subsets_that_are_not_halves_are_refused():
    with pytest.raises(InputError, match="half of the time"):
        data_banzhaf(np.random.default_rng(0).random((100, 50)) < 0.7, np.zeros(100))


@pytest.mark.parametrize("sizes", ["one", "10 % to 90 %"])
def test_subsets_whose_sizes_are_not_those_of_coin_flips_are_refused(sizes):
    """Under one size an additive utility in which every example helps gives values of which most are negative."""
    rng = np.random.default_rng(0)
    size = np.full(400, 50) if sizes == "one" else rng.permutation(np.repeat(np.arange(10, 91, 10), 45))[:400]
    masks = np.stack([rng.permutation(100) < one for one in size])

    with pytest.raises(InputError, match="by an independent coin flip, about 50 -\\+ 5 examples"):
        data_banzhaf(masks, masks @ np.linspace(0.1, 1, 100))
    assert np.isfinite(data_banzhaf(rng.random((400, 100)) < 0.5, rng.random(400)).value).all()


@pytest.mark.parametrize("models", [1, 2, 5, 200])
def test_coin_flips_are_not_refused(models):
    for seed in range(200):
        masks = np.random.default_rng(seed).random((models, 9)) < 0.5
        if abs(masks.mean() - 0.5) < 2.5 / np.sqrt(masks.size):  # the share of all is another check
            data_banzhaf(masks, np.zeros(models))


def test_one_utility_a_model():
    with pytest.raises(InputError, match="one number per model"):
        data_banzhaf(EVERY, np.zeros((len(EVERY), 2)))
