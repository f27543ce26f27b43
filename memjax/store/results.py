"""The files of estimates in a run folder."""

import zipfile
from pathlib import Path

import numpy as np


def read_results(folder: Path, name: str) -> dict[str, np.ndarray] | None:
    """The arrays of estimates.npz or pairs.npz, or None where the file is missing or broken: it can be made anew."""
    try:
        with np.load(folder / name, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile):
        return None
