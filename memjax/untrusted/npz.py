"""Files of named arrays, as `numpy.savez` writes them."""

import io
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.untrusted.files import most_unpacked, reading, size_of
from memjax.untrusted.npy import DAMAGE, parse_npy

_DIRECTORY_MOST = 2**20  # 15,000 members: estimates of 1,000 classes have 3,000 in 210,000 bytes
_PIECE_MOST = 2**24
_ZIP_DAMAGE = (*DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, OverflowError)

Check = Callable[[Sequence[str]], object]


def read_npz(path: Path, check: Check) -> dict[str, np.ndarray]:
    """The arrays in a file written by `numpy.savez` or `numpy.savez_compressed`, by name.

    Args:
      check: is given the names before anything is read, repeated ones included, and raises InputError if they are not
        those that should be there.

    Raises:
      InputError: the file is not there or damaged, or announces more than can be in it.
    """
    with reading(path, *_ZIP_DAMAGE) as stream:
        frugal = _Frugal(stream.raw)
        try:
            with zipfile.ZipFile(frugal) as archive:
                return _arrays(archive, frugal, size_of(stream), path, check)
        finally:
            frugal.detach()  # the file is closed by whoever opened it


class _Frugal(io.BufferedReader):
    """Refuses to read much at once.  A zip file's directory is read in one go, before it can be judged."""

    most = _DIRECTORY_MOST

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > self.most:
            raise zipfile.BadZipFile("its directory is too long")
        return super().read(size)


def _arrays(
    archive: zipfile.ZipFile, frugal: _Frugal, file_size: int, path: Path, check: Check
) -> dict[str, np.ndarray]:
    infos = archive.infolist()
    keys = [info.filename.removesuffix(".npy") for info in infos]
    check(keys)
    if len(set(keys)) < len(keys):
        raise InputError(f"{path} holds an array twice; write the file again")
    frugal.most = _PIECE_MOST
    arrays = {}
    for key, info in zip(keys, infos, strict=True):
        _check_size(info, file_size, f"{path}: {key[:80]}")
        with archive.open(info) as content:
            arrays[key] = parse_npy(content, info.file_size, f"{path}: {key[:80]}")
    return arrays


def _check_size(member: zipfile.ZipInfo, file_size: int, what: str) -> None:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{what} is packed in a way that NumPy does not use; write the file with numpy.savez")
    limit = file_size if member.compress_type == zipfile.ZIP_STORED else most_unpacked(member.compress_size)
    if member.compress_size > file_size or member.file_size > limit:
        raise InputError(f"{what} announces {member.file_size} bytes, more than can be in it; get the file again")
