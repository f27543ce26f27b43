"""With strace, the writer is killed at each of its system calls, or each of them fails, one after the other."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from memjax import store
from tests.faults.broken import STORES
from tests.faults.folder import PACK, Tally, begin, contents, judge, make_plan, write, write_results

CALLS = ("openat", "write", "fsync", "link", "linkat", "rename", "renameat", "unlink", "unlinkat", "mkdir", "close")
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "EMFILE")
FAILING = ("openat", "write", "fsync", "link", "linkat", "rename", "renameat")
NUM_BLOCKS = 2


def killed_at_each(count: int, place: Path, broken: str = "") -> Tally:
    """The writer is killed at each of its first `count` system calls on the folder."""
    actions = [(call, turn, "signal=KILL") for call, turn in _calls(place, broken)]
    return sum((_once(place, broken, *action) for action in actions[:count]), Tally())


def failing_each(count: int, place: Path, broken: str = "") -> Tally:
    """System calls fail because of full or broken disks or permissions: `count` of all pairs of call and error."""
    calls = [(call, turn) for call, turn in _calls(place, broken) if call in FAILING]
    actions = [(call, turn, f"error={error}") for error in ERRORS for call, turn in calls]
    step = max(1, len(actions) // count)
    return sum((_once(place, broken, *action) for action in actions[::step][:count]), Tally())


def available() -> bool:
    """Whether strace is installed and may trace."""
    return bool(shutil.which("strace")) and not subprocess.run(["strace", "-o", os.devnull, "true"]).returncode


def writer(folder: Path) -> None:
    """The program that is traced."""
    begin(folder, NUM_BLOCKS)
    for number in range(NUM_BLOCKS):
        if not store.is_finished(folder, number):
            write(folder, number)
    store.extend_plan(folder, make_plan(NUM_BLOCKS), PACK * NUM_BLOCKS + 1)
    write_results(folder, PACK * NUM_BLOCKS, np.arange(5.0))


def _once(place: Path, broken: str, call: str, turn: int, action: str) -> Tally:
    """Causes one fault, then checks the folder, and that the writer finishes when it is started again."""
    folder = _fresh(place)
    process = _traced(
        folder, broken, "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{action}:when={turn}"
    )
    assert process.returncode or "KILL" not in action, "the fault did not happen"
    found, there = judge(folder, set())
    try:
        writer(folder)
    except Exception:
        return found + Tally(1, 0, 1)
    after, _ = judge(folder, there)
    return found + after + Tally(1, 0, len(contents(folder)) != 2 * NUM_BLOCKS)


def _calls(place: Path, broken: str) -> list[tuple[str, int]]:
    """All system calls on the folder: name, and number among the calls of this name in the process."""
    folder, log = _fresh(place), place / "log"
    process = _traced(folder, broken, "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    assert process.returncode == 0, process.stderr
    turns, found = dict.fromkeys(CALLS, 0), []
    for line in log.read_text().splitlines():
        match = re.match(r"(?:\d+\s+)?(\w+)\(", line)
        if match and match[1] in turns:
            turns[match[1]] += 1
            if str(folder) in line:
                found.append((match[1], turns[match[1]]))
    return found


def _fresh(place: Path) -> Path:
    folder = place / "run"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _traced(folder: Path, broken: str, *options: str) -> subprocess.CompletedProcess:
    program = [sys.executable, "-B", "-m", "tests.faults.syscalls", str(folder), broken]
    # One thread and the same order in each run, because strace counts the calls of each thread separately.
    variables = os.environ | {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    fast = [] if any("signal=" in option for option in options) else ["--seccomp-bpf"]  # it ignores injected signals
    return subprocess.run(["strace", "-f", *fast, *options, *program], capture_output=True, env=variables)


if __name__ == "__main__":
    if sys.argv[2]:
        STORES[sys.argv[2]]()
    writer(Path(sys.argv[1]))
