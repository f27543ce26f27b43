"""Files that are written completely or not at all, even if the program is stopped while it writes.

The files of a run on an object store have copies in a local staging folder (see `objects.py`).  A file is written there
first and then uploaded; a file that has been downloaded once is read from there.  Callers need not know which kind of
folder they use.

A half-written file has a random name of its own.  The number of a process would not do: in two containers on one
machine both processes may be number 1, and each would take the other's file for its own or for that of a dead process.
"""

import errno
import hashlib
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from memjax.errors import InputError
from memjax.store import objects
from memjax.store.objects import url_of

_Result = TypeVar("_Result")
Stamp = tuple[int, int]  # size in bytes, time of last change
LOST: Stamp = (-1, 0)
TEMPORARY = ".tmp"
ABANDONED = 86_400.0  # seconds without a change after which a half-written file is taken for that of a dead process
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


def write_atomically(path: Path, write: Callable[[BinaryIO], _Result]) -> _Result:
    """Writes a file, replacing an older one; returns what `write` returns.

    A reader sees the whole old file or the whole new file.
    """
    result = write_locally(path, write)
    if url := url_of(path):
        objects.put_file(url, path)
    return result


def write_locally(path: Path, write: Callable[[BinaryIO], _Result]) -> _Result:
    """As `write_atomically`, without the upload of a file of an object store."""
    with _written_aside(path, write) as (aside, result):
        os.replace(aside, path)
    return result


def write_hashed(path: Path, write: Callable[[BinaryIO], object]) -> str:
    """Writes a file on this machine, replacing an older one; returns the checksum of what was written."""
    with _written_aside(path, write) as (aside, _):
        sha256 = sha256_of(aside)
        os.replace(aside, path)
    return sha256


def write_arrays(path: Path, arrays: Iterable[tuple[str, Any]]) -> None:
    """Writes an npz file, replacing an older one."""
    write_atomically(path, lambda stream: np.savez(stream, **dict(arrays)))


def add_array(archive: zipfile.ZipFile, name: str, array: Any) -> None:
    """Adds an array to an npz file."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def publish(path: Path, content: bytes) -> bool:
    """Creates a file; returns False and changes nothing if a file of that name exists.

    If several processes publish under one name, on one machine or on many, one succeeds.  Without hard links, two that
    publish at the same moment may both get True.
    """
    if url := url_of(path):
        stage(path, content)
        new = objects.put_new(url, content)
        if not new:
            _download(url, path)
        return new
    with _written_aside(path, lambda stream: stream.write(content)) as (aside, _):
        try:
            if not linked(aside, path):
                if path.exists():
                    return False
                os.replace(aside, path)
        except FileExistsError:
            return False
    return True


def linked(source: Path, target: Path) -> bool:
    """Gives a file a second, new name, a hard link; False where there are none."""
    try:
        os.link(source, target)
    except OSError as problem:
        if problem.errno not in NO_LINKS:
            raise
        return False
    return True


def has_links(folder: Path) -> bool:
    """Whether files of a folder on a disk can have hard links; an object store needs none."""
    one, other = aside_of(folder / "one"), aside_of(folder / "other")
    try:
        one.touch()
        return bool(url_of(folder)) or linked(one, other)
    finally:
        for path in (one, other):
            path.unlink(missing_ok=True)


def stage(path: Path, content: bytes) -> None:
    """Writes the local copy of a file of an object store; does nothing for any other file."""
    if url_of(path) and not (path.exists() and path.read_bytes() == content):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_locally(path, lambda stream: stream.write(content))


def local_copy(path: Path, sha256: str | None = None) -> Path:
    """Downloads a file of an object store if it is missing here or has another checksum; returns its local path.

    FileNotFoundError if the object store has no such file.
    """
    url = url_of(path)
    if url and not (path.exists() and (sha256 is None or sha256_of(path) == sha256)):
        _download(url, path)
    return path


def refresh(paths: list[Path]) -> None:
    """Downloads the current versions of small files, and removes local copies of files that the object store lacks."""
    urls = {url: path for path in paths if (url := url_of(path))}
    found = objects.get_all([*urls])
    for url, path in urls.items():
        if url in found:
            stage(path, found[url])
        else:
            path.unlink(missing_ok=True)


def is_there(path: Path) -> bool:
    """Whether the file exists; an object store is asked each time."""
    url = url_of(path)
    return objects.exists(url) if url else path.exists()


def names(folder: Path) -> set[str]:
    """Names of everything in a folder, half-written files included; empty if there is no folder."""
    if url := url_of(folder):
        return {*objects.listing(url)}
    try:
        return {*os.listdir(folder)}
    except FileNotFoundError:
        return set()


def stamps(folder: Path) -> dict[str, Stamp]:
    """Names of a folder's files, with size and time of last change: two numbers of which one differs after a change.

    A link to a missing file is LOST.

    The time is that of the inode, which no program can set: a copy counts as changed.  An object store gives a tag of
    the content or a time, here as a number.
    """
    if url := url_of(folder):
        return objects.stamps(url)
    found = {}
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat()
                found[entry.name] = status.st_size, status.st_ctime_ns
            except FileNotFoundError:  # unless it has just been removed
                found |= {entry.name: LOST} if os.path.lexists(entry.path) else {}
    return found


def total_size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder and its subfolders."""
    if url := url_of(path):
        return objects.total_size(url)
    with suppress(FileNotFoundError):  # removed meanwhile
        if not path.is_dir():
            return path.lstat().st_size
    found = 0
    for folder, _, inside in os.walk(path):
        for name in inside:
            with suppress(FileNotFoundError):
                found += os.stat(os.path.join(folder, name)).st_size
    return found


def move(path: Path, target: Path) -> None:
    """Renames a file or a broken link within its folder; does nothing if it does not exist."""
    if url := url_of(path):
        objects.move(url, url.removesuffix(path.name) + target.name)
    with suppress(FileNotFoundError):
        path.rename(target)


def remove(path: Path) -> None:
    """Removes a file, if it is there and this user may."""
    if url := url_of(path):
        with suppress(InputError):
            objects.remove(url)
    with suppress(PermissionError):
        path.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Removes a folder with its contents, except for what this user may not delete."""
    if url := url_of(folder):
        with suppress(InputError):  # no permission to delete: leftovers cost space and nothing else
            objects.remove_all(url)
    shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> int:
    """Removes half-written files that nobody has written to for a day; returns how many."""
    removed = 0
    for name in os.listdir(folder) if folder.exists() else ():
        if name.startswith(".") and name.endswith(TEMPORARY) and is_abandoned(folder / name):
            (folder / name).unlink(missing_ok=True)
            removed += 1
    return removed


def is_abandoned(path: Path) -> bool:
    """Whether nothing has changed for a day; a process may have been suspended for some hours.  False if it is gone."""
    try:
        return time.time() - path.stat().st_mtime > ABANDONED
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """The checksum of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_locally(path, lambda stream: objects.get_file(url, stream.name))


@contextmanager
def _written_aside(path: Path, write: Callable[[BinaryIO], _Result]) -> Iterator[tuple[Path, _Result]]:
    """A file under a temporary name in the same folder, flushed to disk; removed at the end if it was not renamed."""
    aside = aside_of(path)
    try:
        with open(aside, "xb") as stream:
            result = write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        yield aside, result
        _flush_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def aside_of(path: Path) -> Path:
    """A name beside this one that nobody else uses."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}{TEMPORARY}")


def _flush_folder(folder: Path) -> None:
    """A new file name is safe only when its folder has been flushed too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
