"""Second names of files: hard links, copies where a disk has none, and copies on an object store."""

import os
import shutil
from pathlib import Path

from memjax.store import objects
from memjax.store.files import aside_of, linked, sizes
from memjax.store.staging import url_of


def show_as(source: Path, target: Path) -> None:
    """Gives a file a second name, replacing what has that name: a hard link, or a copy where there are none."""
    if url := url_of(target):
        objects.copy(url_of(source) or "", url)
        return
    aside = aside_of(target)
    try:
        if not linked(source, aside):
            shutil.copy2(source, aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)  # renaming one name of a file to another does nothing


def is_shown_as(source: Path, target: Path) -> bool:
    """Whether the second name leads to the same file; of a copy, whether size and time are the same."""
    if url_of(target):
        return sizes(target.parent).get(target.name) == sizes(source.parent).get(source.name)
    try:
        one, other = source.stat(), target.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(one, other) or (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
