"""A command in a thread that stops before every file-system call which Python reports to its audit hooks."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

WATCHED = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.scandir"}
LONG = 10_000  # calls that no command needs


class Killed(BaseException):
    """The process is no more."""


class Process:
    """A command in a thread, which does so many file-system calls in the folder as it is given.

    `failing` is given each call, its name and its arguments, and may raise an error in its place.
    """

    def __init__(
        self, folder: Path, act: Callable[[], object], failing: Callable[[str, tuple], object] = lambda *_: None
    ):
        self._folder, self._act, self._failing, self.problem = str(folder), act, failing, None
        self._left, self._killed, self.ended = 0, False, False
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self, calls: int) -> None:
        """Lets the command go on up to this call."""
        if not self.ended:
            self._left = calls
            self._go.release()
            self._back.acquire()

    def kill(self) -> None:
        self._killed = True
        self.step(0)

    def before_call(self, event: str, arguments: tuple) -> None:
        if not any(self._folder in str(argument) for argument in arguments[:2]):
            return
        while not self._killed and not self._left:
            self._back.release()
            self._go.acquire()
        if self._killed:
            raise Killed
        self._left -= 1
        self._failing(event, arguments)

    def _run(self) -> None:
        _PROCESSES[threading.get_ident()] = self
        self._go.acquire()
        try:
            if not self._killed:
                self._act()
        except Killed:
            pass
        except BaseException as problem:
            self.problem = problem
        del _PROCESSES[threading.get_ident()]
        self.ended = True
        self._back.release()


_PROCESSES: dict[int, Process] = {}


def _hook(event: str, arguments: tuple) -> None:
    if event in WATCHED and (process := _PROCESSES.get(threading.get_ident())):
        process.before_call(event, arguments)


sys.addaudithook(_hook)
