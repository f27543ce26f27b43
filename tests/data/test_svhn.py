"""SVHN's MATLAB files: image order, the digit 0, and files that are something else."""

import numpy as np
import pytest
from scipy.io import savemat

from memjax.data.readers.svhn import read_svhn
from memjax.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
DIGITS = np.array([1, 9, 0, 5])


def save(path, packed=True, **changes):
    digits = np.where(DIGITS == 0, 10, DIGITS).astype(np.uint8)[:, None]
    content = {"X": IMAGES.transpose(1, 2, 3, 0), "y": digits} | changes
    savemat(path, {name: value for name, value in content.items() if value is not None}, do_compression=packed)
    return path


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", [np.uint8, np.float64])
def test_images_and_digits_are_read(tmp_path, packed, kind):
    digits = np.where(DIGITS == 0, 10, DIGITS).astype(kind)[:, None]

    split = read_svhn(save(tmp_path / "a.mat", packed, y=digits))

    np.testing.assert_array_equal(split.inputs, IMAGES)
    np.testing.assert_array_equal(split.labels, DIGITS)
    assert split.inputs.flags.c_contiguous


def test_other_variables_are_ignored(tmp_path):
    split = read_svhn(save(tmp_path / "a.mat", other=np.array([{"a": 1}], object)))

    np.testing.assert_array_equal(split.labels, DIGITS)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"X": None}, r"holds X  \(\) and y uint8 \(4, 1\); expected X uint8"),
        ({"y": None}, r"holds X uint8 \(32, 32, 3, 4\) and y  \(\)"),
        ({"X": IMAGES}, "expected X uint8"),
        ({"X": IMAGES.transpose(1, 2, 3, 0).astype(float)}, "holds X double"),
        ({"y": np.ones((5, 1))}, r"y double \(5, 1\)"),
        ({"y": np.array([[1], [2], [0], [3]], np.uint8)}, "y holds 0 for image 2; expected 1 to 10"),
        ({"y": np.array([[1], [2], [11], [3]], np.uint8)}, "y holds 11 for image 2"),
        ({"y": np.array([[1], [2], [2.5], [3]])}, "y holds 2.5 for image 2"),
        ({"y": np.array([["a"], ["b"], ["c"], ["d"]], object)}, "y being cell"),
    ],
)
def test_other_content_is_refused(tmp_path, changes, expected):
    with pytest.raises(InputError, match=expected):
        read_svhn(save(tmp_path / "a.mat", **changes))


@pytest.mark.parametrize("packed", [True, False])
def test_truncations_are_refused(tmp_path, packed):
    content = save(tmp_path / "a.mat", packed).read_bytes()

    for length in [0, 1, 50, 127, 128, 130, 136, 150, 200, *range(300, len(content), 1999)]:
        (tmp_path / "b.mat").write_bytes(content[:length])
        with pytest.raises(InputError, match=r"b.mat"):
            read_svhn(tmp_path / "b.mat")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "html.mat").write_bytes(b"<html>not found</html>" * 20)
    (tmp_path / "hdf5.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF" + bytes(100))

    for name in ("html", "hdf5", "absent"):
        with pytest.raises(InputError, match=f"{name}.mat"):
            read_svhn(tmp_path / f"{name}.mat")
