"""IDX, the file format of the MNIST family: a magic number, the sizes, the bytes."""

import gzip
import os
from math import prod
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from memjax.data.build import Split, make_encoded
from memjax.errors import InputError
from memjax.types import Dataset
from memjax.untrusted import Readable, most_unpacked, read_exactly, reading, size_of, user_path

_WHICH = ("train", "t10k")
_UINT8 = 0x08
_GZIP = b"\x1f\x8b"
_NAMES_MOST = 2**20


def load_idx(folder: str) -> Dataset:
    """The data set in a folder: files of images (examples, height, width) and labels, compressed or not.

    The file names begin with `train` and `t10k`.  Class names are the lines of `class_names.txt`; without that file
    they are the labels.
    """
    place = user_path(folder)
    train, test = (read_split(_find(place, which, "images", 3), _find(place, which, "labels", 1)) for which in _WHICH)
    path, names = place / "class_names.txt", []
    if os.path.exists(path):
        with reading(path, UnicodeError) as stream:
            text = stream.read(_NAMES_MOST).decode("utf-8-sig")
        names = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
    return make_encoded(f"idx:{folder}", train, test, names, str(path), "classification")[0]


def read_split(images: Path, labels: Path) -> Split:
    """Images (examples, height, width) and labels (examples,) from two files."""
    return Split(read_idx(images, 3), read_idx(labels, 1))


def read_idx(path: Path, ndim: int) -> UInt8[np.ndarray, "..."]:
    """The array with `ndim` axes in an IDX file, compressed with gzip or not."""
    with reading(path) as stream:
        packed = stream.peek(2)[:2] == _GZIP
        limit = most_unpacked(size_of(stream)) if packed else size_of(stream)
        array = parse_idx(gzip.GzipFile(fileobj=stream) if packed else stream, str(path), limit)
    if array.ndim != ndim:
        raise InputError(f"{path} holds an array of {array.ndim} axes; expected {ndim}")
    return array


def parse_idx(stream: Readable, what: str, limit: int) -> UInt8[np.ndarray, "..."]:
    """The array in a stream of IDX data.  Only unsigned bytes are read, the type of the whole MNIST family.

    A header that announces more than `limit` bytes is refused before any data are read.
    """
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise InputError(
            f"{what} is not an IDX file: it starts with {magic.hex() or 'nothing'}, not with 0000; get it again"
        )
    kind, ndim = magic[2], magic[3]
    if kind != _UINT8 or not 1 <= ndim <= 4:
        raise InputError(
            f"{what} has element type 0x{kind:02x} and {ndim} axes; expected unsigned bytes (0x08), 1 to 4"
        )
    header = stream.read(4 * ndim)
    if len(header) < 4 * ndim:
        raise InputError(f"{what} ends inside its header; get it again")
    shape = tuple(int.from_bytes(header[4 * axis : 4 * axis + 4], "big") for axis in range(ndim))
    if 0 in shape:
        raise InputError(f"{what} announces an array {shape}, with nothing in it; expected sizes of 1 and more")
    if prod(shape) > limit:
        raise InputError(
            f"{what} announces {prod(shape)} bytes {shape}, more than can be in it ({limit}); get it again"
        )
    return np.frombuffer(read_exactly(stream, prod(shape), what), np.uint8).reshape(shape)


def _find(folder: Path, which: str, kind: str, ndim: int) -> Path:
    usual = f"{which}-{kind}-idx{ndim}-ubyte"
    other = f"{which}-{kind}.idx{ndim}-ubyte"
    for name in (usual, f"{usual}.gz", other, f"{other}.gz"):
        if os.path.exists(folder / name):  # unlike Path.exists, raises nothing for an impossible path
            return folder / name
    raise InputError(f"{folder} has no {usual} or {usual}.gz; give a folder with the files of the MNIST family")
