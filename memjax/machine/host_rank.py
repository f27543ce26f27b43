"""The number of this host among all hosts, from `jax.distributed` (--distributed).

Models are independent, so hosts exchange no data.  `jax.distributed` is only asked for the number of this host and the
number of hosts.  A separate process asks and then exits, because a process that stays connected has these problems
(measured with jax 0.12.0.1):

* If one host dies, jax ends all others: after 100 s without a heartbeat, or at once if host 0 died.  The setting
  `jax_enable_recoverability` does not change that.
* A host that is restarted and finds no other host is aborted.
* SIGTERM is ignored.
* Orbax does not save checkpoints in a process that was one of several and is now alone.

The training process is not connected: it uses its own devices only.
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

PATIENCE = 60  # seconds that a host waits for the others before it continues without them
_UNKNOWN = 3  # exit code: jax finds no cluster


class Meeting(NamedTuple):
    """Address of host 0, number of hosts, and number of this host."""

    address: str
    count: int
    index: int


def make_meeting(text: str) -> Meeting | None:
    """The meeting from the text HOST:PORT,N,I; None for `auto`: jax then finds all three values itself.

    Raises:
      InputError: the text is neither.
    """
    if text == "auto":
        return None
    found = re.fullmatch(r"([^,\s]+:\d{1,5}),(\d{1,9}),(\d{1,9})", text, re.ASCII)
    if not found or int(found[3]) >= int(found[2]):
        raise InputError(
            f"--distributed is {text!r}; give auto (on a TPU slice or under SLURM) or HOST:PORT,N,I: the address of "
            "host 0, the number of hosts and the number of this host, counted from 0"
        )
    return Meeting(found[1], int(found[2]), int(found[3]))


def call_roll(text: str, otherwise: Worker, notify: Callable[[str], object]) -> Worker:
    """The number of this host and the number of hosts, from `jax.distributed`.

    A host that finds no other host, such as one that was restarted, continues with the numbers that it was given.

    Args:
      text: see `make_meeting`.
      otherwise: the numbers from the scheduler's variables.  They are used with `auto` if no host answers, or if the
        scheduler has more workers than `jax.distributed` has hosts.
      notify: is called with a notice if no host answers.

    Raises:
      InputError: the text is wrong, or jax finds no cluster.
    """
    meeting = make_meeting(text)
    code, output = _asked(text)
    if found := re.search(r"^host (\d+) of (\d+)$", output, re.MULTILINE):
        host = Worker(int(found[1]), int(found[2]))
        return host if meeting else max(host, otherwise, key=lambda worker: worker.count)  # an array of such jobs
    if code == _UNKNOWN:
        raise InputError(
            "--distributed auto: jax finds no cluster; give --distributed HOST:PORT,N,I, or --worker I/N, which needs "
            "only the shared folder"
        )
    worker = Worker(meeting.index, meeting.count) if meeting else otherwise
    notify(f"no other host answered; continuing as worker {worker.index}/{worker.count}")
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
    """Prints the number of this host.  If the other hosts do not come, jax aborts this process."""
    import jax

    def wait():
        sys.stdin.read()  # returns when the asking process ends, which then no longer needs the answer
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    jax.config.update("jax_enable_preemption_service", False)  # so that SIGTERM ends this process
    address, count, index = meeting or (None, None, None)
    try:
        jax.distributed.initialize(
            address, count, index, initialization_timeout=PATIENCE, shutdown_timeout_seconds=PATIENCE
        )
    except ValueError:  # an argument is missing, and jax cannot find its value
        return _UNKNOWN
    jax.config.update("jax_platforms", "cpu")  # the accelerator is left to the asking process
    print(f"host {jax.process_index()} of {jax.process_count()}", flush=True)
    jax.distributed.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(_answer(make_meeting(sys.argv[1])))
