import numpy as np
import pytest

from memjax.estimators import extremes, join_extremes


def test_by_hand():
    infl = np.array([[0.1, -0.5, 0.3, 0.0], [0.0, 0.2, -0.2, 0.9]], np.float32)
    stderr = np.array([[0.01, 0.02, 0.03, 0.04], [0.05, 0.06, 0.07, 0.08]], np.float32)

    found = extremes(infl, stderr, 2)

    assert found.helped_idx.tolist() == [[2, 0], [3, 1]]
    assert found.hurt_idx.tolist() == [[1, 3], [2, 0]]
    np.testing.assert_array_equal(found.helped_infl, np.float32([[0.3, 0.1], [0.9, 0.2]]))
    np.testing.assert_array_equal(found.hurt_stderr, np.float32([[0.02, 0.04], [0.07, 0.05]]))


def test_equals_sorting_everything():
    rng = np.random.default_rng(0)
    infl = rng.integers(-4, 5, (50, 30)).astype(np.float32) / 4  # many ties
    stderr = rng.random((50, 30)).astype(np.float32)

    found = extremes(infl, stderr, 7)

    for values, signed in ((found.helped_infl, -infl), (found.hurt_infl, infl)):
        np.testing.assert_array_equal(values, np.take_along_axis(infl, np.argsort(signed, 1), 1)[:, :7])
    for columns, values, errors in (found[:3], found[3:]):
        np.testing.assert_array_equal(values, np.take_along_axis(infl, columns, 1))
        np.testing.assert_array_equal(errors, np.take_along_axis(stderr, columns, 1))
        assert all(len(set(row)) == 7 for row in columns.tolist())


def test_undefined_influences_come_last():
    infl = np.array([[np.nan, 0.2, np.nan, -0.1]], np.float32)

    found = extremes(infl, np.ones_like(infl), 3)

    assert found.helped_idx[0, :2].tolist() == [1, 3]
    assert found.hurt_idx[0, :2].tolist() == [3, 1]
    assert np.isnan(found.helped_infl[0, 2])


@pytest.mark.parametrize("num_test", [0, 1, 3])
def test_fewer_test_examples_than_asked_for(num_test):
    infl = np.zeros((4, num_test), np.float32)

    assert extremes(infl, infl).helped_infl.shape == (4, num_test)


def test_parts_are_joined_in_their_order():
    infl = np.random.default_rng(0).random((6, 9)).astype(np.float32)

    joined = join_extremes([extremes(infl[:4], infl[:4]), extremes(infl[4:], infl[4:])])

    for part, whole in zip(joined, extremes(infl, infl), strict=True):
        np.testing.assert_array_equal(part, whole)
