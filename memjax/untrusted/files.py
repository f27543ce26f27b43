"""Reading files that nobody vouches for: regular files only, no more bytes than announced, one kind of error."""

import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from memjax.errors import InputError

_CHUNK = 2**20
_ALWAYS = 2**26  # bytes that may be unpacked whatever the ratio
_RATIO = 200  # images pack 2 to 100 times; a zip bomb 1000 times


@runtime_checkable
class Readable(Protocol):
    """What bytes can be read from, in order."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def reading(path: Path, *damage: type[Exception]) -> Iterator[io.BufferedReader]:
    """Opens a regular file; what goes wrong with it or in it comes out as an InputError that names it.

    Args:
      damage: exceptions, besides those of files and of zlib, by which the reader says that the content is wrong.
    """
    try:
        with _open_regular(path) as stream:
            yield stream
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path} is not there; check the path") from error
    except (OSError, EOFError, zlib.error, *damage) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read: {reason}; check the file or get it again") from error


def _open_regular(path: Path) -> io.BufferedReader:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO must not make us wait
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # a zero byte
        raise InputError(f"{str(path)!r} is not a path: {error}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path} is a folder, pipe or device; give a regular file")
    return open(descriptor, "rb")


def user_path(text: str | Path) -> Path:
    """The path as the user wrote it, ~ being their home folder."""
    return Path(os.path.expanduser(text))  # Path's own way raises where there is no such user


def size_of(stream: io.BufferedReader) -> int:
    """Bytes in an open file."""
    return os.fstat(stream.fileno()).st_size


def read_exactly(stream: Readable, size: int, what: str) -> bytes:
    """All of a stream, which has to be `size` bytes; never holds more than was really there, nor more than size + 1.

    Raises:
      InputError: the stream is shorter or longer.
    """
    data = bytearray()
    while len(data) <= size and (chunk := stream.read(min(_CHUNK, size + 1 - len(data)))):
        data += chunk
    if len(data) != size:
        came = f"only {len(data)}" if len(data) < size else "more"
        raise InputError(f"{what} should hold {size} bytes of data after its header, but holds {came}; get it again")
    return bytes(data)


def most_unpacked(packed: int) -> int:
    """The most bytes that are unpacked from `packed` bytes."""
    return max(_ALWAYS, _RATIO * packed)
