"""Models in complementary pairs: what their errors are, by hand and where partners are not independent."""

import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import complementary_influence, complementary_memorization, whole_pairs
from memjax.types import Outcomes


def test_by_hand():
    """Differences within the three pairs, seen minus unseen: 1, 1, 0; squares sum to 2."""
    masks = np.array([[1], [0], [0], [1], [1], [0]], bool)
    correct = np.array([[1], [0], [0], [1], [1], [1]], bool)

    estimate = complementary_memorization(masks, correct)

    np.testing.assert_allclose(estimate.value, [2 / 3])
    mean = 2 / 5  # half a pair each of (1, 0), (0, 1), (1, 1) and (0, 0): two pairs more, one of them unequal
    np.testing.assert_allclose(estimate.stderr, [np.sqrt(((2 + 1) / 5 - mean**2) / 2)], rtol=1e-6)


def test_probabilities_have_the_error_of_a_paired_mean():
    rng = np.random.default_rng(0)
    first = rng.random((15, 3)) < 0.5
    masks = np.stack([first, ~first], 1).reshape(30, 3)
    scores = rng.random((30, 4)).astype(np.float32)

    estimate = complementary_influence(masks, scores)

    for i, j in ((0, 0), (2, 3)):
        seen = np.where(masks[::2, i], scores[::2, j], scores[1::2, j])
        unseen = np.where(masks[::2, i], scores[1::2, j], scores[::2, j])
        np.testing.assert_allclose(estimate.value[i, j], (seen - unseen).mean(), atol=1e-6)
        np.testing.assert_allclose(estimate.stderr[i, j], (seen - unseen).std(ddof=1) / np.sqrt(15), rtol=1e-4)


def test_where_partners_differ_the_error_is_larger_and_right():
    """Example 1 alone decides a test example that either partner could be helped on: of a pair always one is right.
    The influence of example 0 on it is 0, with twice the variance that independent models would have."""
    rng = np.random.default_rng(1)
    paired, plain = [], []
    for _ in range(200):
        first = rng.random((50, 2)) < 0.5
        masks = np.stack([first, ~first], 1).reshape(100, 2)
        correct = masks[:, 1:]
        paired.append(np.asarray(complementary_influence(masks, correct).stderr)[0, 0])
        plain.append(np.asarray(memjax.influence(masks, correct).value)[0, 0])
    spread = np.std(plain)

    assert abs(np.mean(paired) / spread - 1) < 4 / np.sqrt(2 * 200)
    independent = np.sqrt(0.25 / 50 * 2)
    assert spread > 1.3 * independent


def test_a_lost_model_takes_its_partner_with_it():
    masks = np.eye(5, 3, dtype=bool)
    outcomes = Outcomes(np.array([0, 1, 3, 4, 5]), masks, {"correct": masks}, {"correct": masks[:, :2]})

    kept = whole_pairs(outcomes)

    assert kept.model_ids.tolist() == [0, 1, 4, 5]
    np.testing.assert_array_equal(kept.test["correct"], masks[[0, 1, 3, 4], :2])


def test_other_models_are_refused_in_words():
    with pytest.raises(InputError, match="row 2k"):
        complementary_memorization(np.eye(4, dtype=bool), np.eye(4, dtype=bool))
