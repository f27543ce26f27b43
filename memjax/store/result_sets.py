"""The results of a run: a set of files in a folder of its own, and notes of which the latest names the set in force.

`results/SET/` holds the files of one set; SET is random, so no two processes write to one.  `results/000007.json` is a
note: it names a set and says what the set was made from.  The note with the largest number is in force.  Its number is
one more than that of the note it replaces, and it is created only if it does not exist, which a local disk, NFS and
object stores all decide.  If two processes replace the same note, one is told so and compares again.

For people and other programs the files are also shown under the names that they always had, such as `estimates.npz`
(see `show`).  memjax itself never reads those.  Only in a folder of an older version they are the set, and
`results.json` is its note.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from memjax.errors import InputError
from memjax.store import objects
from memjax.store.files import (
    LOST,
    aside_of,
    is_abandoned,
    is_there,
    linked,
    local_copy,
    names,
    publish,
    refresh,
    remove,
    remove_folder,
    sha256_of,
    stamps,
)
from memjax.store.objects import url_of
from memjax.store.records import unreadable
from memjax.store.sealed import seal, unseal
from memjax.untrusted import read_npz

OLDER_NOTE = "results.json"
FOLDER = "results"
FILES = ("estimates.npz", "pairs.npz", "influence.npy", "dynamics.npz")
_SET = re.compile("[0-9a-f]{16}")
_NOTE = re.compile(r"([0-9]{6,9})\.json")
Arrays = dict[str, Any]
_TRIES = 5  # of a reader whose set is replaced and removed while it reads


class ResultsNote(NamedTuple):
    """What a set of results was made from, and the checksums of its files."""

    plan: str  # fingerprint of the plan
    num_models: int  # that the estimates are made from, diverged ones included
    files: dict[str, tuple[str, int]]  # name -> SHA-256 and size in bytes
    score: str = "correct"  # whose memorization and influence are estimated
    blocks: str = ""  # `Stock.digest` of the blocks that the set was made from; empty in an older folder
    num_failed: int | None = None  # diverged models among them; None in an older folder
    environment: dict[str, str] = {}  # noqa: RUF012  of versions and device that made the set; never changed
    set: str = ""  # folder of the set; empty in an older folder, where the files are in the run folder

    def place(self, folder: Path) -> Path:
        """The folder with the files."""
        return folder / FOLDER / self.set if self.set else folder


def new_set(folder: Path) -> Path:
    """An empty folder for the files of a set."""
    place = folder / FOLDER / secrets.token_hex(8)
    place.mkdir(parents=True)
    return place


def publish_set(folder: Path, place: Path, note: ResultsNote, files: list[str], blocks_now: Callable[[], str]) -> bool:
    """Puts a set in force, unless the one in force is better; removes the set that is not in force then.

    The set in force is better if it is of the same plan and of more models, or of as many from the blocks that are
    there now, while the new one is from others.

    A note is never written twice for one set: if other notes have overtaken it, whoever wrote them may already remove
    its set.

    Args:
      blocks_now: the digest of the blocks of `note.num_models` models that are there now.

    Returns:
      False if the set has to be made again: others were faster, with a set that is not better.
    """
    checksums = {name: (sha256_of(local_copy(place / name)), (place / name).stat().st_size) for name in files}
    note = note._replace(files=checksums, set=place.name)
    while True:
        number, there = latest(folder)
        more = _has_more(there, note)
        alike = there and (there.plan, there.num_models) == (note.plan, note.num_models)
        if more or (there and alike and note.blocks != there.blocks == blocks_now()):
            remove_folder(place)
            return more
        if publish(_note_path(folder, number + 1), seal(note._asdict())):
            if latest(folder)[0] == number + 1:
                show(folder, anew=True)
                remove_replaced(folder)
                return True
            remove_folder(place)
            return False


def _has_more(there: ResultsNote | None, note: ResultsNote) -> bool:
    """Whether the set in force is of the same plan and of more models."""
    return bool(there and there.plan == note.plan and there.num_models > note.num_models)


def latest(folder: Path) -> tuple[int, ResultsNote | None]:
    """The largest number of a note, and this note; None if it is missing or was changed.  0 is an older folder's.

    InputError if it cannot be read.
    """
    for _ in range(_TRIES):
        numbers = [int(found[1]) for name in names(folder / FOLDER) if (found := _NOTE.fullmatch(name))]
        number = max(numbers, default=0)
        while is_there(_note_path(folder, number + 1)):  # an object store may list it later
            number += 1
        path = _note_path(folder, number) if number else folder / OLDER_NOTE
        refresh([path])
        try:
            return number, _parsed(path.read_bytes())
        except FileNotFoundError:
            if not number:
                break
        except OSError as problem:
            raise unreadable(path, problem) from problem
    return 0, None


def as_noted(folder: Path) -> ResultsNote | None:
    """The note in force, without a look at the files; None if it is missing or was changed."""
    return latest(folder)[1]


def has_results(folder: Path) -> bool:
    """Whether there are estimates, whole or damaged."""
    number, note = latest(folder)
    return bool(number or note or is_there(folder / OLDER_NOTE))


def read_note(folder: Path, checked: bool = False) -> ResultsNote | None:
    """The note in force; None if it is missing or was changed, or if a file is missing or has another size.

    With `checked` also None if the checksum of a file is not the one noted, which reads all files.
    """
    note = as_noted(folder)
    if note is None:
        return None
    found = stamps(note.place(folder))
    whole = all(found.get(name, LOST)[0] == size for name, (_, size) in note.files.items())
    return note if whole and (not checked or all(is_whole(folder, note, name) for name in note.files)) else None


def is_whole(folder: Path, note: ResultsNote, name: str) -> bool:
    """Whether a file exists and its checksum is the one noted."""
    try:
        return sha256_of(local_copy(note.place(folder) / name, note.files[name][0])) == note.files[name][0]
    except OSError:
        return False


def read_results(folder: Path, name: str, checked: bool = False) -> Arrays | None:
    """The arrays of an npz file of the set in force; None if it is missing or damaged, because it can be made again.

    With `checked` the checksum of the file is compared with the one noted.
    """
    return read_set(folder, [name], checked)[1][0]


def read_set(
    folder: Path, wanted: Sequence[str], checked: bool = False
) -> tuple[ResultsNote | None, list[Arrays | None]]:
    """Several files of the set in force, all of one set, and its note.  See `read_results`."""
    found, note = list[Arrays | None](), None
    for _ in range(_TRIES):
        number, note = latest(folder)
        found = [_read(folder, note, name, checked) for name in wanted]
        if all(arrays is not None for arrays in found) or latest(folder)[0] == number:
            break  # else the set was replaced meanwhile, and may have been removed
    return note, found


def _read(folder: Path, note: ResultsNote | None, name: str, checked: bool) -> Arrays | None:
    noted = note is not None and name in note.files
    if checked and not (note and noted and is_whole(folder, note, name)):
        return None
    if note and noted:
        return read_arrays(note.place(folder) / name, note.files[name][0])
    return None if note and note.set else read_arrays(folder / name)


def read_arrays(path: Path, sha256: str | None = None) -> Arrays | None:
    """The arrays of an npz file that memjax wrote; None if it is missing or damaged."""
    try:
        return read_npz(local_copy(path, sha256), packed=False)
    except (OSError, InputError):
        return None


def show(folder: Path, anew: bool = False) -> None:
    """Shows the set in force under the names that its files always had, in the run folder.

    Hard links cost nothing, and do not lead to nowhere when the folder is packed, copied or moved.  An object store has
    no links: there they are copies.  The names change one after the other, so a reader of several may meet two sets for
    a moment; a process that was stopped meanwhile looks again at the end which set is in force.

    With `anew`, also names that seem to lead to the right file, which on an object store only their sizes say.
    """
    shown = 0
    while (now := latest(folder)) and (note := now[1]) and note.set and now[0] != shown:
        shown = now[0]
        for name in FILES:
            if name not in note.files:
                remove(folder / name)
            elif anew or not is_shown_as(note.place(folder) / name, folder / name):
                try:
                    show_as(note.place(folder) / name, folder / name)
                except FileNotFoundError:  # replaced and removed
                    break
        remove(folder / OLDER_NOTE)


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
        return stamps(target.parent).get(target.name, LOST)[0] == stamps(source.parent).get(source.name, LOST)[0]
    try:
        one, other = source.stat(), target.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(one, other) or (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def remove_replaced(folder: Path) -> None:
    """Removes the sets that notes of smaller numbers name, and sets that nobody has finished in a day."""
    number, note = latest(folder)
    found, named = names(folder / FOLDER), {note.set} if note else set[str]()
    for name in sorted(found):
        if (match := _NOTE.fullmatch(name)) and int(match[1]) < number:
            path = folder / FOLDER / name
            with suppress(OSError):
                refresh([path])
                if (old := _parsed(path.read_bytes())) and old.set and old.set not in named:
                    remove_folder(old.place(folder))
            remove(path)
    for place in (folder / FOLDER / name for name in found - named if _SET.fullmatch(name)):
        if all(is_abandoned(path) for path in (place, *place.glob("*"))):
            remove_folder(place)


def _note_path(folder: Path, number: int) -> Path:
    return folder / FOLDER / f"{number:06d}.json"


def _parsed(content: bytes) -> ResultsNote | None:
    """The note that these bytes hold; None if they hold something else."""
    try:
        table = unseal(content)
        files = {name: (str(sha256), int(size)) for name, (sha256, size) in table["files"].items() if name in FILES}
        score = str(table.get("score", "correct"))  # older versions had no other score and did not note it
        place, failed = table.get("set", ""), table.get("num_failed")
        if place != "" and not _SET.fullmatch(place):
            return None
        return ResultsNote(
            str(table["plan"]), int(table["num_models"]), files, score, str(table.get("blocks", "")),
            None if failed is None else int(failed), dict(table.get("environment", {})), place,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):  # a broken seal is a ValueError
        return None
