"""The work after training that the processes on one run folder share, in pieces.

As with blocks, a process first makes its own pieces, then the pieces that no process has made yet.  Then it reads them
all.  No process waits for another: it makes a piece that is still missing or damaged itself.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from memjax import store
from memjax.machine.workers import ALONE, Worker, deal

FOLDER = "pieces"
Arrays = dict[str, np.ndarray]
Make = Callable[[int], Arrays]


@dataclass(frozen=True)
class Pieces:
    """Pieces of shared work, and the run folder that they are saved in.

    `of` names the work that they belong to, in characters of a file name.  Pieces of other work are ignored.
    """

    folder: Path
    of: str = ""
    worker: Worker = ALONE

    def done(self, kind: str, count: int, make: Make) -> Iterator[Arrays]:
        """The pieces 0 .. count - 1 of a kind, in order.  A single worker makes them one by one and saves nothing.

        Args:
          make: number -> the piece, the same in every process; no array of objects.
        """
        if self.worker.count == 1:
            yield from map(make, range(count))
            return
        paths = [self.folder / FOLDER / f"{self.of}-{kind}-{number}-{count}.npz" for number in range(count)]
        for number in deal(range(count), self.worker, lambda number: store.is_there(paths[number])):
            stream = io.BytesIO()
            np.savez(stream, **make(number))  # type: ignore[arg-type]
            with suppress(FileNotFoundError):  # a worker that has ended removes all pieces, at whatever moment
                paths[0].parent.mkdir(exist_ok=True)
                store.publish(paths[number], stream.getvalue())
        for number, path in enumerate(paths):
            found = store.read_arrays(path)
            yield make(number) if found is None else found

    def clear(self) -> None:
        """Removes all pieces there are; others that still miss one do it again."""
        store.remove_folder(self.folder / FOLDER)
