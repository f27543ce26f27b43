"""The note of an export: which files belong to it, and their checksums.

An export over an older one replaces its files one after the other.  The note says `unfinished` until all are there, so
files of two exports are never read as one; nor is a file that a larger export has left.  Folders without a note, from
other programs and older versions, are read as they are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from memjax.errors import InputError
from memjax.store import BrokenSeal, write_atomically
from memjax.store.files import sha256_of, write_hashed
from memjax.store.sealed import seal, unseal

_UNFINISHED = "unfinished"

Add = Callable[[str, Callable[[Any], object]], str]  # the name of a file and what writes it -> its checksum


@contextmanager
def exporting(folder: Path, kind: str) -> Iterator[Add]:
    """Gives a function that writes a file of the export, and at the end removes those of an older one."""
    path, files = folder / f"export-{kind}.json", dict[str, str]()
    try:
        older = unseal(path.read_bytes())
    except (OSError, BrokenSeal):
        older = {}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda stream: stream.write(seal({_UNFINISHED: True, **older})))

    def add(name: str, write: Callable[[Any], object]) -> str:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        files[name] = write_hashed(folder / name, write)  # not of the file there: another export may have replaced it
        return files[name]

    yield add
    for name in older.keys() - files.keys() - {_UNFINISHED}:
        if not Path(name).is_absolute() and ".." not in Path(name).parts:
            (folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # other files are in it
                (folder / name).parent.rmdir()
    write_atomically(path, lambda stream: stream.write(seal(files)))


def files_of(folder: Path, kind: str) -> list[Path] | None:
    """The files of the export in a folder; None if it has no note.

    Raises:
      InputError: the export was not finished, or a file is missing or is that of another export.
    """
    path = folder / f"export-{kind}.json"
    if not path.exists():
        return None
    try:
        noted = unseal(path.read_bytes())
        whole = _UNFINISHED not in noted and all(sha256_of(folder / name) == noted[name] for name in noted)
    except (OSError, BrokenSeal):
        whole, noted = False, {}
    if not whole:
        raise InputError(f"{folder} holds an export that was not finished, or was changed; export again")
    return sorted(folder / name for name in noted)
