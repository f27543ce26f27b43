"""Small files in the exact formats, made by hand."""

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from memjax.types import Dataset


def tiny(labels=(0, 1, 2, 0, 1, 2), test_labels=(0, 1, 2), **changes) -> Dataset:
    """A data set of 2 x 2 images whose values are their row."""
    fields = {
        "name": "tiny",
        "train_inputs": np.repeat(np.arange(len(labels), dtype=np.uint8), 4).reshape(-1, 2, 2),
        "train_labels": np.array(labels, np.int32),
        "test_inputs": np.repeat(np.arange(len(test_labels), dtype=np.uint8), 4).reshape(-1, 2, 2),
        "test_labels": np.array(test_labels, np.int32),
        "train_ids": np.arange(len(labels)),
        "test_ids": np.arange(len(test_labels)),
        "class_names": ("ant", "bee", "cat"),
        "mislabelled": np.zeros(len(labels), bool),
    }
    return Dataset(**{**fields, **changes})


def unchecked(dataset: Dataset, **changes) -> Dataset:
    """A Dataset with fields that its own annotations would refuse."""
    changed = object.__new__(Dataset)
    for name, value in {**vars(dataset), **changes}.items():
        object.__setattr__(changed, name, value)
    return changed


def idx_bytes(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, train: int = 12, test: int = 5, pack: bool = True, classes: int = 3):
    """The four files; labels go round, images are random.  Returns the arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    arrays = {}
    for which, count in (("train", train), ("t10k", test)):
        arrays[f"{which}-images-idx3-ubyte"] = rng.integers(0, 256, (count, 4, 5), np.uint8)
        arrays[f"{which}-labels-idx1-ubyte"] = (np.arange(count) % classes).astype(np.uint8)
    for name, array in arrays.items():
        content = idx_bytes(array)
        (folder / (name + ".gz" if pack else name)).write_bytes(gzip.compress(content) if pack else content)
    return list(arrays.values())


def npy_bytes(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin1") + b"\n"
    width = "<H" if version == b"\x01\x00" else "<I"
    return b"\x93NUMPY" + version + struct.pack(width, len(text)) + text + data


def npy_of(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz_arrays(**changes) -> dict[str, np.ndarray]:
    arrays = {
        "x_train": np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2),
        "y_train": np.array([0, 1, 2, 0, 1, 2]),
        "x_test": np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2),
        "y_test": np.array([0, 1, 2]),
    }
    return {**arrays, **changes}


def write_npz(path: Path, packing: int = zipfile.ZIP_STORED, **members: bytes) -> Path:
    """A zip file of four good members, some replaced by the bytes given."""
    content = {name: npy_of(array) for name, array in npz_arrays().items()} | members
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in content.items():
            archive.writestr(f"{name}.npy", data)
    return path


def cifar_bytes(images: np.ndarray, *labels: np.ndarray) -> bytes:
    """Records: the labels, then the image's three planes."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([*(label[:, None] for label in labels), planes], axis=1).astype(np.uint8).tobytes()


def write_tar(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
