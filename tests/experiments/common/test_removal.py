import numpy as np
import pytest

from experiments.common import removal


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
