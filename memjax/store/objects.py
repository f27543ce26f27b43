"""Objects on gs://, s3:// and whatever else fsspec reaches: there whole or not at all, and put only once if so wanted.

Nothing is renamed: a PUT is the commit.  What fails is tried again for half a minute, besides the patience that the
back ends have of their own.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from memjax.errors import InputError

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries
_EXTRAS = {"gs": "gs", "gcs": "gs", "s3": "s3", "s3a": "s3"}
_T = TypeVar("_T")


def put_new(url: str, content: bytes) -> bool:
    """Puts an object where there is none; False, and nothing changes, where there is one already.

    Google's and Amazon's stores decide it themselves (if-generation-match, if-none-match).  On one that does not heed
    that, the later of two that come at the very same moment stays.
    """
    system, path = _system(url)

    def put() -> bool:
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
    """Puts a local file in place of whatever was there."""
    system, path = _system(url)
    _written(url, lambda: system.put_file(str(source), path))


def get_file(url: str, target: str) -> None:
    """Copies an object into a local file.

    Raises:
      FileNotFoundError: there is none.
    """
    system, path = _system(url)
    _patiently(url, lambda: system.get_file(path, target))


def get_all(urls: Sequence[str]) -> dict[str, bytes]:
    """Small objects, many at once; those that are not there are left out."""
    if not urls:
        return {}
    system, _ = _system(urls[0])
    paths = {_system(url)[1]: url for url in urls}

    def get() -> dict[str, bytes]:
        found = {}
        for path, content in system.cat(list(paths), on_error="return").items():
            if isinstance(content, bytes):
                found[paths[path]] = content
            elif not isinstance(content, FileNotFoundError):
                raise content
        return found

    return _patiently(urls[0], get)


def exists(url: str) -> bool:
    """Whether there is such an object now, whatever a listing says."""
    system, path = _system(url)
    return _patiently(url, lambda: system.isfile(path))


def listing(url: str) -> dict[str, int | None]:
    """The names directly below a URL and their sizes in bytes, None for a folder; a listing may lag behind."""
    system, path = _system(url)
    try:
        found = _patiently(url, lambda: system.ls(path, detail=True))
    except FileNotFoundError:
        return {}
    names = {entry["name"].strip("/"): entry["size"] if entry["type"] == "file" else None for entry in found}
    names.pop(path.strip("/"), None)  # some tools leave an empty object in place of a folder
    return {name.rpartition("/")[2]: size for name, size in names.items()}


def move(url: str, target: str) -> None:
    """Copies an object, then deletes it; nothing happens where another process has done so meanwhile."""
    system, path = _system(url)

    def act() -> None:
        with suppress(FileNotFoundError):
            system.cp_file(path, _system(target)[1])
            system.rm_file(path)

    _patiently(url, act)


def remove_all(url: str) -> None:
    """Removes all objects below a URL."""
    system, path = _system(url)
    with suppress(FileNotFoundError):
        _patiently(url, lambda: system.rm(path, recursive=True))


def total_size(url: str) -> int:
    """Bytes of all objects below a URL."""
    system, path = _system(url)
    return _patiently(url, lambda: system.du(path))


def check(url: str) -> None:
    """Raises InputError where nothing can be kept: no back end for such URLs, no such bucket, no right to see it."""
    system, path = _system(url)
    bucket = path.strip("/").partition("/")[0]
    try:
        _patiently(url, lambda: system.ls(path))
    except FileNotFoundError:
        if url.partition(":")[0] in _EXTRAS and not _patiently(url, lambda: system.exists(bucket)):
            raise InputError(f"{url}: there is no bucket {bucket}; make it first, or check its name") from None


def _system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and its own word for the URL."""
    import fsspec

    protocol = url.partition(":")[0]
    try:
        system, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as problem:
        extra = _EXTRAS.get(protocol)
        advice = f"pip install 'memjax[{extra}]'" if extra else str(problem)
        raise InputError(f"{url} needs a package that is not installed: {advice}") from None
    except ValueError as problem:
        raise InputError(f"{url} cannot be written to: {problem}; give gs://, s3:// or a folder") from None
    return system, path


def _written(url: str, act: Callable[[], _T]) -> _T:
    try:
        return _patiently(url, act)
    except FileNotFoundError as problem:
        raise InputError(f"{url} cannot be written: {problem}; is there such a bucket?") from None


def _patiently(url: str, act: Callable[[], _T]) -> _T:
    """What `act` returns, in the end."""
    for wait in (*WAITS, None):
        try:
            return act()
        except (FileNotFoundError, InputError):
            raise
        except PermissionError as problem:
            raise InputError(f"{url}: no permission: {problem}; look at your credentials and rights") from None
        except Exception as problem:
            if wait is None:
                raise InputError(
                    f"{url} cannot be reached: {' '.join(str(problem).split()) or type(problem).__name__}; what was "
                    "computed is kept on this machine, and the same command puts it there"
                ) from problem
            time.sleep(wait)
    raise AssertionError
