"""Being asked to stop: by Ctrl-C, by a scheduler that takes the machine away, by whoever sends a signal.

What is committed is safe at any moment, so a run may leave at any moment.  While it trains it is patient: the first
signal lets it finish what is under way, the second makes it leave at once.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 75  # "try again later": safe to put back into a queue
KEPT = "what is finished is kept, the same command goes on from there"
_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")

_asked, _patient = threading.Event(), threading.Event()
_under_way = ""


def asked() -> bool:
    """Whether the run was asked to stop."""
    return _asked.is_set()


@contextmanager
def patience(under_way: str) -> Iterator[None]:
    """Within, the first signal only notes that the run was asked to stop.

    Args:
      under_way: what is finished first, for the message.
    """
    global _under_way
    _under_way = under_way
    _patient.set()
    try:
        yield
    finally:
        _patient.clear()


def listen() -> None:
    """Takes over the signals of this process; to be called once, in its main thread.

    A thread waits for them, since Python's own handlers only run between two steps of the interpreter and a
    compilation or a pack of models is one long step.
    """
    inside, outside = socket.socketpair()
    outside.setblocking(False)
    signal.set_wakeup_fd(outside.fileno(), warn_on_full_buffer=False)
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)
    threading.Thread(target=_wait, args=(inside, outside), daemon=True).start()


def _wait(inside: socket.socket, _outside: socket.socket) -> None:
    """`_outside` is only kept open here."""
    while inside.recv(1):
        if _patient.is_set() and not _asked.is_set():
            _asked.set()
            _say(f"stopping after {_under_way}; once more to leave at once")
        else:
            _say(f"interrupted; {KEPT}")
            os._exit(INTERRUPTED)


def _say(text: str) -> None:
    start = "\n" if sys.stderr.isatty() else ""  # below the bar, not in it
    print(f"{start}memjax: {text}", file=sys.stderr, flush=True)
