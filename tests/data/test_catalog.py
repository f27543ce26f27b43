"""The catalog: counts that add up, and files that are not the whole data set."""

import dataclasses

import numpy as np
import pytest
from scipy.io import savemat

from memjax.data.downloads import CATALOG, read_known
from memjax.errors import InputError

from .makers import cifar_bytes, write_mnist, write_tar


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("mnist", 60000, 10000),
        ("fashion_mnist", 60000, 10000),
        ("cifar10", 50000, 10000),
        ("cifar100", 50000, 10000),
        ("svhn_cropped", 73257, 26032),
    ],
)
def test_class_counts_add_up_to_the_published_totals(name, train, test):
    known = CATALOG[name]

    assert (sum(known.train_counts), sum(known.test_counts)) == (train, test)
    assert len(known.train_counts) == len(known.test_counts)


def test_images_of_another_size_are_refused(tmp_path):
    write_mnist(tmp_path)

    with pytest.raises(InputError, match=r"holds images \(4, 5\), not \(28, 28\) as in mnist"):
        read_known("mnist", {file: tmp_path / file for file in CATALOG["mnist"].files})


def test_counts_are_compared_class_by_class(small_mnist):
    write_mnist(small_mnist, train=12, test=6, classes=2)

    with pytest.raises(InputError, match=r"not the complete mnist.*or class counts that differ"):
        read_known("mnist", {file: small_mnist / file for file in CATALOG["mnist"].files})


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "svhn_cropped"])
def test_the_other_data_sets_are_read_by_their_names(tmp_path, monkeypatch, name):
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    labels = (np.arange(20) % 10).astype(np.uint8)
    write_known(tmp_path, name, images, labels)
    known = CATALOG[name]
    counts = (2,) * 10 + (0,) * (len(known.train_counts) - 10)
    monkeypatch.setitem(CATALOG, name, dataclasses.replace(known, train_counts=counts, test_counts=counts))

    dataset = read_known(name, {file: tmp_path / file for file in known.files})

    np.testing.assert_array_equal(dataset.train_inputs, images)
    np.testing.assert_array_equal(dataset.test_inputs, images)
    np.testing.assert_array_equal(dataset.train_labels, labels)
    assert dataset.num_classes == len(known.train_counts)


def write_known(folder, name, images, labels):
    """The files of the data set `name`, with the same images for training and test."""
    if name == "svhn_cropped":
        digits = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
        for which in ("train", "test"):
            savemat(folder / f"{which}_32x32.mat", {"X": images.transpose(1, 2, 3, 0), "y": digits})
    elif name == "cifar10":
        parts = [cifar_bytes(images[4 * part : 4 * part + 4], labels[4 * part : 4 * part + 4]) for part in range(5)]
        members = [(f"data_batch_{part + 1}.bin", data) for part, data in enumerate(parts)]
        members += [("test_batch.bin", cifar_bytes(images, labels)), ("batches.meta.txt", b"name\n" * 10)]
        write_tar(folder / "cifar-10-binary.tar.gz", [(f"cifar-10-batches-bin/{file}", data) for file, data in members])
    else:
        data = cifar_bytes(images, labels // 5, labels)
        members = [("train.bin", data), ("test.bin", data), ("fine_label_names.txt", b"name\n" * 100)]
        write_tar(folder / "cifar-100-binary.tar.gz", [(f"cifar-100-binary/{file}", data) for file, data in members])
