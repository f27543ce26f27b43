"""Files that exist whole or not at all, whatever stops the program that writes them."""

import errno
import hashlib
import os
import socket
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

TEMPORARY = ".tmp"
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Puts a file in place of an older one: a reader sees all of the old one or all of the new one."""
    with _written_aside(path, write) as aside:
        os.replace(aside, path)
    _flush_folder(path.parent)


def write_arrays(path: Path, arrays: Iterable[tuple[str, np.ndarray]]) -> None:
    """An npz file, in place of an older one, from arrays that come one by one and are let go."""

    def write(stream: BinaryIO) -> None:
        with zipfile.ZipFile(stream, "w") as archive:
            for name, array in arrays:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)

    write_atomically(path, write)


def publish(path: Path, content: bytes) -> bool:
    """Puts a new file there; False, and nothing changes, where there is a file of that name already.

    Of several processes that publish under one name, on one machine or on many, one succeeds.  Where the file system
    has no hard links, two that come at the very same moment may both believe so.
    """
    with _written_aside(path, lambda stream: stream.write(content)) as aside:
        try:
            os.link(aside, path)
        except FileExistsError:
            return False
        except OSError as problem:
            if problem.errno not in _NO_LINKS:
                raise
            if path.exists():
                return False
            os.replace(aside, path)
    _flush_folder(path.parent)
    return True


def remove_leftovers(folder: Path) -> int:
    """Removes half-written files of processes of this machine that live no more; returns how many."""
    removed = 0
    for path in folder.glob(f".*{TEMPORARY}"):
        machine, _, process = path.name.removesuffix(TEMPORARY).rpartition(".")
        if machine.endswith(f"@{socket.gethostname()}") and process.isdigit() and not _lives(int(process)):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def sha256_of(path: Path) -> str:
    """The checksum of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _written_aside(path: Path, write: Callable[[BinaryIO], object]) -> Iterator[Path]:
    """The content under another name in the same folder, on disk; gone afterwards if it is still there."""
    aside = path.with_name(f".{path.name}@{socket.gethostname()}.{os.getpid()}{TEMPORARY}")
    try:
        with open(aside, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """A new name is on disk only after its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
