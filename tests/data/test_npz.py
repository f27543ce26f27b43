"""NPZ files: round trips, and everything that can be wrong with one."""

import os
import struct
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest

from memjax.config.specs import DataSpec
from memjax.data import content_hash, load_dataset
from memjax.data.readers.arrays import load_npz
from memjax.errors import InputError

from .makers import npy_bytes, npy_of, npz_arrays, write_npz


def save(path, **changes):
    np.savez(path, **npz_arrays(**changes))
    return str(path)


@pytest.mark.parametrize("save_with", [np.savez, np.savez_compressed])
def test_what_was_written_is_read(tmp_path, save_with):
    arrays = npz_arrays(class_names=np.array(["ant", "bee", "für"]))
    save_with(tmp_path / "a.npz", **arrays)

    dataset = load_dataset(DataSpec(f"npz:{tmp_path / 'a.npz'}"))

    np.testing.assert_array_equal(dataset.train_inputs, arrays["x_train"])
    np.testing.assert_array_equal(dataset.train_labels, arrays["y_train"])
    np.testing.assert_array_equal(dataset.test_inputs, arrays["x_test"])
    np.testing.assert_array_equal(dataset.test_labels, arrays["y_test"])
    assert dataset.train_labels.dtype == np.int32
    assert dataset.class_names == ("ant", "bee", "für")


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f8", "<f2", ">i2", "<i8", "?", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_layout_gives_the_same_values(tmp_path, kind, order):
    x = np.arange(24).reshape(6, 2, 2).astype(kind, order=order)
    x_test = x[:3].copy(order)
    path = save(tmp_path / "a.npz", x_train=x, x_test=x_test, y_train=np.array([0, 1, 2, 0, 1, 2], ">u2"))

    dataset = load_npz(path)

    np.testing.assert_array_equal(dataset.train_inputs, x)
    np.testing.assert_array_equal(dataset.train_labels, [0, 1, 2, 0, 1, 2])
    assert dataset.train_inputs.flags.c_contiguous
    assert dataset.train_inputs.dtype.isnative
    expected = np.float32 if "f" in kind else np.dtype(kind).newbyteorder("=")
    assert dataset.train_inputs.dtype == expected


def test_layout_does_not_change_the_content_hash(tmp_path):
    x = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
    plain = load_npz(save(tmp_path / "a.npz", x_train=x))
    other = load_npz(save(tmp_path / "b.npz", x_train=np.asfortranarray(x.astype(">f8"))))

    assert content_hash(plain) == content_hash(other)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"y_train": np.array([0.5, np.inf, 2, 0, 1, 2])}, "train label 0.5 of row 0 is no class"),
        ({"y_test": np.array([True, False, True])}, "train labels are int64 and test labels are bool; give both the"),
        ({"y_train": np.array(["a", "b", "c", "a", "b", "c"])}, "train labels are <U1 and test labels are int64"),
        (
            {"y_train": np.eye(3)[[0, 1, 2] * 2]},
            r"train labels have shape \(6, 3\); expected one label",
        ),
        ({"y_train": np.array([0, 1, 2])}, "train has 6 inputs and 3 labels"),
        ({"y_test": np.array([0, 2**63 + 1, 2], np.uint64)}, "labels reach 9223372036854775809; give whole numbers"),
        ({"y_train": np.array([0, 1, 3, 0, 1, 3])}, "label 2 of row 2 has no training example"),
        ({"x_train": np.array(["a"] * 6)}, "train inputs are <U1; expected numbers"),
        ({"x_train": np.full((6, 2, 2), np.nan)}, "train example 0 holds NaN"),
        ({"x_train": np.full((6, 2, 2), 1e300), "x_test": np.ones((3, 2, 2))}, "holds a number beyond 3.4e[+]38"),
        ({"x_train": np.ones((6, 2, 2), complex)}, "complex128; expected real numbers or text"),
        ({"x_train": np.ones((6, 3, 3), np.uint8)}, "one shape"),
        ({"class_names": np.array(["ant", "bee"])}, "2 class names for 3 classes"),
        ({"class_names": np.array([b"ant", b"bee", b"cat"])}, "holds .S3; expected real numbers or text"),
        ({"class_names": np.array(["ant", "bee", "c\nat"])}, "class name 2"),
        ({"class_names": np.array([1, 2, 3])}, "class_names are int64"),
        ({"x_train": np.zeros((0, 2, 2), np.uint8), "y_train": np.zeros(0, int)}, "empty array"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, changes, expected):
    path = save(tmp_path / "a.npz", **changes)

    with pytest.raises(InputError, match=expected):
        load_dataset(DataSpec(f"npz:{path}"))


def test_pickles_are_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    traps = np.array([Trap()] * 6, dtype=object)
    np.savez(tmp_path / "a.npz", allow_pickle=True, **npz_arrays(x_train=traps))

    with pytest.raises(InputError, match="object; expected real numbers or text, for pickled objects are never read"):
        load_npz(str(tmp_path / "a.npz"))
    assert not (tmp_path / "sprung").exists()


def test_keys_are_listed(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones(3), y_train=np.ones(3))

    with pytest.raises(InputError, match="holds X, y_train; expected x_train, y_train and, if wanted"):
        load_npz(str(tmp_path / "a.npz"))


