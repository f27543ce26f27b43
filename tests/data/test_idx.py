"""IDX files: round trips, and everything that can be wrong with one."""

import gzip
import io
import os
import struct
from math import prod

import numpy as np
import pytest

from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.data.readers.idx import load_idx, parse_idx, read_idx
from memjax.errors import InputError

from .makers import idx_bytes, write_mnist

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("pack", [True, False])
def test_what_was_written_is_read(tmp_path, pack):
    images, labels, test_images, test_labels = write_mnist(tmp_path, pack=pack)

    dataset = load_dataset(DataSpec(f"idx:{tmp_path}"))

    np.testing.assert_array_equal(dataset.train_inputs, images)
    np.testing.assert_array_equal(dataset.train_labels, labels)
    np.testing.assert_array_equal(dataset.test_inputs, test_images)
    np.testing.assert_array_equal(dataset.test_labels, test_labels)
    assert dataset.train_inputs.dtype == np.uint8
    assert dataset.train_labels.dtype == dataset.test_labels.dtype == np.int32
    assert dataset.class_names == ("0", "1", "2")


def test_the_spelling_with_a_dot_is_read(tmp_path):
    write_mnist(tmp_path, pack=False)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))

    assert load_idx(str(tmp_path)).num_train == 12


def test_class_names_come_from_their_file(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "class_names.txt").write_bytes("\ufeffant\r\nbee\r\nfür".encode())

    assert load_idx(str(tmp_path)).class_names == ("ant", "bee", "für")


def test_classes_need_not_be_numbered_from_0(tmp_path):
    _, labels, _, test_labels = write_mnist(tmp_path, pack=False)
    for which, array in (("train", labels), ("t10k", test_labels)):
        (tmp_path / f"{which}-labels-idx1-ubyte").write_bytes(idx_bytes(1 + 2 * array))

    dataset = load_idx(str(tmp_path))

    assert dataset.class_names == ("1", "3", "5")
    np.testing.assert_array_equal(dataset.train_labels, labels)
    np.testing.assert_array_equal(dataset.test_labels, test_labels)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"ant\nbee\n", "2 class names.*3 classes"),
        (b"ant\nbee\ncat\ndog\n", "4 class names.*3 classes"),
        (b"ant\n\ncat\n", "class name 1"),
        (b"ant\nb\x1bee\ncat\n", "class name 1.*printable"),
        ("ant\nb\u202eee\ncat\n".encode(), "class name 1.*printable"),
        (b"ant\nb\xffee\ncat\n", "class_names.txt cannot be read"),
        (b"ant\nbee\n" + b"c" * 201, "class name 2"),
    ],
)
def test_wrong_class_names_are_refused(tmp_path, text, expected):
    write_mnist(tmp_path)
    (tmp_path / "class_names.txt").write_bytes(text)

    with pytest.raises(InputError, match=expected):
        load_idx(str(tmp_path))


def test_a_missing_file_is_named(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()

    with pytest.raises(InputError, match=r"no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        load_idx(str(tmp_path))


@pytest.mark.parametrize("pack", [True, False])
def test_every_truncation_is_refused(tmp_path, pack):
    content = gzip.compress(idx_bytes(IMAGES)) if pack else idx_bytes(IMAGES)
    path = tmp_path / "some"
    path.write_bytes(content)
    np.testing.assert_array_equal(read_idx(path, 3), IMAGES)

    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match="some"):
            read_idx(path, 3)


@pytest.mark.parametrize("pack", [True, False])
def test_bytes_too_many_are_refused(tmp_path, pack):
    content = idx_bytes(IMAGES) + b"!"
    (tmp_path / "some").write_bytes(gzip.compress(content) if pack else content)

    with pytest.raises(InputError, match=r"should hold 24 bytes .* holds more"):
        read_idx(tmp_path / "some", 3)


def test_bytes_after_the_packed_part_are_refused(tmp_path):
    (tmp_path / "some").write_bytes(gzip.compress(idx_bytes(IMAGES)) + b"and more")

    with pytest.raises(InputError, match="some cannot be read"):
        read_idx(tmp_path / "some", 3)


class Watched(io.BytesIO):
    """Keeps what was asked for."""

    asked = 0

    def read(self, size=-1):
        self.asked = max(self.asked, size)
        return super().read(size)


@pytest.mark.parametrize("shape", [(2**32 - 1,) * 3, (2**32 - 1, 1, 1), (100, 100, 100)])
def test_sizes_that_cannot_be_are_refused_before_reading(shape):
    stream = Watched(struct.pack(">HBB3I", 0, 8, 3, *shape) + b"data")

    with pytest.raises(InputError, match=f"announces {prod(shape)} bytes"):
        parse_idx(stream, "some", limit=20)
    assert stream.asked < 20


def test_an_announced_size_is_not_allocated_until_it_came():
    stream = Watched(struct.pack(">HBBI", 0, 8, 1, 2**32 - 1) + b"data")

    with pytest.raises(InputError, match="only 4"):
        parse_idx(stream, "some", limit=2**33)
    assert stream.asked <= 2**20


def test_a_packed_bomb_is_refused(tmp_path):
    honest = struct.pack(">HBB3I", 0, 8, 3, 10_000, 100, 100) + bytes(100_000_000)
    (tmp_path / "honest").write_bytes(gzip.compress(honest, 1))
    liar = struct.pack(">HBB3I", 0, 8, 3, 1, 10, 10) + bytes(50_000_000)
    (tmp_path / "liar").write_bytes(gzip.compress(liar, 1))

    with pytest.raises(InputError, match="announces 100000000 bytes"):
        read_idx(tmp_path / "honest", 3)
    with pytest.raises(InputError, match="holds more"):
        read_idx(tmp_path / "liar", 3)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"\x89PNG", "not an IDX file"),
        (struct.pack(">HBBI", 0, 0x0D, 1, 4), "element type 0x0d"),
        (struct.pack(">HBB", 0, 8, 0), "0 axes"),
        (struct.pack(">HBB", 0, 8, 255), "255 axes"),
        (struct.pack(">HBB2I", 0, 8, 2, 0, 2**32 - 1), "nothing in it"),
    ],
)
def test_other_content_is_refused(start, expected):
    with pytest.raises(InputError, match=expected):
        parse_idx(io.BytesIO(start + bytes(2000)), "some", 2000)


def test_labels_where_images_should_be_are_refused(tmp_path):
    (tmp_path / "some").write_bytes(idx_bytes(np.zeros(4)))

    with pytest.raises(InputError, match="1 axes; expected 3"):
        read_idx(tmp_path / "some", 3)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zeros").symlink_to("/dev/zero")

    for name in ("pipe", "folder", "zeros"):
        with pytest.raises(InputError, match=f"{name} is a folder, pipe or device"):
            read_idx(tmp_path / name, 3)


def test_fewer_labels_than_images_are_refused(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(7)))

    with pytest.raises(InputError, match="train has 12 inputs and 7 labels"):
        load_idx(str(tmp_path))
