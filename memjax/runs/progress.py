"""Progress of a training: a bar in a terminal or a notebook, a line now and then in a log."""

import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, NamedTuple, Protocol, runtime_checkable

EVERY_BAR = 0.5  # seconds; the clock in the bar goes on while a program is compiled
EVERY_LINE = 30.0


class Standing(NamedTuple):
    """How far a training is: models trained, asked for, and there when it began, and the seconds since."""

    done: int
    total: int
    began_with: int
    seconds: float

    @property
    def rate(self) -> float:
        """Models a second; 0 before the first."""
        return (self.done - self.began_with) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the rate so far; None before the first model."""
        return (self.total - self.done) / self.rate if self.rate else None


@runtime_checkable
class Teller(Protocol):
    """Receives what a run does: a terminal, a program, or nothing."""

    def say(self, event: str, words: str, **facts: Any) -> None:
        """Something that happened: words for people, facts for programs."""
        ...

    def preparing(self) -> AbstractContextManager[object]:
        """While data are read and the run folder is opened."""
        ...

    def progress(
        self, total: int, done: int, recount: Callable[[], int] | None = None
    ) -> AbstractContextManager["Progress"]:
        """While models are trained; arguments as of `Progress`."""
        ...


class Bar:
    """A bar in a notebook or a terminal, a line now and then elsewhere; only notices among the events are printed."""

    def say(self, event: str, words: str, **facts: Any) -> None:
        if event == "notice":
            put_line(words)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        if not watched():
            yield
            return
        with (
            _tqdm()(total=0, bar_format="preparing [{elapsed}]", leave=False) as bar,
            Progress(1, 0, lambda _: bar.refresh(), EVERY_BAR, print),
        ):
            yield

    def progress(self, total: int, done: int, recount: Callable[[], int] | None = None):
        return progress_bar(total, done, recount)


class Silent:
    """Shows no progress.  Notices go to the logger `memjax`, which the program around it may silence or redirect."""

    def say(self, event: str, words: str, **facts: Any) -> None:
        if event == "notice":
            logging.getLogger("memjax").warning(words)

    def preparing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def progress(self, total: int, done: int, recount: Callable[[], int] | None = None):
        return nullcontext(Progress(total, done, lambda _: None, EVERY_LINE, logging.getLogger("memjax").warning))


class Progress:
    """Counts models as they are trained and shows now and then how many there are; nothing if all are there already.

    A thread shows it, so the clock also runs during compilations and long batches of models.

    Args:
      show: called with each state of the training, and at the end with the last one.
      every: seconds between two.
      write: prints a notice without breaking the bar.
      recount: counts the models on disk, where other workers train models too.
    """

    def __init__(
        self, total: int, done: int, show: Callable[[Standing], object], every: float, write: Callable[[str], object],
        recount: Callable[[], int] | None = None,
    ):  # fmt: skip
        self.write = write
        self._total, self._began_with, self._done = total, done, done
        self._show, self._every, self._recount = show, every, recount
        self._start, self._stop, self._end = time.monotonic(), None, threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def update(self, models: int) -> None:
        """So many more models are trained; with the last of them the training ends, and its end is shown."""
        self._done += models
        if self._done >= self._total:
            self._finish()

    def standing(self) -> Standing:
        """How far it is now."""
        done = max(self._done, self._recount() if self._recount else 0)
        return Standing(done, self._total, self._began_with, (self._stop or time.monotonic()) - self._start)

    def __enter__(self) -> "Progress":
        if self._began_with < self._total:
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._finish()
        if self._thread.ident is not None:
            self._thread.join()

    def _finish(self) -> None:
        self._stop = self._stop or time.monotonic()
        self._end.set()

    def _tick(self) -> None:
        with suppress(OSError):  # the reader of the stream has gone; the training goes on
            while not self._end.wait(self._every) and (standing := self.standing()).done < self._total:
                self._show(standing)
            self._show(self.standing())


@contextmanager
def progress_bar(
    total: int, done: int, recount: Callable[[], int] | None = None, who: str = "memjax"
) -> Iterator[Progress]:
    """Models done, models per second and time left, on the error stream; nothing if all are done already.

    In a terminal a bar.  Elsewhere (a log file, a scheduler's output), a whole line every 30 seconds and
    one at the end, without the characters by which a terminal goes back over a line; so several processes may share
    one log, in which each line begins with `who`.
    """

    def line(text: str) -> None:
        put_line(f"{who}: {text}")

    if not watched():
        with Progress(total, done, lambda standing: line(in_words(standing)), EVERY_LINE, line, recount) as progress:
            yield progress
        return
    layout = "training {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} models [{elapsed} < {remaining}, {rate_noinv_fmt}]"
    options: dict[str, Any] = {"unit": " models", "bar_format": layout, "disable": done >= total}
    if not in_notebook():
        options |= {"ncols": columns(), "nrows": 20}
    with _tqdm()(total=total, initial=done, **options) as bar:

        def show(standing: Standing) -> None:
            bar.n = min(standing.done, total)
            if not in_notebook():
                bar.ncols = columns()
            bar.refresh()
            if standing.done >= total:
                bar.close()  # what is done from now on is no training and takes none of its time

        def write(text: str) -> None:
            bar.write(f"{who}: {text}", sys.stderr)

        with Progress(total, done, show, EVERY_BAR, write, recount) as progress:
            yield progress


def put_line(text: str) -> None:
    """Prints a line on the error stream, as far as anybody listens: a program without a console has none."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


def watched() -> bool:
    """Whether a bar can be shown: in a notebook, or in a terminal that can go back over a line."""
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb")


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _tqdm() -> Any:
    """The bar of the place: a widget in a notebook that has them, else text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns where a notebook has no widgets, and then shows text
        from tqdm.auto import tqdm

        return tqdm


def columns() -> int:
    """Width of the terminal behind the error stream, 80 where it does not say."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def in_words(standing: Standing) -> str:
    """A standing as one line.

    >>> in_words(Standing(done=128, total=512, began_with=0, seconds=32.0))
    'training 25 %, 128 of 512 models, 4.0 models/s, 1:36 left'
    >>> in_words(Standing(done=512, total=512, began_with=0, seconds=128.0))
    'trained 512 models in 2:08, 4.0 models/s'
    """
    new = standing.done - standing.began_with
    rate = f"{standing.rate:.1f} models/s" if standing.rate >= 0.1 else f"{60 * standing.rate:.1f} models/min"
    if standing.done >= standing.total:
        return f"trained {new:,} models in {clock(standing.seconds)}, {rate}"
    share = f"training {100 * standing.done // standing.total} %, {standing.done:,} of {standing.total:,} models"
    if standing.seconds_left is None:
        return f"{share}, {clock(standing.seconds)} so far"
    return f"{share}, {rate}, {clock(standing.seconds_left)} left"


def clock(seconds: int | float) -> str:
    """A time as people write it.

    >>> clock(5), clock(3661.2), clock(200000)
    ('0:05', '1:01:01', '2 days 7:33:20')
    """
    text = str(timedelta(seconds=round(seconds))).replace(",", "")
    return text.removeprefix("0:").removeprefix("0")
