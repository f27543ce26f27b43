"""The digits: always the same split of the same images."""

import numpy as np
from sklearn import datasets

from memjax.config.specs import DataSpec
from memjax.data import content_hash, load_dataset

DIGITS = load_dataset(DataSpec())


def test_shapes_and_types():
    assert DIGITS.train_inputs.shape == (1437, 8, 8)
    assert DIGITS.test_inputs.shape == (360, 8, 8)
    assert DIGITS.train_inputs.dtype == np.uint8
    assert DIGITS.train_inputs.max() == 16
    assert DIGITS.class_names == tuple("0123456789")


def test_every_image_is_there_once_with_its_label():
    source = datasets.load_digits()
    rows = {(*image.astype(int).ravel(), label) for image, label in zip(source.images, source.target, strict=True)}
    ours = [
        (*image.astype(int).ravel(), label)
        for inputs, labels in ((DIGITS.train_inputs, DIGITS.train_labels), (DIGITS.test_inputs, DIGITS.test_labels))
        for image, label in zip(inputs, labels, strict=True)
    ]

    assert len(ours) == 1797
    assert set(ours) == rows


def test_the_split_stays_the_same_in_every_version():
    assert content_hash(DIGITS) == "151588f8ea3e12f0a19765fa4c188cc8f94b0558aaa4dce8a8e2e5aa4cfd22c5"