def header(shape, kind="|u1", fortran=False):
    return f"{{'descr': {kind!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (npy_bytes(header((2**40,))), "announces uint8"),
        (npy_bytes(header((6, 2, 3)), bytes(24)), "announces uint8"),
        (npy_bytes(header((6, 2, 1)), bytes(24)), "announces uint8"),
        (npy_bytes(header((-6, -2, 2)), bytes(24)), "announces uint8"),
        (npy_bytes(header((2**70, 0))), "announces uint8"),
        (npy_bytes(header((6,), "|V2"), bytes(12)), "expected real numbers or text"),
        (npy_bytes(header((6,), "|O"), bytes(48)), "expected real numbers or text"),
        (npy_bytes(header((6,), "<m8"), bytes(48)), "expected real numbers or text"),
        (npy_bytes(header("(6"), bytes(6)), "cannot be read"),
        # NumPy's own parser ends in a SystemError.
        (npy_bytes(" 'fortran_order': False, 'shape': (4, 4), }\n\x01\0\0\0\0\x01", bytes(16)), "cannot be read"),
        (npy_bytes(header("__import__('os')"), bytes(6)), "cannot be read"),
        (npy_bytes(header((6,), "nonsense"), bytes(6)), "cannot be read"),
        (npy_bytes("(" * 5000, bytes(6)), "cannot be read"),
        (npy_bytes(" " * 60_000, bytes(6)), "header of 60001 bytes"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1), "header of 4294967295 bytes"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "not an array"),
        (b"not an array at all", "not an array"),
        (b"", "not an array"),
    ],
)
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_hostile_headers_are_refused(tmp_path, member, expected, packing):
    path = write_npz(tmp_path / "a.npz", packing, x_train=member)

    with pytest.raises(InputError, match=expected):
        load_npz(str(path))


def test_bombs_are_refused_in_little_memory(tmp_path):
    zeros = npy_of(np.zeros((100_000, 40, 40), np.uint8))
    path = write_npz(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x_train=zeros)
    del zeros

    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"announces 160000\d{3} bytes, more than the file can hold"):
            load_npz(str(path))
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_sizes_in_the_directory_are_not_believed(tmp_path):
    good = write_npz(tmp_path / "a.npz").read_bytes()
    start = good.index(b"PK\x01\x02")  # the first entry: x_train
    for size in (2**31, 151, 153):
        changed = bytearray(good)
        changed[start + 20 : start + 28] = struct.pack("<II", size, size)
        (tmp_path / "b.npz").write_bytes(changed)
        with pytest.raises(InputError, match=r"b\.npz"):
            load_npz(str(tmp_path / "b.npz"))


def test_a_bomb_that_claims_to_be_packed_less_is_refused(tmp_path):
    zeros = npy_of(np.zeros((80_000, 40, 40), np.uint8))
    path = write_npz(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x_train=zeros)
    changed = bytearray(path.read_bytes())
    start = changed.index(b"PK\x01\x02")
    changed[start + 20 : start + 24] = struct.pack("<I", 10**7)
    path.write_bytes(changed)

    with pytest.raises(InputError, match=r"announces 128000\d{3} bytes, more than the file can hold"):
        load_npz(str(path))


def test_every_truncation_is_refused(tmp_path):
    content = write_npz(tmp_path / "a.npz").read_bytes()

    for length in range(0, len(content), 3):
        (tmp_path / "b.npz").write_bytes(content[:length])
        with pytest.raises(InputError, match=r"b\.npz"):
            load_npz(str(tmp_path / "b.npz"))


def test_no_flipped_bit_changes_the_values(tmp_path):
    content = write_npz(tmp_path / "a.npz").read_bytes()
    expected = content_hash(load_npz(str(tmp_path / "a.npz")))

    for place in range(0, len(content), 5):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        (tmp_path / "b.npz").write_bytes(changed)
        try:
            assert content_hash(load_npz(str(tmp_path / "b.npz"))) == expected
        except InputError as error:
            assert "b.npz" in str(error)  # noqa: PT017


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path):
    path = write_npz(tmp_path / "a.npz")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", b"")

    with pytest.raises(InputError, match="each once"):
        load_npz(str(path))


def test_a_long_directory_is_refused_at_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(25_000):
            archive.writestr(str(number), b"")

    with pytest.raises(InputError, match="directory is too long"):
        load_npz(str(tmp_path / "a.npz"))


def test_names_in_the_file_are_never_paths(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("../../x_train.npy", b"")

    with pytest.raises(InputError, match=r"holds \.\./\.\./x_train; expected"):
        load_npz(str(tmp_path / "a.npz"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_other_packings_are_refused(tmp_path):
    with pytest.raises(InputError, match="compressed by a method"):
        load_npz(str(write_npz(tmp_path / "a.npz", zipfile.ZIP_LZMA)))


def test_other_files_are_refused(tmp_path):
    with tarfile.open(tmp_path / "tar.npz", "w"):
        pass
    (tmp_path / "empty.npz").touch()
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "folder.npz").mkdir()

    for name in ("tar", "empty", "pipe", "folder", "absent"):
        with pytest.raises(InputError, match=f"{name}.npz"):
            load_npz(str(tmp_path / f"{name}.npz"))
