"""Each advice of an error about data, followed."""

import dataclasses
import shutil

import numpy as np
import pytest

import memjax
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.data.build import check
from memjax.errors import InputError

from .makers import npz_arrays, tiny, unchecked, write_mnist

FAST = {"num_models": 2, "epochs": 1, "model": "linear", "progress": False}


@pytest.mark.parametrize("kind", ["npz", "npy", "idx", "csv"])
def test_a_source_without_its_kind_is_recognised(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = {"npz": "mine.npz", "csv": "mine.csv"}.get(kind, "mine")
    if kind == "npz":
        np.savez(name, **npz_arrays())
    elif kind == "csv":
        (tmp_path / name).write_text("x,y\n1,a\n2,b\n3,a\n4,b\n")
    elif kind == "idx":
        write_mnist(tmp_path / name)
    else:
        (tmp_path / name).mkdir()
        for key, array in npz_arrays().items():
            np.save(tmp_path / name / f"{key}.npy", array)

    with pytest.raises(InputError, match=f"did you mean {kind}:{name}[?]"):
        memjax.fit(name, **FAST)

    if kind != "csv":
        assert load_dataset(DataSpec(f"{kind}:{name}")).num_classes == 3
    else:
        assert memjax.fit(f"csv:{name}", target="y", test_fraction=0, **FAST).classes == ["a", "b"]


def test_text_labels_of_a_dataset_are_taken_by_fit():
    dataset = unchecked(tiny(), train_labels=np.array(["ant", "bee", "cat"] * 2))

    with pytest.raises(InputError, match=r"Labels of any kind are taken by memjax.fit\(x_train, y_train\)"):
        check(dataset)

    assert memjax.fit(dataset.train_inputs, dataset.train_labels, **FAST).classes == ["ant", "bee", "cat"]


def test_numbers_to_be_predicted_are_told_from_other_labels():
    dataset = unchecked(tiny(), train_labels=np.array([0.5, 1, 2, 0, 1, 2]))

    with pytest.raises(InputError, match=r"train label 0.5 of row 0 is no class.* --task regression") as of_dataset:
        check(dataset)
    with pytest.raises(InputError) as of_fit:
        memjax.fit(dataset.train_inputs, dataset.train_labels, task="classification", **FAST)
    assert str(of_fit.value) == str(of_dataset.value)
    assert memjax.fit(dataset.train_inputs, dataset.train_labels, task="regression", **FAST).dataset.num_classes == 1


def test_damaged_examples_of_a_run_folder_are_stored_again(tmp_path):
    x, y = npz_arrays()["x_train"], npz_arrays()["y_train"]
    memjax.fit(x, y, run=tmp_path / "run", **FAST)
    (tmp_path / "run" / "data.npz").write_bytes(b"damaged")

    with pytest.raises(InputError, match=r"is missing or damaged; give the same arrays to memjax.fit again"):
        memjax.open(tmp_path / "run")

    assert memjax.fit(x, y, run=tmp_path / "run", **FAST).trained == 0
    assert memjax.open(tmp_path / "run").classes == [0, 1, 2]


def test_files_of_unknown_names_in_a_folder_are_told(tmp_path, caplog):
    for name, array in npz_arrays(class_names=np.array(["a", "b", "c"])).items():
        np.save(tmp_path / f"{name}.npy", array)

    assert load_dataset(DataSpec(f"npy:{tmp_path}")).class_names == ("0", "1", "2")

    (record,) = caplog.records
    assert "are not used: class_names.npy; expected are x_train.npy, y_train.npy, x_test.npy" in record.message
    with pytest.raises(InputError, match=r"x_train\.npy"):
        load_dataset(DataSpec("npy:a\0b"))


def test_labels_from_1_to_the_number_of_classes_begin_at_0_after_the_advice():
    dataset = tiny(labels=(1, 2, 3, 1, 2, 3))

    with pytest.raises(InputError, match=r"label 3 of train example 2 is out of range.* begin at 1: subtract 1"):
        check(dataset)

    check(dataclasses.replace(dataset, train_labels=dataset.train_labels - 1))


def test_a_class_without_training_examples_is_left_out_by_classes():
    dataset = tiny(labels=(1, 2, 1, 2, 1, 2), test_labels=(1, 2, 2))

    with pytest.raises(InputError, match=r"class 0 .ant. has no training example in tiny; choose .* with --classes"):
        memjax.fit(dataset, **FAST)

    assert memjax.fit(dataset, classes=(1, 2), **FAST).classes == ["bee", "cat"]


def test_an_array_in_another_order_is_saved_again_and_streamed(tmp_path):
    for name, array in npz_arrays(x_train=np.asfortranarray(npz_arrays()["x_train"].astype(">f8")),
                                  x_test=npz_arrays()["x_test"].astype(np.float64)).items():  # fmt: skip
        np.save(tmp_path / f"{name}.npy", array)
    spec = DataSpec(f"npy:{tmp_path}", stream=True)

    with pytest.raises(InputError, match=r"save numpy.ascontiguousarray of it, in native byte order"):
        load_dataset(spec)

    better = np.ascontiguousarray(np.load(tmp_path / "x_train.npy")).astype(np.float64)
    np.save(tmp_path / "x_train.npy", better)
    np.testing.assert_array_equal(load_dataset(spec).train_inputs[:], better)


def test_one_hot_labels_and_halves_of_a_test_set(tmp_path):
    x, y = npz_arrays()["x_train"], npz_arrays()["y_train"]

    with pytest.raises(InputError, match=r"For one-hot labels give labels.argmax\(1\)"):
        memjax.fit(x, np.eye(3)[y], **FAST)
    assert memjax.fit(x, np.eye(3)[y].argmax(1), **FAST).num_models == 2
    with pytest.raises(InputError, match="y_test is given without x_test; give both, or neither"):
        memjax.fit(x, y, None, y, **FAST)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, y_test=y)
    with pytest.raises(InputError, match="expected x_train, y_train and, if wanted, both of x_test, y_test"):
        load_dataset(DataSpec(f"npz:{tmp_path / 'a.npz'}"))
    shutil.rmtree(tmp_path)
