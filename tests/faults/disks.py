"""Full disks, limits of file size, and folders without permissions."""

import ctypes
import os
import resource
import shutil
import signal
from pathlib import Path

from memjax.errors import InputError
from tests.faults.folder import Tally, begin, contents, judge, write
from tests.faults.kills import NUM_BLOCKS, WIDTH


def full(count: int, place: Path) -> Tally:
    """Writes to `count` disks in memory with room for some blocks, then again when each disk has been enlarged."""
    total = Tally()
    for number in range(count):
        folder = place / str(number)
        folder.mkdir()
        _mount(folder, 2**18 * (1 + number))
        try:
            stopped = _fill(folder / "run")
            found, there = judge(folder / "run", set(), WIDTH)
            _mount(folder, 2**26, again=True)
            rest = _fill(folder / "run")
            after, _ = judge(folder / "run", there, WIDTH)
            total += (
                found + after + Tally(1, 0, (not stopped) + rest + (len(contents(folder / "run")) != 2 * NUM_BLOCKS))
            )
        finally:
            _libc().umount2(str(folder).encode(), 2)
    return total


def limited(count: int, place: Path) -> Tally:
    """Writes under `count` limits of file size that are smaller than a block, then again without a limit."""
    total = Tally()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for number in range(count):
        folder = place / str(number)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**10 * (1 + 5 * number), most))
        stopped = _fill(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        found, there = judge(folder, set(), WIDTH) if folder.exists() else (Tally(), set())
        rest = _fill(folder)
        after, _ = judge(folder, there, WIDTH)
        total += found + after + Tally(1, 0, (not stopped) + rest)
    return total


def forbidden(count: int, place: Path) -> Tally:
    """Writes as a user without write or read permission for a part of the folder: an error, and no file changes."""
    total = Tally()
    os.chmod(place, 0o755)
    parts = (Path("blocks"), Path("plan.json"))
    for turn in range(count):
        folder, part = place / str(turn), parts[turn % len(parts)]
        _fill(folder)
        for number in range(0, NUM_BLOCKS, 2):
            (folder / "blocks" / f"{number:06d}.json").unlink()
        before, parts_of = contents(folder), list(folder.rglob("*"))
        for path in [folder, *parts_of]:
            os.chmod(path, 0o777 if path.is_dir() else 0o666)
        os.chmod(folder / part, 0o555 if (folder / part).is_dir() else 0)
        child = os.fork()
        if not child:
            os.setuid(65534)
            os._exit(0 if _fill(folder) else 1)
        _, code = os.waitpid(child, 0)
        total += Tally(1, 0, code != 0 or contents(folder) != before)
    return total


def may_mount(place: Path) -> bool:
    """Whether this process may mount a disk in memory, as only root may."""
    folder = place / "try"
    folder.mkdir()
    if os.geteuid() or _libc().mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, b"size=4096"):
        return False
    _libc().umount2(str(folder).encode(), 2)
    return True


def _fill(folder: Path) -> bool:
    """Writes all blocks; returns whether an error stopped it."""
    try:
        begin(folder, NUM_BLOCKS)
        for number in range(NUM_BLOCKS):
            write(folder, number, WIDTH)
    except (OSError, InputError):
        return True
    return False


def _mount(folder: Path, size: int, again: bool = False) -> None:
    remount = 32
    options = f"size={size}".encode()
    if _libc().mount(b"tmpfs", str(folder).encode(), b"tmpfs", remount if again else 0, options):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _libc() -> ctypes.CDLL:
    assert shutil.which("sh")
    return ctypes.CDLL(None, use_errno=True)
