import numpy as np

from experiments.feldman_zhang import pair_removal
from memjax.results import PairTable


def test_a_half_of_the_pairs_is_missed_by_its_own_test_examples():
    """Test example 0 depends on training example 0, 1 on 1, 2 on both; the halves are 0 and 1."""
    pairs = PairTable(np.array([0, 1, 0, 1]), np.array([0, 1, 2, 2]), *[np.full(4, 0.5)] * 4, 0.15, 0.25)
    sets = {pair_removal.FIRST: [np.array([True, False])], pair_removal.SECOND: [np.array([False, True])]}
    right = {
        pair_removal.FIRST: np.array([[0, 1, 1], [0, 1, 1]], bool),
        pair_removal.SECOND: np.array([[1, 0, 1], [1, 1, 1]], bool),
    }

    assert np.flatnonzero(pair_removal.only_of(sets[pair_removal.FIRST][0], pairs, 3)).tolist() == [0]
    assert pair_removal.own_minus_other(right, sets, pairs).tolist() == [1.0, 0.5]


def test_the_halves_are_halves():
    in_pairs = np.arange(10) < 6

    sets = pair_removal.removals(in_pairs, 2, seed=0)

    first, second = sets[pair_removal.FIRST][0], sets[pair_removal.SECOND][0]
    assert (int(first.sum()), int(second.sum())) == (3, 3)
    np.testing.assert_array_equal(first | second, in_pairs)
    assert not any(removed.any() for removed in sets[pair_removal.EVERYTHING])
