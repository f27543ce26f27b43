"""P-values of pairs against enumeration, and how many of the pairs kept are false in a world that is known."""

import itertools

import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import pair_p_values, q_values


def test_p_value_by_enumeration():
    """Of all ways to choose the models that saw i, how many have as many right ones among them or more?"""
    rng = np.random.default_rng(0)
    saw, right = rng.permutation(9) < 5, rng.random(9) < 0.6
    ways = [right[list(chosen)].sum() for chosen in itertools.combinations(range(9), 5)]

    found = pair_p_values(saw[:, None], right[:, None], np.array([0]), np.array([0]))

    np.testing.assert_allclose(found, np.mean(np.array(ways) >= right[saw].sum()))


def test_p_value_of_complementary_pairs_by_enumeration():
    """Of all ways to say which of a pair of models saw i, how many have as many right ones that saw it?"""
    rng = np.random.default_rng(1)
    first = rng.random(7) < 0.5
    right = rng.random(14) < 0.6
    saw = np.stack([first, ~first], 1).ravel()
    choices = np.array(list(itertools.product([False, True], repeat=7)))
    ways = [right[np.stack([choice, ~choice], 1).ravel()].sum() for choice in choices]

    found = pair_p_values(saw[:, None], right[:, None], np.array([0]), np.array([0]), complementary=True)

    np.testing.assert_allclose(found, np.mean(np.array(ways) >= right[saw].sum()))


def test_an_example_always_in_gives_no_evidence():
    masks = np.ones((5, 1), bool)

    assert pair_p_values(masks, masks, np.array([0]), np.array([0])).tolist() == [1.0]


def test_q_values_by_hand():
    # .01 x 4 / 1, .03 x 4 / 2, .2 x 4 / 3, each the least of its own and of those after it
    np.testing.assert_allclose(q_values(np.array([0.01, 0.2, 0.03]), 4), [0.04, 0.8 / 3, 0.06])
    np.testing.assert_allclose(q_values(np.array([0.04, 0.03]), 2), [0.04, 0.04])
    assert q_values(np.array([0.9]), 10).tolist() == [1.0]


def test_q_values_equal_those_of_scipy():
    from scipy.stats import false_discovery_control

    p_values = np.random.default_rng(0).random(50) ** 3

    np.testing.assert_allclose(q_values(p_values, 50), false_discovery_control(p_values))


@pytest.mark.parametrize("complementary", [False, True])
def test_the_share_of_false_pairs_is_what_was_asked_for(complementary):
    """20 of 40 x 40 pairs are there (an influence of .5); pairs with q <= .1 are kept."""
    rng = np.random.default_rng(2)
    every = np.stack(np.meshgrid(np.arange(40), np.arange(40), indexing="ij")).reshape(2, -1)
    false, kept = [], []
    for _ in range(30):
        masks = rng.random((120, 40)) < 0.5
        if complementary:
            masks[1::2] = ~masks[::2]
        helped = np.arange(40) < 20
        correct = rng.random((120, 40)) < np.where(masks & helped, 0.9, 0.4)
        q = q_values(pair_p_values(masks, correct, *every, complementary), every.shape[1])
        chosen = q <= 0.1
        true = (every[0] == every[1]) & (every[0] < 20)
        false.append((chosen & ~true).sum() / max(1, chosen.sum()))
        kept.append((chosen & true).sum())

    assert np.mean(false) < 0.1 + 4 * np.std(false) / np.sqrt(30)
    assert np.mean(kept) > 18  # and it finds them


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"correct_test": np.full((4, 2), 0.5)}, "need 0 / 1 scores"),
        ({"tr_idx": np.array([3])}, "expected 0 to 2"),
        ({"tt_idx": np.array([-1])}, "expected 0 to 1"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    given = {
        "masks": np.eye(4, 3, dtype=bool),
        "correct_test": np.ones((4, 2), bool),
        "tr_idx": np.array([0]),
        "tt_idx": np.array([0]),
    }
    with pytest.raises(InputError, match=words):
        pair_p_values(**(given | change))


def test_q_values_want_all_candidates():
    with pytest.raises(InputError, match="fewer than the 2"):
        q_values(np.array([0.1, 0.2]), 1)
    with pytest.raises(InputError, match="expected 0 to 1"):
        q_values(np.array([0.1, np.nan]), 5)
