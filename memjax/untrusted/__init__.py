"""Reading files that nobody vouches for: sizes are checked before memory is taken, and nothing is ever unpickled."""

from memjax.untrusted.files import Readable, most_unpacked, read_exactly, reading, size_of, user_path
from memjax.untrusted.npy import map_npy, parse_npy, read_npy
from memjax.untrusted.npz import read_npz

__all__ = [
    "Readable",
    "map_npy",
    "most_unpacked",
    "parse_npy",
    "read_exactly",
    "read_npy",
    "read_npz",
    "reading",
    "size_of",
    "user_path",
]
