"""Files that exist whole or not at all, whatever stops the program that writes them.

The files of a run on an object store are in a local folder as well (`staging.py`): written there first, then put where
they belong, and read from there if they have been before.  Who uses this file need not know which kind of folder it is.
"""

import errno
import hashlib
import os
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from memjax.errors import InputError
from memjax.store import objects
from memjax.store.staging import url_of

_Result = TypeVar("_Result")
TEMPORARY = ".tmp"
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


def write_atomically(path: Path, write: Callable[[BinaryIO], _Result]) -> _Result:
    """Puts a file in place of an older one: a reader sees all of the old one or all of the new one.

    Returns:
      What `write` returns.
    """
    result: list[_Result] = []
    with _written_aside(path, lambda stream: result.append(write(stream))) as aside:
        os.replace(aside, path)
    _flush_folder(path.parent)
    if url := url_of(path):
        objects.put_file(url, path)
    return result[0]


def write_arrays(path: Path, arrays: Iterable[tuple[str, Any]]) -> None:
    """An npz file, in place of an older one."""
    write_atomically(path, lambda stream: np.savez(stream, **dict(arrays)))


def add_array(archive: zipfile.ZipFile, name: str, array: Any) -> None:
    """One more array in an npz file."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def publish(path: Path, content: bytes) -> bool:
    """Puts a new file there; False, and nothing changes, where there is a file of that name already.

    Of several processes that publish under one name, on one machine or on many, one succeeds.  Where the file system
    has no hard links, two that come at the very same moment may both believe so.
    """
    if url := url_of(path):
        keep(path, content)
        new = objects.put_new(url, content)
        if not new:
            _download(url, path)
        return new
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


def keep(path: Path, content: bytes) -> None:
    """On this machine until it is where it belongs; does nothing where this is that place."""
    if url_of(path) and not (path.exists() and path.read_bytes() == content):
        with _written_aside(path, lambda stream: stream.write(content)) as aside:
            os.replace(aside, path)
        _flush_folder(path.parent)


def here(path: Path, sha256: str | None = None) -> Path:
    """The same path, under which the file now is on this machine, with this checksum if there is such a one.

    Raises:
      FileNotFoundError: it is not there.
    """
    url = url_of(path)
    if url and not (path.exists() and (sha256 is None or sha256_of(path) == sha256)):
        _download(url, path)
    return path


def here_now(paths: list[Path]) -> None:
    """Small files as they are where they belong, many at once: on this machine they may be older, or gone there."""
    urls = {url: path for path in paths if (url := url_of(path))}
    found = objects.get_all([*urls])
    for url, path in urls.items():
        if url in found:
            keep(path, found[url])
        else:
            path.unlink(missing_ok=True)


def is_there(path: Path) -> bool:
    """Whether the file exists, by now."""
    url = url_of(path)
    return objects.exists(url) if url else path.exists()


def names(folder: Path) -> set[str]:
    """Of all that is in a folder, half-written files included; none where there is no folder."""
    if url := url_of(folder):
        return {*objects.listing(url)}
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()


def sizes(folder: Path) -> dict[str, int]:
    """Names of a folder's files and their sizes in bytes; what leads nowhere is left out."""
    if url := url_of(folder):
        return {name: size for name, size in objects.listing(url).items() if size is not None}
    return {name: (folder / name).stat().st_size for name in names(folder) if (folder / name).exists()}


def total_size(folder: Path) -> int:
    """Bytes of all files in a folder and below."""
    if url := url_of(folder):
        return objects.total_size(url)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def move(path: Path, target: Path) -> None:
    """Gives a file, or a link that leads nowhere, another name in its folder; nothing happens where there is none."""
    if url := url_of(path):
        objects.move(url, url.removesuffix(path.name) + target.name)
    if os.path.lexists(path):
        path.rename(target)


def remove_folder(folder: Path) -> None:
    """Removes a folder and all that is in it, as far as that can be done."""
    if url := url_of(folder):
        with suppress(InputError):  # whoever may not delete has lost nothing
            objects.remove_all(url)
    shutil.rmtree(folder, ignore_errors=True)


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


def _download(url: str, path: Path) -> None:
    with _written_aside(path, lambda stream: objects.get_file(url, stream.name)) as aside:
        os.replace(aside, path)


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
