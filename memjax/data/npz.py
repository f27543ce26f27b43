"""A file of named arrays: x_train, y_train, x_test, y_test and, if wanted, class_names."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np

from memjax.data.build import Parts, Split, make_dataset, numbered
from memjax.data.files import clean_names, most_unpacked, reading, size_of, user_path
from memjax.data.npy import DAMAGE, parse_npy
from memjax.errors import InputError
from memjax.types import Dataset

_NEEDED = ("x_train", "y_train", "x_test", "y_test")
_NAMES = "class_names"
_DIRECTORY_MOST = 2**17  # five members need 500 bytes; a zip file ends with at most 2**16 bytes of comment
_ZIP_DAMAGE = (*DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, OverflowError)


def load_npz(file: str) -> Dataset:
    """The data set in a file written by `numpy.savez` or `numpy.savez_compressed`.

    Inputs are (examples, *shape), numbers of any type; floats become float32.  Labels are (examples,), integers from 0.
    Class names are an array of text, else numbers.  Nothing is ever unpickled.

    Raises:
      InputError: the file is not there or damaged, or its arrays are not these.
    """
    path = user_path(file)
    with reading(path, *_ZIP_DAMAGE) as stream:
        arrays = _read_arrays(stream, path)
    train = Split(_as_inputs(arrays["x_train"]), arrays["y_train"])
    test = Split(_as_inputs(arrays["x_test"]), arrays["y_test"])
    names = numbered(train, test)
    if _NAMES in arrays:
        names = _as_names(arrays[_NAMES], len(names), f"{path}: {_NAMES}")
    return make_dataset(f"npz:{file}", Parts(train, test, names))


class _Frugal(io.BufferedReader):
    """Refuses to read much at once.  A zip file's directory is read in one go, before it can be judged."""

    most = _DIRECTORY_MOST

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > self.most:
            raise zipfile.BadZipFile("its directory is too long")
        return super().read(size)


def _read_arrays(stream: io.BufferedReader, path: Path) -> dict[str, np.ndarray]:
    frugal = _Frugal(stream.raw)
    try:
        with zipfile.ZipFile(frugal) as archive:
            members = _check_members(archive.infolist(), path)
            frugal.most = 2**24  # data come in pieces
            arrays = {}
            for key, member in members.items():
                _check_size(member, size_of(stream), f"{path}: {key}")
                with archive.open(member) as content:
                    arrays[key] = parse_npy(content, member.file_size, f"{path}: {key}")
            return arrays
    finally:
        frugal.detach()  # the file is closed by whoever opened it


def _check_members(infos: list[zipfile.ZipInfo], path: Path) -> dict[str, zipfile.ZipInfo]:
    keys = [info.filename.removesuffix(".npy") for info in infos]
    if len(set(keys)) < len(keys) or not set(_NEEDED) <= set(keys) <= {*_NEEDED, _NAMES}:
        present = ", ".join(repr(key[:40])[1:-1] for key in keys[:20]) or "nothing"
        more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
        raise InputError(
            f"{path} holds {present}{more}; expected {', '.join(_NEEDED)} and, if wanted, {_NAMES}, each once"
        )
    return dict(zip(keys, infos, strict=True))


def _check_size(member: zipfile.ZipInfo, file_size: int, what: str) -> None:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{what} is packed in a way that NumPy does not use; write the file with numpy.savez")
    limit = file_size if member.compress_type == zipfile.ZIP_STORED else most_unpacked(member.compress_size)
    if member.compress_size > file_size or member.file_size > limit:
        raise InputError(f"{what} announces {member.file_size} bytes, more than can be in it; get the file again")


def _as_inputs(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):  # what overflows is found as infinity later
        return array.astype(np.float32, copy=False)


def _as_names(array: np.ndarray, count: int, what: str) -> tuple[str, ...]:
    if array.dtype.kind != "U" or array.ndim != 1:
        raise InputError(
            f"{what} are {array.dtype} {array.shape}; expected one row of text, e.g. np.array(['cat', 'dog'])"
        )
    if len(array) != count:
        raise InputError(f"{what} are {len(array)}, but the labels have {count} classes; give one name a class")
    return clean_names([str(name) for name in array], what)
