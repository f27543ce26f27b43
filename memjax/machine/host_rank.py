"""Hosts that find one another through `jax.distributed`: which of them this process is, and of how many.

Models are independent, so nothing ever goes from host to host, and the runtime is asked one thing only: who is who.  It
is asked by a process of its own, which leaves again.  A process that stays connected shares the fate of all: when one
dies without a word the others are ended after its heartbeat fails (100 s), at once if the one was process 0, whether
`jax_enable_recoverability` is set or not; one that is started again and finds nobody is aborted; SIGTERM is swallowed;
and Orbax does not save in a process that has been one of several and is so no more.  All of that was measured, on jax
0.12.0.1.  Here nothing of it reaches the process that trains, which is a jax of its own on its own devices.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

from memjax.errors import InputError
from memjax.machine.workers import Worker

PATIENCE = 60  # seconds that a host waits for its fellows before it goes on without having met them
_UNKNOWN = 3  # exit code: jax knows of no cluster here


class Meeting(NamedTuple):
    """Where `count` hosts meet, and which of them this is; host 0 has the address."""

    address: str
    count: int
    index: int


def make_meeting(text: str) -> Meeting | None:
    """The meeting that was asked for as HOST:PORT,N,I; None for auto, where jax finds all three by itself.

    Raises:
      InputError: it is neither.
    """
    if text == "auto":
        return None
    found = re.fullmatch(r"([^,\s]+:\d{1,5}),(\d{1,9}),(\d{1,9})", text, re.ASCII)
    if not found or int(found[3]) >= int(found[2]):
        raise InputError(
            f"--distributed is {text!r}; give auto, on a TPU slice or under SLURM, or HOST:PORT,N,I: where host 0 "
            "listens, how many hosts there are and which this is, counted from 0"
        )
    return Meeting(found[1], int(found[2]), int(found[3]))


def call_roll(text: str, otherwise: Worker, notify: Callable[[str], object]) -> Worker:
    """Which of how many hosts this one is, as `jax.distributed` has it.

    A host that nobody answers, such as one that is started again, goes on as what it was told to be: it is no part of
    the others' work to wait for it, nor of its own to wait for them.

    Args:
      text: as of `make_meeting`.
      otherwise: what the scheduler's variables say, for `auto` where nobody answers, or where the scheduler knows of
        more jobs than this one.
      notify: is told, in words, that nobody answered.

    Raises:
      InputError: the text is wrong, or there is no cluster that jax knows.
    """
    meeting = make_meeting(text)
    code, output = _asked(text)
    if found := re.search(r"^host (\d+) of (\d+)$", output, re.MULTILINE):
        host = Worker(int(found[1]), int(found[2]))
        return host if meeting else max(host, otherwise, key=lambda worker: worker.count)  # of an array of such jobs
    if code == _UNKNOWN:
        raise InputError(
            "--distributed auto: jax knows of no cluster here; give --distributed HOST:PORT,N,I, or --worker I/N, "
            "which needs nothing but the shared folder"
        )
    worker = Worker(meeting.index, meeting.count) if meeting else otherwise
    notify(f"the other hosts were not met; going on as worker {worker.index}/{worker.count}")
    return worker


def _asked(text: str) -> tuple[int, str]:
    """Exit code and output of the process that asks."""
    command = [sys.executable, "-m", "memjax.machine.host_rank", text]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603  our own
        assert process.stdout is not None
        output = process.stdout.read()
    return process.returncode, output


def _answer(meeting: Meeting | None) -> int:
    """Prints which host this is; aborted by jax itself where the others do not come."""
    import jax

    def wait():
        sys.stdin.read()  # which ends with the process that asks; nobody waits for the answer any more
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    jax.config.update("jax_enable_preemption_service", False)  # SIGTERM is to end this process
    address, count, index = meeting or (None, None, None)
    try:
        jax.distributed.initialize(
            address, count, index, initialization_timeout=PATIENCE, shutdown_timeout_seconds=PATIENCE
        )
    except ValueError:  # an argument is missing, and nothing told jax what it is
        return _UNKNOWN
    jax.config.update("jax_platforms", "cpu")  # the accelerator is left to the process that asks
    print(f"host {jax.process_index()} of {jax.process_count()}", flush=True)
    jax.distributed.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(_answer(make_meeting(sys.argv[1])))
