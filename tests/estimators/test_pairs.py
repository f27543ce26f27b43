import numpy as np

import memjax
from memjax.estimators import count_pairs, expected_by_chance, join_pairs, select_pairs


def test_by_hand():
    infl = np.array([[0.2, 0.1], [0.9, np.nan], [0.15, 0.5]], np.float32)
    mem = np.array([0.25, 0.2, np.nan], np.float32)

    pairs = select_pairs(infl, infl / 10, mem, np.array([10, 11, 12]), np.array([5, 6]))

    assert pairs.tr_idx.tolist() == [10]  # row 1 is not memorized, row 2 has no score
    assert pairs.tt_idx.tolist() == [5]
    np.testing.assert_allclose(pairs.infl_stderr, [0.02])


def test_joined_pairs_come_strongest_first():
    infl, mem = np.array([[0.2, 0.4]], np.float32), np.array([1], np.float32)
    first = select_pairs(infl, infl, mem, np.array([0]), np.array([0, 1]))
    second = select_pairs(infl + np.float32(0.1), infl, mem, np.array([7]), np.array([2, 3]))

    joined = join_pairs([first, second])

    np.testing.assert_allclose(joined.infl, [0.5, 0.4, 0.3, 0.2], rtol=1e-6)
    assert joined.tt_idx.tolist() == [3, 1, 2, 0]


def test_counts_by_hand():
    assert count_pairs(np.array([4, 4, 5, 6]), np.array([1, 2, 1, 3])) == (4, 3, 3, 2)
    assert count_pairs(np.zeros(0, int), np.zeros(0, int)) == (0, 0, 0, 0)


def test_no_pair_at_all_is_an_empty_table():
    nothing = np.zeros((2, 2), np.float32)

    joined = join_pairs([select_pairs(nothing, nothing, np.ones(2, np.float32), np.arange(2), np.arange(2))])

    assert [len(column) for column in joined] == [0, 0, 0, 0]
    assert joined.tr_idx.dtype == np.int64


def test_pairs_by_chance_are_counted_where_nothing_has_influence():
    """In a world without influence the number expected is the number found."""
    rng = np.random.default_rng(0)
    masks, correct = rng.random((120, 300)) < 0.7, rng.random((120, 200)) < rng.random(200)
    estimate = memjax.influence(masks, correct)
    value, stderr = np.asarray(estimate.value), np.asarray(estimate.stderr)
    memorized = np.ones(300, np.float32)

    found = len(select_pairs(value, stderr, memorized, np.arange(300), np.arange(200)).infl)
    expected = expected_by_chance(stderr, memorized)

    assert found > 1000
    assert abs(found - expected) < 0.1 * expected  # pairs of one test example are not independent
    assert expected_by_chance(stderr, memorized * np.float32(0.2)) == 0
