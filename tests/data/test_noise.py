"""Label noise: the given number of labels change, all to a wrong class, all wrong classes equally likely."""

import numpy as np
import pytest

from memjax.data.corruptions import flip_labels
from memjax.errors import InputError

from .makers import tiny

MANY = tiny(labels=[0, 1, 2, 3] * 750, class_names=("a", "b", "c", "d"))


@pytest.mark.parametrize("rate", [0.0, 0.0001, 0.0005, 0.1, 0.5, 0.999])
def test_the_given_number_of_labels_change_and_all_are_wrong(rate):
    noisy = flip_labels(MANY, rate, 0)

    assert noisy.mislabelled.sum() == round(rate * 3000)
    np.testing.assert_array_equal(noisy.mislabelled, noisy.train_labels != MANY.train_labels)
    assert noisy.train_labels.dtype == np.int32
    assert noisy.train_labels.min() >= 0
    assert noisy.train_labels.max() < 4


def test_nothing_else_changes():
    noisy = flip_labels(MANY, 0.5, 0)

    assert not MANY.mislabelled.any()
    np.testing.assert_array_equal(MANY.train_labels, [0, 1, 2, 3] * 750)
    np.testing.assert_array_equal(noisy.test_labels, MANY.test_labels)
    np.testing.assert_array_equal(noisy.train_inputs, MANY.train_inputs)


def test_the_seed_decides_and_a_higher_rate_adds():
    low, again, other, high = (flip_labels(MANY, rate, seed) for rate, seed in ((0.1, 0), (0.1, 0), (0.1, 1), (0.2, 0)))

    np.testing.assert_array_equal(low.train_labels, again.train_labels)
    assert not np.array_equal(low.mislabelled, other.mislabelled)
    assert high.mislabelled[low.mislabelled].all()
    np.testing.assert_array_equal(high.train_labels[low.mislabelled], low.train_labels[low.mislabelled])


def test_all_wrong_classes_are_equally_likely():
    noisy = [flip_labels(MANY, 0.5, seed).train_labels for seed in range(20)]
    shift = np.concatenate([labels - MANY.train_labels for labels in noisy]) % 4
    counts = np.bincount(shift, minlength=4)[1:]

    expected = 20 * 1500 / 3
    five_sigma = 5 * np.sqrt(expected * (2 / 3))
    assert (abs(counts - expected) < five_sigma).all()


def test_every_label_is_changed_equally_often():
    draws = 400
    small = tiny(labels=[0, 1, 2] * 30)
    counts = sum(flip_labels(small, 0.5, seed).mislabelled.astype(int) for seed in range(draws))

    five_sigma = 5 * np.sqrt(draws / 4)
    assert (abs(counts - draws / 2) < five_sigma).all()


def test_one_class_has_no_wrong_one():
    one = tiny(labels=[0] * 6, test_labels=[0], class_names=("ant",))

    with pytest.raises(InputError, match="at least two classes"):
        flip_labels(one, 0.5, 0)
