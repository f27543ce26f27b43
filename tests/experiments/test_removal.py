import numpy as np
import pytest

from experiments import pair_removal, removal


@pytest.fixture
def rng():
    return np.random.default_rng(0)


REMOVED = np.array([1, 1, 0, 0, 1, 0, 0, 0], bool)
GROUPS = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def test_what_goes_is_not_trained_on():
    np.testing.assert_array_equal(removal.without([REMOVED, ~REMOVED]), [~REMOVED, REMOVED])


def test_as_many_go_at_random(rng):
    drawn = [removal.at_random(rng, REMOVED) for _ in range(50)]

    assert {int(marks.sum()) for marks in drawn} == {3}
    assert np.any(drawn, axis=0).all()  # each has its turn


def test_at_random_among_some(rng):
    drawn = removal.at_random(rng, REMOVED, among=GROUPS == 1)

    assert drawn.sum() == 3
    assert not drawn[GROUPS == 0].any()


def test_fewer_go_where_there_are_too_few(rng):
    assert removal.at_random(rng, REMOVED, among=np.arange(8) < 2).sum() == 2


def test_random_ones_keep_the_mix_of_groups(rng):
    drawn = [removal.at_random_in_groups(rng, REMOVED, GROUPS) for _ in range(20)]

    assert {(int(marks[:4].sum()), int(marks[4:].sum())) for marks in drawn} == {(2, 1)}
    assert len({marks.tobytes() for marks in drawn}) > 1


def test_the_most_memorized_go_first_where_half_a_group_must_stay():
    removed = np.array([1, 1, 1, 0, 1, 0, 0, 0], bool)
    order = np.array([0.3, 0.9, 0.5, 0.1, 0.4, 0, 0, 0])

    kept = removal.no_more_than(removed, order, GROUPS, 0.5)

    assert np.flatnonzero(kept).tolist() == [1, 2, 4]


def test_accuracy_of_each_model_on_some_examples():
    correct = np.array([[1, 1, 0, 0], [1, 0, 0, 1]], bool)

    np.testing.assert_array_equal(removal.accuracies(correct), [0.5, 0.5])
    np.testing.assert_array_equal(removal.accuracies(correct, np.array([1, 1, 0, 0], bool)), [1, 0.5])


def test_models_are_numbered_repeat_by_repeat():
    assert removal.by_condition(np.arange(6), 2).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_paired_difference_knows_what_the_pairs_share():
    base = np.array([0.1, 0.5, 0.9, 0.3])

    found = removal.paired(base + 0.2, base)

    assert (found.low, found.high, found.repeats) == pytest.approx((0.2, 0.2, 4))


def test_a_half_of_the_pairs_is_missed_by_its_own_test_examples():
    """Test example 0 hangs on training example 0, 1 on 1, 2 on both; halves are 0 and 1."""
    pairs = {"tr_idx": np.array([0, 1, 0, 1]), "tt_idx": np.array([0, 1, 2, 2])}
    sets = {pair_removal.FIRST: [np.array([True, False])], pair_removal.SECOND: [np.array([False, True])]}
    right = {
        pair_removal.FIRST: np.array([[0, 1, 1], [0, 1, 1]], bool),
        pair_removal.SECOND: np.array([[1, 0, 1], [1, 1, 1]], bool),
    }

    assert np.flatnonzero(pair_removal.only_of(sets[pair_removal.FIRST][0], pairs, 3)).tolist() == [0]
    assert pair_removal.own_less_other(right, sets, pairs).tolist() == [1.0, 0.5]


def test_the_halves_are_halves():
    in_pairs = np.arange(10) < 6

    sets = pair_removal.removals(in_pairs, 2, seed=0)

    first, second = sets[pair_removal.FIRST][0], sets[pair_removal.SECOND][0]
    assert (int(first.sum()), int(second.sum())) == (3, 3)
    np.testing.assert_array_equal(first | second, in_pairs)
    assert not any(removed.any() for removed in sets[pair_removal.EVERYTHING])
