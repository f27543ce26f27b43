"""Reads files from untrusted sources: regular files only, no more bytes than their header says, and nothing unpickled.

Sizes are checked before memory is allocated, and any damage is an InputError.  Of NumPy's formats the header is read
first, then exactly the bytes that it announces.
"""

import io
import os
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped
from numpy.lib import format as npy_format

from memjax.errors import InputError

_READ_AT_ONCE = 2**20  # bytes
_ALWAYS_UNPACKED = 2**26  # bytes that may be unpacked at any compression ratio
_RATIO_MOST = 200  # images compress 2 to 100 times, a zip bomb 1000 times
# Exceptions that a damaged header can cause.  NumPy itself raises SystemError for some types.
DAMAGE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, SystemError, tokenize.TokenError)

_HEADER_MOST = 10_000
_KINDS = "biufU"  # numbers and text; objects would be pickles
_DIRECTORY_MOST = 2**20  # bytes: 15,000 members.  Estimates of 1,000 classes have 3,000 members in 210,000 bytes
_PIECE_MOST = 2**24
Check = Callable[[Sequence[str]], object]


@runtime_checkable
class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def reading(path: Path, *damage: type[Exception]) -> Iterator[io.BufferedReader]:
    """Opens a regular file.  Errors while it is open become an InputError that names the file.

    Args:
      damage: exceptions that the reader of the content raises if it is damaged, besides OSError, EOFError and zlib's.
    """
    try:
        with _open_regular(path) as stream:
            yield stream
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check the path") from error
    except (OSError, EOFError, zlib.error, *damage) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read: {reason}; check the file or get it again") from error


def _open_regular(path: Path) -> io.BufferedReader:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # do not wait for a FIFO's writer
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # the path has a zero byte
        raise InputError(f"{str(path)!r} is not a path: {error}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path} is a folder, pipe or device; give a regular file")
    return open(descriptor, "rb")


def user_path(text: str | Path) -> Path:
    """The path with ~ replaced by the user's home folder."""
    return Path(os.path.expanduser(text))  # Path.expanduser raises if there is no such user


def cache_folder(name: str) -> Path:
    """A folder of memjax in the user's cache folder, as an absolute path; it may not exist yet."""
    return Path(os.path.abspath(user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache"))) / "memjax" / name


def size_of(stream: io.BufferedReader) -> int:
    """Size of an open file in bytes."""
    return os.fstat(stream.fileno()).st_size


def read_exactly(stream: Readable, size: int, what: str) -> bytes:
    """The whole stream, which must have `size` bytes.  Memory grows with the bytes read, not with `size`.

    Raises:
      InputError: the stream is shorter or longer.
    """
    data = bytearray()
    while len(data) <= size and (part := stream.read(min(_READ_AT_ONCE, size + 1 - len(data)))):
        data += part
    if len(data) != size:
        found = f"only {len(data)}" if len(data) < size else "more"
        raise InputError(f"{what} should hold {size} bytes of data after its header, but holds {found}; get it again")
    return bytes(data)


def most_unpacked(packed: int) -> int:
    """The largest size to which `packed` compressed bytes may be unpacked."""
    return max(_ALWAYS_UNPACKED, _RATIO_MOST * packed)


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype
    size: int  # bytes of the header itself


def read_npy(path: Path) -> Shaped[np.ndarray, "..."]:
    """The array in a file written by `numpy.save`.

    Raises:
      InputError: the file is missing, damaged or of another kind.
    """
    with reading(path, *DAMAGE) as stream:
        return parse_npy(stream, size_of(stream), str(path))


def map_npy(path: Path) -> Shaped[np.ndarray, "..."]:
    """The array as a memory map: it stays on disk.  It must have native byte order and C order.

    Raises:
      InputError: as `read_npy`, or the array has another order.
    """
    with reading(path, *DAMAGE) as stream:
        header = _checked_header(stream, size_of(stream), str(path))
        if header.fortran or not header.dtype.isnative:
            raise InputError(
                f"{path} is in Fortran or foreign byte order; save numpy.ascontiguousarray of it, in native byte order"
            )
        return np.memmap(stream, header.dtype, "r", header.size, header.shape)


def parse_npy(stream: Readable, size: int, what: str) -> Shaped[np.ndarray, "..."]:
    """The array in a stream of NPY data, in native byte order and C order.

    Args:
      size: bytes in the stream.  If the header announces another size, no data are read.
      what: the array's name, for messages.

    Raises:
      InputError: the stream is not NPY data, does not hold numbers or text, or has another size.
    """
    header = _checked_header(stream, size, what)
    flat = np.frombuffer(read_exactly(stream, header.dtype.itemsize * prod(header.shape), what), header.dtype)
    array = flat.reshape(header.shape, order="F" if header.fortran else "C")
    return array.astype(header.dtype.newbyteorder("="), order="C", copy=False)


def _checked_header(stream: Readable, size: int, what: str) -> _Header:
    header = _read_header(stream, what)
    if header.dtype.kind not in _KINDS or header.dtype.subdtype is not None:
        raise InputError(
            f"{what} holds {header.dtype}; expected real numbers or text, for pickled objects are never read"
        )
    num_bytes = header.dtype.itemsize * prod(header.shape)
    if not all(0 <= length < 2**48 for length in header.shape) or header.size + num_bytes != size:
        raise InputError(
            f"{what} announces {header.dtype} {header.shape}, {num_bytes} bytes, but has room for "
            f"{size - header.size}; write the file again"
        )
    return header


def _read_header(stream: Readable, what: str) -> _Header:
    start = stream.read(8)
    version, width = start[6:8], {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}.get(start[6:8])
    if start[:6] != npy_format.MAGIC_PREFIX or width is None:
        raise InputError(f"{what} is not an array in NumPy's format; write it with numpy.save or numpy.savez")
    length_bytes = stream.read(width)
    length = int.from_bytes(length_bytes, "little")
    if length > _HEADER_MOST:
        raise InputError(f"{what} announces a header of {length} bytes; at most {_HEADER_MOST} are read")
    return _parsed_header(version, length_bytes + stream.read(length), 8 + width + length)


@lru_cache(256)
def _parsed_header(version: bytes, text: bytes, size: int) -> _Header:
    """The blocks of a run have a few different headers between them, and parsing one takes longer than reading it."""
    read = npy_format.read_array_header_1_0 if version == b"\x01\x00" else npy_format.read_array_header_2_0
    return _Header(*read(io.BytesIO(text)), size)


_ZIP_DAMAGE = (*DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, OverflowError)


def read_npz(path: Path, check: Check = lambda names: None, packed: bool = True) -> dict[str, np.ndarray]:
    """The arrays in a file written by `numpy.savez` or `numpy.savez_compressed`, by name.

    Args:
      check: is called with all names, repeated ones included, before any array is read; raises InputError if they are
        not the expected names.  By default all are.
      packed: False: the arrays must not be compressed, so they take no more memory than the file has bytes.

    Raises:
      InputError: the file is missing or damaged, or announces more data than it can hold.
    """
    with reading(path, *_ZIP_DAMAGE) as stream:
        if stream.peek(6)[:6] == npy_format.MAGIC_PREFIX:
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
