"""Runs on object stores (gs://, s3:// and others that fsspec supports), each with a local staging folder.

Files are written to that folder before the upload, and downloads stay there.

A file is complete as soon as its PUT request succeeds, so nothing is renamed.  A failed request is repeated for half a
minute, in addition to the repetitions of the back ends themselves.
"""

import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from memjax.errors import InputError
from memjax.untrusted import cache_folder

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries
_EXTRAS = {"gs": "gs", "gcs": "gs", "s3": "s3", "s3a": "s3"}
_T = TypeVar("_T")
_URL_FILE = ".url"


def place(text: str | Path) -> Path:
    """The folder of this name; for a URL such as gs://bucket/run, its local staging folder."""
    if "://" not in str(text):
        return Path(text)
    url = str(text).rstrip("/")
    words = re.sub(r"[^A-Za-z0-9]+", "-", url)[-60:].strip("-")
    return _staged(url, cache_folder("runs") / f"{words}-{hashlib.sha256(url.encode()).hexdigest()[:12]}")


@contextmanager
def afresh(text: str | Path) -> Iterator[Path]:
    """As `place`, but a URL gets an empty staging folder of its own, which is removed afterwards."""
    if "://" not in str(text):
        yield Path(text)
        return
    root = cache_folder("runs")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    try:
        yield _staged(str(text).rstrip("/"), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def url_of(path: Path) -> str | None:
    """The URL of a file or folder in a staging folder; None for any other path.

    Only folders in the user's own cache count as staging folders, so a folder from someone else uploads nothing.
    """
    root, inside = f"{cache_folder('runs')}{os.sep}", os.path.abspath(path)
    if not inside.startswith(root):
        return None
    run, *rest = inside.removeprefix(root).split(os.sep)
    try:
        return "/".join([Path(root, run, _URL_FILE).read_text(), *rest])
    except FileNotFoundError:
        return None


def shown(folder: Path) -> str:
    """A run folder as the user named it."""
    return url_of(folder) or str(folder)


def _staged(url: str, folder: Path) -> Path:
    """The folder, as the staging folder of a URL."""
    if url.startswith("file:"):
        raise InputError(f"{url} is a folder on this machine; give it without file://")
    check(url)
    (folder / "blocks").mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / _URL_FILE).exists():
        aside = folder / f"{_URL_FILE}.{secrets.token_hex(8)}"
        aside.write_text(url)
        os.replace(aside, folder / _URL_FILE)
    return folder


def put_new(url: str, content: bytes) -> bool:
    """Creates an object; returns False and changes nothing if an object of that name exists.

    The stores of Google and Amazon check this themselves (if-generation-match, if-none-match).  On a store without such
    a check, of two that are written at the same moment the later one stays.
    """

    def put(system: Any, path: str) -> bool:
        if system.isfile(path):
            return False
        try:
            system.pipe_file(path, content, mode="create")
        except FileExistsError:
            return False
        except NotImplementedError:
            system.pipe_file(path, content)
        return True

    return _written(url, put)


def put_file(url: str, source: Path) -> None:
    """Uploads a local file, replacing an older object."""
    _written(url, lambda system, path: system.put_file(str(source), path))


def get_file(url: str, target: str) -> None:
    """Downloads an object into a local file; FileNotFoundError if there is none."""
    _patiently(url, lambda system, path: system.get_file(path, target))


def get_all(urls: Sequence[str]) -> dict[str, bytes]:
    """The content of several small objects by URL, without those that do not exist."""
    if not urls:
        return {}
    paths = {_system(url)[1]: url for url in urls}

    def get(system: Any, _: str) -> dict[str, bytes]:
        found = {}
        for path, content in system.cat(list(paths), on_error="return").items():
            if isinstance(content, bytes):
                found[paths[path]] = content
            elif not isinstance(content, FileNotFoundError):
                raise content
        return found

    return _patiently(urls[0], get)


def exists(url: str) -> bool:
    """Whether the object exists.  Unlike a listing, the answer is up to date."""
    return _patiently(url, lambda system, path: system.isfile(path))


