"""Lists are taken wherever arrays are, by every public estimator."""

import jax
import numpy as np
import pytest

from memjax import estimators
from memjax.errors import InputError

RNG = np.random.default_rng(0)
MASKS = np.stack([RNG.permutation(6) < 3 + model % 2 for model in range(12)])
OPPOSITE = np.repeat(MASKS[::2], 2, axis=0) ^ (np.arange(12) % 2 == 1)[:, None]
CORRECT = RNG.random((12, 6)) < 0.5
ODDS = RNG.normal(size=(12, 6))
CHANCE = 1 / (1 + np.exp(-ODDS))
UTILITY, LABELS, TWO = ODDS.mean(1), np.arange(6) % 2, np.arange(2)
INFL, STDERR, MEM = np.abs(ODDS[:6]), CHANCE[:6], np.full(6, 0.5)

CALLS = {
    "c_score": (MASKS, CORRECT),
    "class_means": (MASKS, CORRECT, LABELS),
    "complementary_influence": (OPPOSITE, CORRECT),
    "complementary_memorization": (OPPOSITE, CHANCE),
    "consistency_profile": (MASKS, CHANCE),
    "controlled_memorization": (MASKS, CORRECT, CHANCE),
    "count_pairs": (TWO, TWO),
    "data_banzhaf": (MASKS, UTILITY),
    "datamodels": (MASKS, ODDS),
    "decision_stability": (MASKS, ODDS, ODDS[:2], MASKS[:2]),
    "epsilon_from_one_model": (ODDS[0], MASKS[0], 4),
    "epsilon_from_rates": (ODDS, MASKS),
    "expected_by_chance": (STDERR, MEM),
    "family_wise_p_values": (MASKS, CHANCE),
    "extremes": (INFL, STDERR),
    "influence": (MASKS, CHANCE),
    "influence_totals": (MASKS, CORRECT),
    "label_errors": (MASKS, CHANCE),
    "lasso": (MASKS, ODDS, 0.1),
    "linear_datamodeling_score": (INFL, MASKS, ODDS),
    "lira": (MASKS, ODDS, ODDS[:2]),
    "loss_attack": (ODDS,),
    "membership_curve": (ODDS, MASKS),
    "memorization": (MASKS, CORRECT),
    "memorization_p_values": (MASKS, CORRECT),
    "memorization_totals": (MASKS, CHANCE),
    "of_groups": (np.arange(6), MASKS, CORRECT),
    "out_of_bag": (MASKS, np.stack([ODDS, -ODDS], -1)),
    "pair_p_values": (MASKS, CORRECT, TWO, TWO),
    "population_attack": (ODDS[:2], CHANCE[:2]),
    "prior_factors": (INFL, LABELS, STDERR, LABELS, MEM),
    "q_values": (CHANCE[0], 10),
    "ridge_datamodels": (MASKS, ODDS),
    "rmia": (MASKS, ODDS, ODDS[:2], CHANCE, CHANCE[:2]),
    "select_pairs": (INFL, STDERR, MEM, np.arange(6), np.arange(6)),
    "sides": (MASKS, CORRECT),
    "split_half_reliability": (MASKS, CHANCE),
    "strong_pairs": (MASKS, CORRECT, MEM, LABELS, LABELS),
    "subsampled_shapley": (MASKS, UTILITY),
    "train_influence": (MASKS, CHANCE),
    "worth": (CHANCE, ODDS),
}
OF_RESULTS = {
    "add_totals",
    "bounded_interval",
    "difference",
    "estimate_of",
    "in_pairs",
    "join_extremes",
    "join_pairs",
    "shrink",
    "sides_of",
}
OF_RESULTS |= {"tally_of", "whole_pairs"}
NAMED = {"linear_datamodeling_score": {"fitted_masks": None}}


def test_every_public_estimator_of_arrays_is_here():
    functions = {name for name in estimators.__all__ if name[0].islower()}

    assert functions == CALLS.keys() | OF_RESULTS


@pytest.mark.parametrize("name", CALLS)
def test_lists_give_what_arrays_give(name):
    call, named = getattr(estimators, name), NAMED.get(name, {})
    lists = [given.tolist() if isinstance(given, np.ndarray) else given for given in CALLS[name]]

    for got, expected in zip(*map(jax.tree.leaves, (call(*lists, **named), call(*CALLS[name], **named))), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_shrink_takes_groups_as_a_list():
    estimate = estimators.memorization(MASKS, CORRECT)

    np.testing.assert_array_equal(
        estimators.shrink(estimate, LABELS.tolist()).value, estimators.shrink(estimate, LABELS).value
    )


@pytest.mark.parametrize("name", ["memorization", "influence", "lira", "datamodels", "out_of_bag"])
def test_rows_of_several_lengths_are_refused_in_words(name):
    with pytest.raises(InputError, match="has rows of several lengths"):
        getattr(estimators, name)([[1, 0], [1]], [[1, 0], [1]], *[[[1.0]]] * (name == "lira"))
