"""Inputs that stay on disk: read by row when they are asked for, never all at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int, Shaped


@dataclass(frozen=True, eq=False)
class Stored:
    """The inputs of a split as they lie on disk, in the words of an array; indexing reads, and decodes, anew each time.

    Attributes:
      read: rows of the source -> (rows, *input_shape), from any thread.
      rows: rows of the source that these inputs are, in order.
      input_shape: of one example.
      dtype: of what is read.
      identity: what tells this source from others where nobody would read all of it for a checksum; else empty.
    """

    read: Callable[[np.ndarray], np.ndarray]
    rows: Int[np.ndarray, " examples"]
    input_shape: tuple[int, ...]
    dtype: np.dtype
    identity: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.input_shape)

    @property
    def ndim(self) -> int:
        return 1 + len(self.input_shape)

    @property
    def nbytes(self) -> int:
        """Of memory: none."""
        return 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: "int | np.integer | slice | np.ndarray") -> Shaped[np.ndarray, "..."]:
        """One example, or some; those are in memory then."""
        if isinstance(place, (int, np.integer)):
            return self.read(self.rows[place : place + 1])[0]
        return self.read(self.rows[place])

    def only(self, places: "slice | np.ndarray") -> "Stored":
        """Some of these inputs, none of them read."""
        return replace(self, rows=self.rows[places])


Inputs = np.ndarray | Stored
