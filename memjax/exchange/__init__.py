"""Predictions and estimates in the file formats of other programs."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from memjax.errors import InputError
from memjax.exchange import feldman_zhang, lira
from memjax.exchange.arrays import NAMES, outcomes_of, read_folder
from memjax.exchange.arrays import write as write_arrays
from memjax.exchange.published import Published, agreement, read_c_scores, read_estimates, read_pairs
from memjax.notebook import frame
from memjax.store import write_atomically
from memjax.untrusted import read_npz, user_path

__all__ = [
    "NAMES", "Published", "agreement", "feldman_zhang", "lira", "outcomes_of", "read_c_scores", "read_estimates",
    "read_pairs", "read_predictions", "write_arrays", "write_csv", "write_parquet",
]  # fmt: skip
Columns = dict[str, np.ndarray]
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take a text that begins with one of these for a formula


def read_predictions(source: str | Path) -> dict[str, np.ndarray]:
    """Arrays of predictions for `outcomes_of`, from a file or folder in any of the known formats.

    An npz file; a folder of npy files (also datamodels' masks and margins); a tree of Feldman and Zhang's
    `aux_arrays.npz`; or a folder of LiRA's experiments.

    Raises:
      InputError: it is none of these, or damaged.
    """
    path = user_path(source)
    if not path.is_dir():
        return read_npz(path)
    if (path / "plan.json").exists():
        raise InputError(
            f"{path} is a run folder, which has estimates of its own: memjax --run {path}. To estimate from its "
            f"predictions, export them: memjax export {path} --out FOLDER"
        )
    for kind in (feldman_zhang, lira):
        if kind.is_here(path):
            return kind.read(path)
    return read_folder(path)


def write_csv(path: Path, table: Columns) -> None:
    """Writes comma-separated values with a header: numbers in full precision, NaN as an empty field.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    write_atomically(path, written_as("csv", table))


def write_parquet(path: Path, table: Columns) -> None:
    """Writes Apache Parquet, with types.

    Raises:
      InputError: pyarrow is not installed.
    """
    write_atomically(path, written_as("parquet", table))


def written_as(kind: str, table: Columns) -> Callable[[Any], object]:
    """What writes a table to a stream, as csv, parquet or npz, where objects are texts, and None an empty one."""

    def safe(value):
        return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value

    def plain(values):
        return np.array(["" if each is None else str(each) for each in values]) if values.dtype.kind == "O" else values

    if kind == "npz":
        return lambda stream: np.savez_compressed(stream, **{name: plain(each) for name, each in table.items()})  # pyright: ignore[reportArgumentType]
    if kind == "csv":
        texts = frame({name: list(map(safe, values)) if values.dtype.kind in "UO" else values
                       for name, values in table.items()})  # fmt: skip
        return lambda stream: texts.to_csv(stream, index=False, lineterminator="\n")
    if find_spec("pyarrow") is None:
        raise InputError('Parquet needs pyarrow; install it with: pip install "memjax[tables]"')
    columns = {name: values if values.ndim == 1 else list(values) for name, values in table.items()}  # rows as lists
    return lambda stream: frame(columns).to_parquet(stream, index=False)
