"""Inputs that stay on disk: the same data set, read by row."""

import dataclasses
import io

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from memjax.config.specs import DataSpec
from memjax.data import content_hash, load_dataset, take_rows
from memjax.data.readers import tfds as reader
from memjax.data.readers.tfds import decoded
from memjax.disk_inputs import Stored
from memjax.errors import InputError
from tests.data.test_tfds import NO_NETWORK


def arrays(dtype=np.uint8, shape=(3, 2)):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 9, (12, *shape)).astype(dtype),
        "y_train": np.arange(12) % 3,
        "x_test": rng.integers(0, 9, (4, *shape)).astype(dtype),
        "y_test": np.arange(4) % 3,
    }


def write(folder, **changed):
    for name, array in (arrays() | changed).items():
        np.save(folder / f"{name}.npy", array)
    return f"npy:{folder}"


def test_on_disk_and_in_memory_are_the_same_data(tmp_path):
    name = write(tmp_path)
    chosen = {"classes": (2, 0), "per_class": 3, "test_per_class": 1, "label_noise": 0.4}
    there, here = (load_dataset(DataSpec(name, stream=stream, **chosen)) for stream in (True, False))

    assert isinstance(there.train_inputs, Stored)
    assert isinstance(here.train_inputs, np.ndarray)
    assert there.train_inputs.shape == here.train_inputs.shape == (6, 3, 2)
    np.testing.assert_array_equal(there.train_inputs[:], here.train_inputs)
    np.testing.assert_array_equal(there.train_inputs[np.array([4, 1])], here.train_inputs[[4, 1]])
    np.testing.assert_array_equal(there.test_inputs[1], here.test_inputs[1])
    np.testing.assert_array_equal(there.train_labels, here.train_labels)
    assert content_hash(there) == content_hash(here)
    assert len(take_rows(there, slice(2), slice(1)).train_inputs) == 2


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"x_train": np.full((12, 3, 2), np.nan, np.float32)}, r"holds NaN or infinity \(12 such examples\)"),
        ({"x_train": np.asfortranarray(arrays()["x_train"])}, "Fortran or foreign byte order"),
        ({"x_train": np.zeros((0, 3, 2), np.uint8)}, "x_train.npy is an empty array"),
        ({"y_train": np.arange(11)}, "12 inputs and 11 labels"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(tmp_path, changed, expected):
    if expected.startswith("holds NaN"):
        changed["x_test"] = np.zeros((4, 3, 2), np.float32)

    with pytest.raises(InputError, match=expected):
        load_dataset(DataSpec(write(tmp_path, **changed), stream=True))


def test_labels_may_be_text(tmp_path):
    words = np.array(["cat", "dog", "ant"])
    name = write(tmp_path, y_train=words[np.arange(12) % 3], y_test=words[np.arange(4) % 3])

    data = load_dataset(DataSpec(name, stream=True))

    assert data.class_names == ("ant", "cat", "dog")
    np.testing.assert_array_equal(data.train_labels[:3], [1, 2, 0])


def test_a_file_cut_short_is_refused(tmp_path):
    name = write(tmp_path)
    (tmp_path / "x_train.npy").write_bytes((tmp_path / "x_train.npy").read_bytes()[:-5])

    with pytest.raises(InputError, match=r"x_train\.npy announces uint8"):
        load_dataset(DataSpec(name, stream=True))


def jpeg(width, height, colour, mode="RGB") -> io.BytesIO:
    """An image with a square of a colour in the middle and black bands beside it."""
    image, side = Image.new(mode, (width, height)), min(width, height)
    image.paste(colour, ((width - side) // 2, (height - side) // 2, (width + side) // 2, (height + side) // 2))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95)
    stream.seek(0)
    return stream


@pytest.mark.parametrize(("width", "height"), [(300, 100), (90, 256), (16, 16), (12, 12)])
def test_the_square_in_the_middle_is_taken(width, height):
    pixels = decoded(jpeg(width, height, (200, 40, 80)).read(), 16, 3)

    assert pixels.shape == (16, 16, 3)
    inside = pixels[2:-2, 2:-2].reshape(-1, 3)
    assert np.abs(inside - np.array([200.0, 40.0, 80.0])).max() <= 8
    assert decoded(jpeg(width, height, (200, 200, 200)).read(), 16, 1).shape == (16, 16)


class MemjaxImagenet(tfds.core.GeneratorBasedBuilder):
    """With the features and splits of imagenet2012: JPEG images of any size, 1000 classes, test without labels."""

    VERSION = tfds.core.Version("5.1.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(names=[f"n{number:08}" for number in range(1000)]),
            "file_name": tfds.features.Text(),
        }
        keys = ("image", "label")
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=keys)

    def _split_generators(self, dl_manager):
        return {which: self._generate_examples(which, count) for which, count in
                (("train", 1000), ("validation", 20), ("test", 3))}  # fmt: skip

    def _generate_examples(self, which, count):
        for row in range(count):
            label = -1 if which == "test" else row % 1000
            image = jpeg(12 + row % 7, 10 + row % 5, (row % 250, 30, 200))
            yield row, {"image": image, "label": label, "file_name": f"{row}.JPEG"}


@pytest.fixture(scope="session")
def prepared_imagenet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imagenet")
    MemjaxImagenet(data_dir=folder, file_format="array_record").download_and_prepare(download_config=NO_NETWORK)
    return folder


@pytest.fixture
def imagenet(prepared_imagenet, monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared_imagenet))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "memjax" / "labels"


SPEC = DataSpec("tfds:memjax_imagenet", stream=True, image_size=8, test_split="validation")


def test_images_of_any_size_are_decoded_when_asked_for(imagenet):
    data = load_dataset(SPEC)
    rows = np.array([5, 999, 17])

    assert (data.num_train, data.num_test, data.num_classes, data.input_shape) == (1000, 20, 1000, (8, 8, 3))
    assert sorted(data.train_labels) == list(range(1000))
    found = data.train_inputs[rows]
    assert found.dtype == np.uint8
    red = found[:, 3, 3, 0].astype(int)
    assert np.abs(red - data.train_labels[rows] % 250).max() <= 8
    np.testing.assert_array_equal(data.train_inputs[999], found[1])
    here = load_dataset(dataclasses.replace(SPEC, stream=False))
    np.testing.assert_array_equal(here.train_inputs[rows], found)
    hashes = [content_hash(load_dataset(dataclasses.replace(SPEC, **changed))) for changed in ({}, {"image_size": 9})]
    assert hashes[0] == content_hash(data) != hashes[1]


def test_labels_are_read_once(imagenet, monkeypatch):
    first = load_dataset(SPEC)
    assert len(list(imagenet.glob("*.npy"))) == 2
    monkeypatch.setattr(reader, "_read_labels", None)
    np.testing.assert_array_equal(load_dataset(SPEC).train_labels, first.train_labels)


def test_images_of_many_sizes_need_image_size(imagenet):
    for stream in (True, False):
        with pytest.raises(InputError, match="give --image-size"):
            load_dataset(dataclasses.replace(SPEC, stream=stream, image_size=None))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"stream": True, "corrupt": ("random-labels=0.5",)}, "--corrupt changes data in memory"),
        ({"image_size": 8}, "--image-size is for folder:FOLDER and tfds:NAME; leave it out for digits"),
        ({"test_split": "validation"}, "--test-split is for tfds:NAME"),
        ({"dataset": "tfds:x", "image_size": 0}, "--image-size is 0"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options, expected):
    with pytest.raises(InputError, match=expected):
        DataSpec(**options)
