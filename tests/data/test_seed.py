"""Seeding: TensorFlow Datasets accepts the copies, and wrong files are not copied."""

import dataclasses
import gzip
import hashlib
import json
import os
import shutil

import pytest

from memjax.config.specs import DataSpec
from memjax.data import content_hash, load_dataset
from memjax.data.downloads import CATALOG, seed_cache
from memjax.errors import InputError


def test_seeded_files_load_as_from_their_folder(downloads, small_mnist):
    copies = seed_cache("mnist", small_mnist)

    cached, folder = load_dataset(DataSpec("mnist")), load_dataset(DataSpec(f"idx:{small_mnist}"))
    assert content_hash(cached) == content_hash(folder)
    assert cached.name == "mnist"
    assert sorted(path.name for path in (downloads / "mnist").iterdir()) == sorted(
        name for path in copies for name in (path.name, f"{path.name}.INFO")
    )


def test_the_download_manager_takes_them(downloads, small_mnist, monkeypatch):
    import tensorflow_datasets as tfds

    copies = seed_cache("mnist", small_mnist)
    monkeypatch.setattr(tfds.download.DownloadManager, "_download", None)
    manager = tfds.download.DownloadManager(download_dir=downloads, dataset_name="mnist")
    base = "https://storage.googleapis.com/cvdf-datasets/mnist/"

    assert str(manager.download(f"{base}train-images-idx3-ubyte.gz")) == str(copies[0])
    assert copies[0].name == "cvdf-datasets_mnist_train-images-idx3-ubyteRA_Kv3PMVG-iFHXoHqNwJlYF9WviEKQCTSyo8gNSNgk.gz"


def test_the_note_has_the_registered_checksum(downloads, small_mnist):
    path = seed_cache("mnist", small_mnist)[1]

    assert json.loads(path.with_name(f"{path.name}.INFO").read_text()) == {
        "dataset_names": ["mnist"],
        "original_fname": "train-labels-idx1-ubyte.gz",
        "url_info": {
            "checksum": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "filename": "train-labels-idx1-ubyte.gz",
            "size": 28881,
        },
        "urls": ["https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"],
    }


def test_an_unknown_data_set_is_refused(downloads, tmp_path):
    with pytest.raises(InputError, match=r"'minst' is not known; did you mean mnist\? Choose one of: mnist"):
        seed_cache("minst", tmp_path)


def test_a_missing_file_is_named(downloads, small_mnist):
    (small_mnist / "t10k-labels-idx1-ubyte.gz").unlink()

    with pytest.raises(InputError, match=r"has no t10k-labels-idx1-ubyte.gz; mnist needs train-images"):
        seed_cache("mnist", small_mnist)
    assert not downloads.exists()


def test_swapped_files_are_refused(downloads, small_mnist):
    for kind in ("images-idx3", "labels-idx1"):
        shutil.copy(small_mnist / f"train-{kind}-ubyte.gz", small_mnist / f"t10k-{kind}-ubyte.gz")

    with pytest.raises(InputError, match="not the complete mnist: 12 test examples, expected 6"):
        seed_cache("mnist", small_mnist)
    assert not downloads.exists()


def test_damaged_files_are_refused(downloads, small_mnist):
    path = small_mnist / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(InputError, match=r"train-images-idx3-ubyte.gz cannot be read"):
        seed_cache("mnist", small_mnist)
    assert not downloads.exists()


def test_known_values_are_compared(downloads, small_mnist, monkeypatch):
    content = gzip.decompress((small_mnist / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    right, known = {"train_inputs": hashlib.sha256(content).hexdigest()}, CATALOG["mnist"]

    monkeypatch.setitem(CATALOG, "mnist", dataclasses.replace(known, values=right))
    seed_cache("mnist", small_mnist)

    monkeypatch.setitem(CATALOG, "mnist", dataclasses.replace(known, values=right | {"test_labels": "0" * 64}))
    with pytest.raises(InputError, match="the test labels are not those of mnist"):
        seed_cache("mnist", small_mnist)


def test_seeding_twice_is_no_harm(downloads, small_mnist):
    assert seed_cache("mnist", small_mnist) == seed_cache("mnist", small_mnist)
    assert load_dataset(DataSpec("mnist")).num_train == 12


@pytest.mark.parametrize(
    ("owner", "step", "problem"),
    [(shutil, "copyfileobj", OSError(28, "No space left")), (os, "replace", OSError(5, "Input/output error"))],
    ids=["cut short", "before it has its name"],
)
def test_a_partial_copy_counts_as_missing(downloads, small_mnist, monkeypatch, owner, step, problem):
    def fails(*_):
        raise problem

    monkeypatch.setattr(owner, step, fails)

    with pytest.raises(InputError, match=problem.strerror):
        seed_cache("mnist", small_mnist)
    assert list((downloads / "mnist").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(downloads, small_mnist):
    downloads.parent.mkdir()
    downloads.write_text("a file where the folder should be")

    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        seed_cache("mnist", small_mnist)
