"""What is planted: copies with one wrong label, and writers whose mark alone tells their label."""

import numpy as np

from experiments.feldman_zhang import groups
from memjax.config.specs import DataSpec
from memjax.data import load_dataset


def test_copies_are_equal_and_images_of_a_writer_share_a_mark_and_a_label():
    dataset = load_dataset(DataSpec(per_class=5))
    planted = groups.plant(dataset, 3, seed=0)

    assert np.bincount(planted.groups).tolist() == [groups.COPIES] * 3 + [groups.IMAGES] * 3 + [1] * 47
    assert (planted.groups[:47] >= 6).all()
    for group in range(6):
        images, labels = planted.inputs[planted.groups == group], planted.labels[planted.groups == group]
        assert len(set(labels.tolist())) == 1
        if group < 3:
            assert (images == images[0]).all()
            source = (dataset.train_inputs == images[0]).all(tuple(range(1, images.ndim)))
            assert labels[0] != dataset.train_labels[source][0]
            assert not (planted.inputs[:47] == images[0]).all(tuple(range(1, images.ndim))).any()
        else:
            assert (images == dataset.train_inputs.max()).all(0).sum() >= groups.MARK
            assert len(np.unique(images, axis=0)) > 1
