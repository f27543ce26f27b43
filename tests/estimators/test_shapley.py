"""Shapley values against the definition over all subsets, and where only some sizes are there."""

import itertools
import math

import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import subsampled_shapley
from memjax.subsets import profile

PLAYERS = 7


def game(seed=0):
    rng = np.random.default_rng(seed)
    subsets = [frozenset(s) for size in range(PLAYERS + 1) for s in itertools.combinations(range(PLAYERS), size)]
    return {subset: rng.random() + 0.3 * len(subset) + (0 in subset) for subset in subsets}


def exact(utility):
    value = np.zeros(PLAYERS)
    for player in range(PLAYERS):
        for subset in utility:
            if player not in subset:
                weight = math.factorial(len(subset)) * math.factorial(PLAYERS - len(subset) - 1)
                value[player] += weight / math.factorial(PLAYERS) * (utility[subset | {player}] - utility[subset])
    return value


def test_all_subsets_give_the_definition():
    utility = game()
    subsets = [subset for subset in utility if 0 < len(subset) < PLAYERS]
    masks = np.array([[player in subset for player in range(PLAYERS)] for subset in subsets])
    gain = utility[frozenset(range(PLAYERS))] - utility[frozenset()]

    value = subsampled_shapley(masks, np.array([utility[subset] for subset in subsets]), gain).value

    np.testing.assert_allclose(value, exact(utility), atol=1e-5)
    np.testing.assert_allclose(value.sum(), gain, rtol=1e-5)


def test_sampled_sizes_are_unbiased_for_an_additive_game():
    worth = np.linspace(0, 1, 20)
    masks = profile(0, 20).masks(np.arange(1800))
    noise = np.random.default_rng(0).normal(0, 0.1, 1800)

    estimate = subsampled_shapley(masks, masks @ worth + noise, gain=worth.sum())

    # At a fixed size, one in means another out: centred values are (n - 1) / n * n / (n - 1) * (worth - mean).
    z = (np.asarray(estimate.value) - worth) / np.asarray(estimate.stderr)
    assert np.abs(z).max() < 4.5
    assert abs(np.mean(z**2) - 1) < 4 * np.sqrt(2 / 20)


def test_unfit_utilities_are_refused_in_words():
    with pytest.raises(InputError, match="one number per model"):
        subsampled_shapley(np.eye(3, dtype=bool), np.ones(4))
