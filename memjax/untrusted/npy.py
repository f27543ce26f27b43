"""Reads an untrusted array in NumPy's file format: the header first, then exactly the bytes that it announces."""

import io
import tokenize
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped
from numpy.lib import format as npy_format

from memjax.errors import InputError
from memjax.untrusted.files import Readable, read_exactly, reading, size_of

# Exceptions that a damaged header can cause.  NumPy itself raises SystemError for some types.
DAMAGE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, SystemError, tokenize.TokenError)

_HEADER_MOST = 10_000
_KINDS = "biufU"  # numbers and text; objects would be pickles


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
