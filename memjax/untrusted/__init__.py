"""Reads files from untrusted sources: sizes are checked before memory is allocated, and nothing is ever unpickled."""

from memjax.untrusted.files import Readable, cache_folder, most_unpacked, read_exactly, reading, size_of, user_path
from memjax.untrusted.npy import map_npy, read_npy, read_npz
