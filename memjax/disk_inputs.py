"""Inputs that stay on disk.  Rows are read when they are needed, never all at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int, Shaped


@dataclass(frozen=True, eq=False)
class Stored:
    """The inputs of a split on disk, with the interface of an array.  Each indexing reads and decodes again."""

    # rows of the source -> (rows, *input_shape); may be called from any thread
    read: Callable[[np.ndarray], np.ndarray]
    rows: Int[np.ndarray, " examples"]  # the rows of the source, in order
    input_shape: tuple[int, ...]  # shape of one example
    dtype: np.dtype  # type of the inputs
    identity: str = ""  # a name that identifies the source if it is too large for a checksum of its content; else empty

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.input_shape)

    @property
    def ndim(self) -> int:
        return 1 + len(self.input_shape)

    @property
    def nbytes(self) -> int:
        """Bytes of main memory: none."""
        return 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: "int | np.integer | slice | np.ndarray") -> Shaped[np.ndarray, "..."]:
        """One or several examples, read into memory."""
        if isinstance(place, (int, np.integer)):
            return self.read(self.rows[place : place + 1])[0]
        return self.read(self.rows[place])

    def only(self, places: "slice | np.ndarray") -> "Stored":
        """Some of these inputs.  Reads nothing."""
        return replace(self, rows=self.rows[places])


Inputs = np.ndarray | Stored
