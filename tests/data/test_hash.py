"""The content hash: the same for the same values, another for any other."""

from pathlib import Path

import numpy as np
import pytest

from memjax.config.specs import DataSpec
from memjax.data import content_hash, load_dataset
from memjax.data.downloads import seed_cache

from .makers import tiny, unchecked, write_mnist

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def test_the_same_in_every_version():
    assert content_hash(tiny()) == "a181ba60bb1248e092ad62cfd65d1a07c5b2900d4b98f0628437e217f4728330"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other", "class_names": ("x", "y", "z")},
        {"train_ids": np.arange(6) + 7, "mislabelled": np.ones(6, bool)},
        {"train_labels": np.array([0, 1, 2, 0, 1, 2], np.int8)},
        {"train_inputs": np.asfortranarray(tiny().train_inputs)},
    ],
)
def test_names_and_layout_do_not_count(changes):
    assert content_hash(tiny(**changes)) == content_hash(tiny())


@pytest.mark.parametrize(
    "changes",
    [
        {"train_inputs": tiny().train_inputs.astype(np.int8)},
        {"train_inputs": tiny().train_inputs.reshape(6, 4)},
        {"train_inputs": tiny().train_inputs[::-1]},
        {"test_inputs": tiny().test_inputs + np.uint8(1)},
        {"train_labels": np.array([0, 1, 2, 0, 2, 2], np.int32)},
        {"test_labels": np.array([0, 1, 1], np.int32)},
    ],
)
def test_every_value_counts(changes):
    assert content_hash(unchecked(tiny(), **changes)) != content_hash(tiny())


def test_byte_order_does_not_count():
    native = tiny(train_inputs=np.arange(24, dtype="<f4").reshape(6, 2, 2))
    swapped = tiny(train_inputs=native.train_inputs.astype(">f4"))

    assert content_hash(native) == content_hash(swapped)


def test_packed_or_not_is_the_same(tmp_path):
    write_mnist(tmp_path / "packed", pack=True)
    write_mnist(tmp_path / "plain", pack=False)
    packed, plain = (load_dataset(DataSpec(f"idx:{tmp_path / name}")) for name in ("packed", "plain"))

    assert content_hash(packed) == content_hash(plain)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"no {DEBIAN}: install Debian's dataset-fashion-mnist")
def test_from_a_folder_and_from_the_cache_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    seed_cache("fashion_mnist", DEBIAN)

    cached, folder = load_dataset(DataSpec("fashion_mnist")), load_dataset(DataSpec(f"idx:{DEBIAN}"))

    assert content_hash(cached) == content_hash(folder)
    assert (cached.num_train, cached.num_test, cached.input_shape) == (60000, 10000, (28, 28))
    assert cached.class_names[9] == "Ankle boot"