def listing(url: str) -> dict[str, int | None]:
    """Names directly below a URL and their sizes in bytes, None for a folder.  May miss the latest changes."""
    return {name: entry["size"] if entry["type"] == "file" else None for name, entry in _entries(url).items()}


def stamps(url: str) -> dict[str, tuple[int, int]]:
    """Names of the objects directly below a URL, their sizes, and a number that differs after a change.

    The number is made from the tag of the content, or from a time if the store gives no tag.
    """

    def number(entry: dict[str, Any]) -> int:
        tags = (entry.get(name) for name in ("ETag", "etag", "LastModified", "updated", "mtime", "created"))
        text = str(next((tag for tag in tags if tag), ""))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])

    return {name: (entry["size"], number(entry)) for name, entry in _entries(url).items() if entry["type"] == "file"}


def _entries(url: str) -> dict[str, dict[str, Any]]:
    try:
        path, found = _patiently(url, lambda system, path: (path, system.ls(path, detail=True)))
    except FileNotFoundError:
        return {}
    entries = {entry["name"].strip("/"): entry for entry in found}
    entries.pop(path.strip("/"), None)  # some tools create an empty object for the folder itself
    return {name.rpartition("/")[2]: entry for name, entry in entries.items()}


def copy(url: str, target: str) -> None:
    """Copies an object within the store, replacing an older one; FileNotFoundError if there is none."""
    _patiently(url, lambda system, path: system.cp_file(path, _system(target)[1]))


def remove(url: str) -> None:
    """Removes an object, if there is one."""
    with suppress(FileNotFoundError):
        _patiently(url, lambda system, path: system.rm_file(path))


def move(url: str, target: str) -> None:
    """Renames an object by copying and deleting it; does nothing if another process has already moved it."""
    with suppress(FileNotFoundError):
        copy(url, target)
        remove(url)


def remove_all(url: str) -> None:
    """Removes all objects below a URL."""
    with suppress(FileNotFoundError):
        _patiently(url, lambda system, path: system.rm(path, recursive=True))


def total_size(url: str) -> int:
    """Bytes of all objects below a URL."""
    return _patiently(url, lambda system, path: system.du(path))


def check(url: str) -> None:
    """InputError for a URL without a back end, a bucket that does not exist, and one that this user may not read."""
    bucket = _system(url)[1].strip("/").partition("/")[0]
    try:
        _patiently(url, lambda system, path: system.ls(path))
    except FileNotFoundError:
        if url.partition(":")[0] in _EXTRAS and not _patiently(url, lambda system, _: system.exists(bucket)):
            raise InputError(f"{url}: there is no bucket {bucket}; create it, or check its name") from None


def _system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in that file system."""
    import fsspec

    try:
        return fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as problem:
        extra = _EXTRAS.get(url.partition(":")[0])
        advice = f"pip install 'memjax[{extra}]'" if extra else str(problem)
        raise InputError(f"{url} needs a package that is not installed: {advice}") from None
    except ValueError as problem:
        raise InputError(f"{url} cannot be written to: {problem}; give gs://, s3:// or a folder") from None


def _written(url: str, act: Callable[[Any, str], _T]) -> _T:
    try:
        return _patiently(url, act)
    except FileNotFoundError as problem:
        raise InputError(f"{url} cannot be written: {problem}; check that the bucket exists") from None


def _patiently(url: str, act: Callable[[Any, str], _T]) -> _T:
    """What `act` returns, given the file system of a URL and the path in it; a failed request is repeated."""
    system, path = _system(url)
    for wait in (*WAITS, None):
        try:
            return act(system, path)
        except (FileNotFoundError, InputError):
            raise
        except PermissionError as problem:
            raise InputError(f"{url}: no permission: {problem}; check your credentials and permissions") from None
        except Exception as problem:
            if wait is None:
                raise InputError(
                    f"{url} cannot be reached: {' '.join(str(problem).split()) or type(problem).__name__}; finished "
                    "work is saved on this machine, and the same command uploads it"
                ) from problem
            time.sleep(wait)
    raise AssertionError
