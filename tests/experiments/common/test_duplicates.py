import numpy as np
import pytest

from experiments.common import duplicates
from tests.conftest import make_dataset


@pytest.fixture
def line():
    """Two classes on a line; test examples at known distances from the training examples of their class."""
    import dataclasses

    return dataclasses.replace(
        make_dataset(num_train=4, num_test=5, num_classes=2, shape=(1,)),
        train_inputs=np.array([[0], [10], [100], [200]], np.float32),
        train_labels=np.array([0, 0, 1, 1], np.int32),
        test_inputs=np.array([[4], [13], [1], [104], [195]], np.float32),
        test_labels=np.array([0, 0, 0, 1, 1], np.int32),
    )


def test_nearest_of_the_class(line):
    distance, which = duplicates.nearest(line)

    np.testing.assert_allclose(distance, [4, 3, 1, 4, 5])
    np.testing.assert_array_equal(which, [0, 1, 0, 2, 3])


def test_near_duplicates_are_nearer_than_half_the_typical_distance(line):
    assert duplicates.near_duplicates(line).tolist() == [False, False, True, False, False]  # 1 < 3 / 2


def test_an_equal_example_is_a_near_duplicate_and_the_nearest(line):
    line.test_inputs[3] = 100

    relative, rank = duplicates.pair_distances(line, np.array([2, 3]), np.array([3, 3]))

    assert relative[0] == 0
    assert rank.tolist() == [0, 1]


def test_a_class_without_training_examples_has_none(line):
    line.train_labels[:] = 0

    assert not duplicates.near_duplicates(line)[3:].any()


def test_images_of_bytes_do_not_wrap_around():
    first, second = np.array([[[0, 255]]], np.uint8), np.array([[[255, 0]]], np.uint8)

    assert duplicates.distances(first, second)[0, 0] == pytest.approx(255 * 2**0.5)
