"""Data sets that a script in experiments/data makes out of a published package."""

from dataclasses import replace
from pathlib import Path

from memjax.data.downloads.catalog import data_dir
from memjax.data.readers.arrays import load_npz
from memjax.errors import InputError
from memjax.types import Dataset

MADE = {"emoji": "emoji", "emoji32": "emoji --pixels 32", "mnist5k": "mnist5k"}  # name -> script and its options


def load_made(name: str) -> Dataset:
    """The data set, from where its script wrote it."""
    path = made_path(name)
    if not path.exists():
        raise InputError(
            f"{name} is not in {path.parent}; `python -m experiments.data.{MADE[name]}`, in the source tree of memjax, "
            "fetches and writes it"
        )
    return replace(load_npz(str(path)), name=name)


def made_path(name: str) -> Path:
    """Where the script writes a data set."""
    return data_dir() / "downloads" / name / f"{name}.npz"
