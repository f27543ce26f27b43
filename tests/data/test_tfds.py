"""Data sets prepared by TensorFlow Datasets: a real one, made without TensorFlow, and ones that cannot be read."""

import io
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError

NO_NETWORK = tfds.download.DownloadConfig(try_download_gcs=False)


def png(row: int) -> io.BytesIO:
    """An image already packed: packing it is the one thing for which TensorFlow would be needed."""
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 5), row, np.uint8)).save(stream, "PNG")
    stream.seek(0)
    return stream


class MemjaxShapes(tfds.core.GeneratorBasedBuilder):
    """Grey images whose pixels are their number; even ones are ants, odd ones bees."""

    VERSION = tfds.core.Version("1.0.0")
    splits = ("train", "test")
    keys = ("image", "label")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(4, 5, 1)),
            "label": tfds.features.ClassLabel(names=["ant", "bee"]),
            "note": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=self.keys
        )

    def _split_generators(self, dl_manager):
        return {which: self._generate_examples(count) for which, count in zip(self.splits, (6, 3), strict=False)}

    def _generate_examples(self, count):
        for row in range(count):
            yield row, {"image": png(row), "label": row % 2, "note": "some text"}


class MemjaxTrainOnly(MemjaxShapes):
    """Without test examples."""

    splits = ("train",)


class MemjaxKeyless(MemjaxShapes):
    """Without input and label."""

    keys = None


class MemjaxTexts(MemjaxShapes):
    """Whose label is text."""

    keys = ("image", "note")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    for builder in (MemjaxShapes, MemjaxTrainOnly, MemjaxKeyless, MemjaxTexts):
        builder(data_dir=folder, file_format="array_record").download_and_prepare(download_config=NO_NETWORK)
    return folder


@pytest.fixture
def in_prepared(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared))
    return prepared


@pytest.mark.parametrize("name", ["memjax_shapes", "memjax_shapes:1.0.0"])
def test_a_prepared_data_set_is_read(in_prepared, name):
    dataset = load_dataset(DataSpec(f"tfds:{name}"))

    pixels = dataset.train_inputs[:, 0, 0]
    assert dataset.train_inputs.shape == (6, 4, 5)
    assert dataset.test_inputs.shape == (3, 4, 5)
    assert dataset.train_inputs.dtype == np.uint8
    assert sorted(pixels) == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(dataset.train_labels, pixels % 2)
    np.testing.assert_array_equal(dataset.test_labels, dataset.test_inputs[:, 0, 0] % 2)
    assert dataset.class_names == ("ant", "bee")
    assert "tensorflow" not in sys.modules


def test_an_unprepared_data_set_is_refused_and_not_downloaded(in_prepared, monkeypatch):
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", None)

    with pytest.raises(InputError) as caught:
        load_dataset(DataSpec("tfds:mnist"))
    assert str(caught.value) == (
        f"tfds:mnist is not prepared in {in_prepared}; where TensorFlow is installed, run: tfds build mnist "
        f"--file_format=array_record --data_dir={in_prepared}; or set TFDS_DATA_DIR"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("memjax_train_only", "has splits train; train and test are needed"),
        ("memjax_keyless", "does not say which features are input and label"),
        ("memjax_texts", "feature note is not a class label"),
        ("memjax_shapes:9.9.9", "is not prepared"),
        ("memjax_shapes/other", "is not prepared"),
        ("../memjax_shapes", "is not a name"),
        ("/etc", "is not a name"),
    ],
)
def test_other_data_sets_are_refused(in_prepared, name, expected):
    with pytest.raises(InputError, match=expected):
        load_dataset(DataSpec(f"tfds:{name}"))


def test_damaged_records_are_reported(tmp_path, monkeypatch):
    MemjaxShapes(data_dir=tmp_path, file_format="array_record").download_and_prepare(download_config=NO_NETWORK)
    for path in tmp_path.rglob("*-train.array_record*"):
        path.write_bytes(b"")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    with pytest.raises(InputError, match="memjax_shapes: train cannot be read"):
        load_dataset(DataSpec("tfds:memjax_shapes"))
