"""The local folder of a run on an object store: what is read is kept in it, and what is written is in it first."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memjax.errors import InputError
from memjax.store import objects

_NOTE = ".url"
_FRESH = "afresh-"


def place(text: str | Path) -> Path:
    """The folder of this name, or, of a URL such as gs://bucket/run, the local one in which it is staged.

    Raises:
      InputError: the URL leads to nothing that can be used.
    """
    return _staged(str(text), _root()) if "://" in str(text) else Path(text)


@contextmanager
def afresh(text: str | Path) -> Iterator[Path]:
    """As `place`, but with nothing in it that was here before; for a URL the folder is gone afterwards."""
    if "://" not in str(text):
        yield Path(text)
        return
    _root().mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(prefix=_FRESH, dir=_root()))
    try:
        yield _staged(str(text), whole)
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def url_of(path: Path) -> str | None:
    """Where a file or folder in a staging folder belongs; None where it is where it belongs.

    Folders are looked at only below the user's own cache: one that came from somebody else sends nothing anywhere.
    """
    inside = os.path.abspath(path)
    root = f"{_root()}{os.sep}"
    if not inside.startswith(root):
        return None
    first, *rest = inside.removeprefix(root).split(os.sep)
    if first.startswith(_FRESH) and rest:
        first, rest = os.path.join(first, rest[0]), rest[1:]
    try:
        return "/".join([(_root() / first / _NOTE).read_text(), *rest])
    except FileNotFoundError:
        return None


def shown(folder: Path) -> str:
    """A run folder as the user named it."""
    return url_of(folder) or str(folder)


def _staged(url: str, root: Path) -> Path:
    url = url.rstrip("/")
    if url.startswith("file:"):
        raise InputError(f"{url} is a folder of this machine; give it without file://")
    objects.check(url)
    words = re.sub(r"[^A-Za-z0-9]+", "-", url)[-60:].strip("-")
    folder = root / f"{words}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    (folder / "blocks").mkdir(mode=0o700, parents=True, exist_ok=True)
    note = folder / _NOTE
    if not note.exists():
        aside = folder / f"{_NOTE}.{os.getpid()}"
        aside.write_text(url)
        os.replace(aside, note)
    return folder


def _root() -> Path:
    """Below the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.path.abspath(home)) / "memjax" / "runs"
