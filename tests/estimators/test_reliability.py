import numpy as np
import pytest
import scipy.stats

from memjax.errors import InputError
from memjax.estimators import memorization, split_half_reliability
from memjax.estimators.reliability import agreement


def world(seed, models, train=3000):
    """Examples that differ in how much they are memorized."""
    rng = np.random.default_rng(seed)
    held_out = rng.random(train)
    masks = rng.random((models, train)) < 0.6
    return masks, np.where(masks, 1.0, held_out) > rng.random((models, train))


def test_it_says_how_well_another_set_of_models_would_agree():
    """Two sets of models of the same world: their correlation is the one predicted from either."""
    rng = np.random.default_rng(0)
    held_out = rng.random(3000)
    scores, predicted = [], []
    for seed in (1, 2):
        own = np.random.default_rng(seed)
        masks = own.random((100, 3000)) < 0.6
        correct = np.where(masks, 1.0, held_out) > own.random((100, 3000))
        scores.append(np.asarray(memorization(masks, correct).value))
        predicted.append(split_half_reliability(masks, correct).whole)

    found = np.corrcoef(scores)[0, 1]

    four_errors = 4 * (1 - found**2) / np.sqrt(3000) * np.sqrt(2)
    assert abs(predicted[0] - found) < four_errors
    assert abs(predicted[1] - found) < four_errors


def test_more_models_agree_more():
    few, many = (split_half_reliability(*world(3, models)) for models in (20, 200))

    assert 0 < few.halves < few.whole < many.halves < many.whole < 1
    assert few.num_examples <= 3000


def test_noise_alone_is_not_reliable():
    rng = np.random.default_rng(4)
    masks = rng.random((60, 3000)) < 0.5

    assert abs(split_half_reliability(masks, rng.random((60, 3000)) < 0.5).halves) < 4 / np.sqrt(3000)


@pytest.mark.parametrize("turned", [False, True], ids=["repeated", "opposite"])
def test_noise_that_subsets_share_is_not_reliable(turned):
    """Models of one subset answer alike, and those of opposite subsets differ; memorization is 0."""
    rng = np.random.default_rng(6)
    subsets = rng.random((60, 300)) < 0.5
    answers = rng.random((60, 300)) < 0.5
    masks, correct = (np.concatenate([drawn, drawn ^ turned]) for drawn in (subsets, answers))

    found = split_half_reliability(masks, correct)

    assert abs(found.halves) < 4 / np.sqrt(300)


def test_equal_scores_have_none():
    masks = np.random.default_rng(5).random((20, 30)) < 0.5

    assert np.isnan(split_half_reliability(masks, np.ones((20, 30), bool)).whole)


def test_too_few_models():
    with pytest.raises(InputError, match="at least 8"):
        split_half_reliability(np.ones((7, 3), bool), np.ones((7, 3), bool))


def test_ranks_do_not_follow_a_few_large_scores():
    rng = np.random.default_rng(6)
    first, second = rng.normal(size=(2, 2000))
    first[:3] = second[:3] = 1000

    found = agreement(np.r_[first, np.nan], np.r_[second, 1])

    assert found.halves > 0.99
    assert abs(found.spearman) < 4 / np.sqrt(2000)
    assert found.spearman == pytest.approx(scipy.stats.spearmanr(first, second)[0])
    assert np.isnan(agreement(first[:2], second[:2]).spearman)


def test_opposite_halves_say_nothing_of_the_whole():
    found = agreement(np.arange(3.0), -np.arange(3.0))

    assert found.halves == -1
    assert np.isnan(found.whole)
