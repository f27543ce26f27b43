"""Reads untrusted files: regular files only, no more bytes than their header says, and InputError for any damage."""

import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from memjax.errors import InputError

_READ_AT_ONCE = 2**20  # bytes
_ALWAYS_UNPACKED = 2**26  # bytes that may be unpacked at any compression ratio
_RATIO_MOST = 200  # images compress 2 to 100 times, a zip bomb 1000 times


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
