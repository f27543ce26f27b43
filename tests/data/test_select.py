"""Selection: the chosen examples, always the same ones, with their rows in the source."""

import numpy as np
import pytest

from memjax.config.specs import DataSpec
from memjax.data import select
from memjax.errors import InputError

from .makers import tiny

MANY = tiny(labels=[0, 1, 2] * 100, test_labels=[2, 1, 0] * 20)


def test_without_options_nothing_changes():
    assert select(MANY, DataSpec()) is MANY


def test_classes_are_renumbered_in_the_order_given():
    chosen = select(tiny(), DataSpec(classes=(2, 0)))

    np.testing.assert_array_equal(chosen.train_ids, [0, 2, 3, 5])
    np.testing.assert_array_equal(chosen.train_labels, [1, 0, 1, 0])
    np.testing.assert_array_equal(chosen.train_inputs[:, 0, 0], [0, 2, 3, 5])
    np.testing.assert_array_equal(chosen.test_ids, [0, 2])
    np.testing.assert_array_equal(chosen.test_labels, [1, 0])
    assert chosen.class_names == ("cat", "ant")
    assert chosen.train_labels.dtype == np.int32


@pytest.mark.parametrize("number", [3, -1])
def test_a_class_that_is_not_there_is_refused(number):
    with pytest.raises(InputError, match=f"names {number}, but tiny has classes 0 to 2"):
        select(tiny(), DataSpec(classes=(0, number)))


def test_a_number_of_each_class_is_taken_in_the_order_of_the_source():
    chosen = select(MANY, DataSpec(per_class=7, test_per_class=3))

    np.testing.assert_array_equal(np.bincount(chosen.train_labels), [7, 7, 7])
    np.testing.assert_array_equal(np.bincount(chosen.test_labels), [3, 3, 3])
    assert (np.diff(chosen.train_ids) > 0).all()
    assert (np.diff(chosen.test_ids) > 0).all()
    np.testing.assert_array_equal(MANY.train_labels[chosen.train_ids], chosen.train_labels)
    np.testing.assert_array_equal(MANY.test_inputs[chosen.test_ids], chosen.test_inputs)


def test_more_than_there_are_is_all():
    assert select(MANY, DataSpec(per_class=1000)).num_train == 300


def test_a_class_keeps_its_examples_whatever_else_is_chosen():
    both = select(MANY, DataSpec(per_class=7))
    alone = select(MANY, DataSpec(classes=(2, 1), per_class=7))
    more = select(MANY, DataSpec(per_class=8))

    assert set(alone.train_ids) == set(both.train_ids[both.train_labels > 0])
    assert set(both.train_ids) < set(more.train_ids)


def test_the_seed_decides():
    first, again, other = (select(MANY, DataSpec(per_class=7, data_seed=seed)) for seed in (0, 0, 1))

    np.testing.assert_array_equal(first.train_ids, again.train_ids)
    assert not np.array_equal(first.train_ids, other.train_ids)


def test_the_draw_stays_the_same_in_every_version():
    np.testing.assert_array_equal(select(MANY, DataSpec(per_class=2)).train_ids, [11, 27, 54, 151, 157, 158])


def test_every_example_is_drawn_equally_often():
    draws = 400
    taken = np.concatenate([select(MANY, DataSpec(per_class=50, data_seed=seed)).train_ids for seed in range(draws)])
    counts = np.bincount(taken, minlength=300)

    five_sigma = 5 * np.sqrt(draws / 4)
    assert (abs(counts - draws / 2) < five_sigma).all()
