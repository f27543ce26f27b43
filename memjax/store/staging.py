"""Local folders for runs on object stores: files are written there before the upload, and downloads stay there."""

import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memjax.errors import InputError
from memjax.store import objects
from memjax.untrusted import cache_folder

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
    objects.check(url)
    (folder / "blocks").mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / _URL_FILE).exists():
        aside = folder / f"{_URL_FILE}.{secrets.token_hex(8)}"
        aside.write_text(url)
        os.replace(aside, folder / _URL_FILE)
    return folder
