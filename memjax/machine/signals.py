"""Signals that ask a run to stop, such as Ctrl-C or SIGTERM from a scheduler.

Finished blocks are safe at any moment, so a run may stop at any moment.  During training, the first signal lets the run
finish the current models or save a checkpoint; the second stops it at once.

The exit code says who asked: 75 after SIGUSR1, by which a scheduler says that the time is up and the job may go back
into its queue; 128 and the number of the signal after others, as in shells, and those jobs are to stay away.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AGAIN = 75  # exit code EX_TEMPFAIL: a scheduler may start the same command again
KEPT = "finished models are saved, the same command continues from there"
_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")

_asked, _patient = threading.Event(), threading.Event()
_under_way = ""
_latest = int(signal.SIGINT)


def exit_code() -> int:
    """Of a run that was asked to stop: 75 after SIGUSR1, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
    return AGAIN if _latest == getattr(signal, "SIGUSR1", None) else 128 + _latest


def asked() -> bool:
    """Whether the run was asked to stop."""
    return _asked.is_set()


@contextmanager
def patience(under_way: str) -> Iterator[None]:
    """Within this context the first signal is only recorded; `under_way` is what the run finishes before it stops."""
    global _under_way
    _under_way = under_way
    _patient.set()
    try:
        yield
    finally:
        _patient.clear()


def listen() -> None:
    """Takes over the signals of this process.  Call it once, in the main thread.

    A thread waits for signals, because Python's own handlers run only between two steps of the interpreter, and
    compiling a program or training a batch of models is one long step.
    """
    inside, outside = socket.socketpair()
    outside.setblocking(False)
    signal.set_wakeup_fd(outside.fileno(), warn_on_full_buffer=False)
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)
    threading.Thread(target=_wait, args=(inside, outside), daemon=True).start()


def _wait(inside: socket.socket, _outside: socket.socket) -> None:
    """`_outside` is an argument so that it stays open."""
    global _latest
    while number := inside.recv(1):
        _latest = number[0]
        if _patient.is_set() and not _asked.is_set():
            _asked.set()
            _say(f"stopping after {_under_way}; a second signal stops at once")
        else:
            _say(f"interrupted; {KEPT}")
            os._exit(exit_code())


def _say(text: str) -> None:
    start = "\n" if sys.stderr.isatty() else ""  # below the progress bar
    with suppress(OSError, ValueError):  # a log that cannot be written, or is closed, must not keep a run from stopping
        print(f"{start}memjax: {text}", file=sys.stderr, flush=True)
