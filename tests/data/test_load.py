"""Loading: the source is found by its prefix, then selection, noise and checks follow in this order."""

import subprocess
import sys

import numpy as np
import pytest

from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError

from .makers import write_mnist


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "digit",
            "'digit' is not known; did you mean digits.*: digits, .*csv:FILE, .*idx:FOLDER, npz:FILE, npy:FOLDER, tfds",
        ),
        ("", "data set '' is not known"),
        ("csv:some", r"does not read 'csv:some'; memjax\.fit and `memjax run` do"),
        ("csv", "'csv' is not known.*: digits, .*csv:FILE"),
        ("idx:", "'idx:' does not say where; write idx:FOLDER"),
        ("npz", "'npz' does not say where; write npz:FILE"),
        ("idx:nowhere", "nowhere has no train-images-idx3-ubyte"),
        ("npz:nowhere.npz", "nowhere.npz does not exist"),
        ("npz:a\0b", "is not a path"),
        ("idx:a\0b", "a\0b has no"),
        ("idx:" + "a" * 5000, "has no train-images"),
        ("npz:" + "a" * 5000, "cannot be read: .*too long"),
        ("npz:~no_such_user/a.npz", "does not exist"),
        ("idx:~no_such_user", "has no train-images"),
        ("tfds:../../etc", "is not a name"),
    ],
)
def test_a_source_that_is_not_there_is_refused(source, expected):
    with pytest.raises(InputError, match=expected):
        load_dataset(DataSpec(source))


def test_selection_then_noise():
    plain = load_dataset(DataSpec(classes=(3, 8), per_class=50))
    noisy = load_dataset(DataSpec(classes=(3, 8), per_class=50, label_noise=0.2))

    np.testing.assert_array_equal(plain.train_ids, noisy.train_ids)
    assert noisy.mislabelled.sum() == 20
    np.testing.assert_array_equal(noisy.train_labels != plain.train_labels, noisy.mislabelled)


def test_checks_come_last(tmp_path):
    write_mnist(tmp_path, train=12, test=1)

    with pytest.raises(InputError, match="has 0 test examples"):
        load_dataset(DataSpec(f"idx:{tmp_path}", classes=(1, 2)))


def test_nothing_heavy_is_imported_before_it_is_needed():
    heavy = "{'jax', 'sklearn', 'scipy', 'tensorflow_datasets', 'tensorflow'}"
    code = f"import sys, memjax.data, memjax.data.downloads; print(sorted({heavy} & set(sys.modules)))"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
