"""Reads untrusted files of named arrays, written by `numpy.savez`."""

import io
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

from memjax.errors import InputError
from memjax.untrusted.files import most_unpacked, reading, size_of
from memjax.untrusted.npy import DAMAGE, parse_npy

_DIRECTORY_MOST = 2**20  # bytes: 15,000 members.  Estimates of 1,000 classes have 3,000 members in 210,000 bytes
_PIECE_MOST = 2**24
_ZIP_DAMAGE = (*DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, OverflowError)

Check = Callable[[Sequence[str]], object]


def read_npz(path: Path, check: Check, packed: bool = True) -> dict[str, np.ndarray]:
    """The arrays in a file written by `numpy.savez` or `numpy.savez_compressed`, by name.

    Args:
      check: is called with all names, repeated ones included, before any array is read; raises InputError if they are
        not the expected names.
      packed: False: the arrays must not be compressed, so they take no more memory than the file has bytes.

    Raises:
      InputError: the file is missing or damaged, or announces more data than it can hold.
    """
    with reading(path, *_ZIP_DAMAGE) as stream:
        if stream.peek(6)[:6] == MAGIC_PREFIX:
            raise InputError(f"{path} is a single array; write all arrays into one npz file with numpy.savez")
        limited = _LimitedReader(stream.raw)
        try:
            with zipfile.ZipFile(limited) as archive:
                return _arrays(archive, limited, size_of(stream), path, check, packed)
        finally:
            limited.detach()  # so that only `reading` closes the file


class _LimitedReader(io.BufferedReader):
    """Refuses to read many bytes at once, because zipfile reads a directory of any size in one call."""

    most = _DIRECTORY_MOST

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > self.most:
            raise zipfile.BadZipFile("its directory is too long")
        return super().read(size)


def _arrays(
    archive: zipfile.ZipFile, limited: _LimitedReader, file_size: int, path: Path, check: Check, packed: bool
) -> dict[str, np.ndarray]:
    infos = archive.infolist()
    keys = [info.filename.removesuffix(".npy") for info in infos]
    check(keys)
    if len(set(keys)) < len(keys):
        raise InputError(f"{path} holds an array twice; write the file again")
    limited.most = _PIECE_MOST
    _check_sizes(infos, file_size, path, packed)
    arrays = {}
    for key, info in zip(keys, infos, strict=True):
        with archive.open(info) as content:
            arrays[key] = parse_npy(content, info.file_size, f"{path}: {key[:80]}")
    return arrays


def _check_sizes(members: Sequence[zipfile.ZipInfo], file_size: int, path: Path, packed: bool) -> None:
    """Before anything is unpacked: the limit is for all arrays together, and no two may share bytes of the file."""
    methods = {member.compress_type for member in members} - {zipfile.ZIP_STORED}
    if methods - {zipfile.ZIP_DEFLATED}:
        raise InputError(f"{path} is compressed by a method that NumPy does not use; write the file with numpy.savez")
    if methods and not packed:
        raise InputError(f"{path} is compressed, and memjax does not compress the files of a run; get the file again")
    inside, unpacked = (sum(getattr(member, size) for member in members) for size in ("compress_size", "file_size"))
    if inside > file_size or unpacked > (most_unpacked(inside) if methods else file_size):
        raise InputError(f"{path} announces {unpacked} bytes, more than the file can hold; get the file again")
