"""Which held-out examples are searched."""

import numpy as np

from experiments.arpit.critical_samples import some_held_out


def test_of_data_sorted_by_class_all_classes_are_searched():
    labels = np.repeat(np.arange(10), 100)
    masks = np.random.default_rng(0).random((3, 1000)) < 0.7

    rows = some_held_out(masks, 150, seed=0)

    for mask, own in zip(masks, rows, strict=True):
        assert not mask[own].any()
        assert len(set(own)) == 150
        assert set(labels[own]) == set(range(10))
