"""What the processes on one run folder share besides training: work in pieces, each done by whoever comes to it.

As with blocks, a process does the pieces dealt to it, then what nobody has done yet; then it reads them all.  Nobody
waits for anybody, and a piece that is missing or broken by then is done again by whoever misses it.
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
    """Pieces of shared work, and the folder that they are saved in.

    Attributes:
      folder: of the run.
      of: the work that they belong to, in characters of a file name.  Pieces of other work are ignored.
      worker: which of how many processes this is.
    """

    folder: Path
    of: str = ""
    worker: Worker = ALONE

    def done(self, kind: str, count: int, make: Make) -> Iterator[Arrays]:
        """The pieces 0 .. count - 1 of a kind, in order.  A single worker makes them one by one and saves nothing.

        Args:
          make: number -> the piece, always the same whoever makes it; no array of objects.
        """
        if self.worker.count == 1:
            yield from map(make, range(count))
            return
        paths = [self.folder / FOLDER / f"{self.of}-{kind}-{number}-{count}.npz" for number in range(count)]
        for number in deal(range(count), self.worker, lambda number: store.is_there(paths[number])):
            content = _packed(make(number))
            with suppress(FileNotFoundError):  # a worker that has ended removes all pieces, at whatever moment
                paths[0].parent.mkdir(exist_ok=True)
                store.publish(paths[number], content)
        for number, path in enumerate(paths):
            found = store.read_arrays(path)
            yield make(number) if found is None else found

    def clear(self) -> None:
        """Removes all pieces there are; others that still miss one do it again."""
        store.remove_folder(self.folder / FOLDER)


def _packed(arrays: Arrays) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()
