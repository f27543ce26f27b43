"""Attribution scores of any method, (train x test): from arrays and files, in the order of a run's examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.data.adapters import as_frame, is_frame
from memjax.data.tables.files import read_table
from memjax.errors import InputError
from memjax.untrusted import read_npy, read_npz, user_path

KINDS = (".npy", ".npz", ".csv", ".parquet")


class Scores(NamedTuple):
    """Scores in the order of a run's examples.

    Attributes:
      values: of each training example for each of some test examples.
      tests: the rows of these test examples.
      self_influence: of each training example on itself, where given.
      fitted_masks: masks of the models that the scores were made from, where given.
      said: how the source was understood.
    """

    values: Float[np.ndarray, "train test"]
    tests: Int[np.ndarray, " test"]
    self_influence: Float[np.ndarray, " train"] | None
    fitted_masks: Bool[np.ndarray, "models train"] | None
    said: str


def read_scores(source: Any, ids: np.ndarray, test_ids: np.ndarray) -> Scores:
    """Scores from a file (npy, npz, csv, parquet), an array, a data frame or a mapping of arrays.

    A mapping or npz file has `scores` or only one matrix, and optionally `train_ids`, `test_ids`, `self_influence` and
    `fitted_masks`.  A table has a row for each training example, with its name in the column `id` or `train_id`, and a
    column for each test example.  Without names the order is that of the run, and a matrix (test, train) is turned.

    Args:
      ids, test_ids: the names of the run's examples.

    Raises:
      InputError: the file cannot be read, or shape or names are not those of the run.
    """
    found = _arrays(source)
    if "scores" not in found:
        matrices = [name for name, each in found.items() if np.ndim(each) == 2 and name != "fitted_masks"]
        if len(matrices) != 1:
            raise InputError(f"the scores have arrays {', '.join(found)}; expected one named scores, (train, test)")
        found["scores"] = found[matrices[0]]
    values = np.asarray(found["scores"])
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise InputError(f"the scores are {values.dtype} of shape {values.shape}; expected numbers (train, test)")
    if {str(name) for name in found.get("columns", ())} & {str(name) for name in test_ids.tolist()}:
        found["test_ids"] = found["columns"]
    names, columns = (np.asarray(found[key]) if key in found else None for key in ("train_ids", "test_ids"))
    shape = (len(ids) if names is None else len(names), len(test_ids) if columns is None else len(columns))
    turned = values.shape != shape and values.shape[::-1] == shape
    values = values.T if turned else values
    if values.shape != shape:
        raise InputError(
            f"the scores have shape {values.shape}; expected {shape}, (train, test), or the same turned. For some of "
            "the test examples give test_ids too"
        )
    rows = np.arange(len(ids)) if names is None else _places(names, ids, "training")
    tests = np.arange(len(test_ids)) if columns is None else _places(columns, test_ids, "test")
    if len(rows) < len(ids):
        raise InputError(f"the scores are of {len(rows)} training examples, the run has {len(ids)}; give all of them")
    if not np.isfinite(values).all():
        raise InputError("the scores hold values that are not finite numbers; give 0 where a score is not defined")
    order, said = np.argsort(rows), "square, so rows are taken for training examples; " * (shape[0] == shape[1])
    said += "(test, train), turned; " if turned else "(train, test); "
    said += " and ".join(f"{what} examples by {'order' if given is None else 'name'}"
                         for what, given in (("training", names), ("test", columns)))  # fmt: skip
    own = found.get("self_influence")
    if own is not None and np.shape(own) != (len(ids),):
        raise InputError(f"self_influence has shape {np.shape(own)}; expected ({len(ids)},)")
    own = None if own is None else np.asarray(own, np.float64)[order]
    return Scores(values[order].astype(np.float64), tests, own, found.get("fitted_masks"), said)


def _arrays(source: Any) -> dict[str, Any]:
    if isinstance(source, str | Path):
        path = user_path(source)
        if path.suffix not in KINDS:
            raise InputError(
                f"{path} is no file of {', '.join(KINDS)}; save a torch tensor with np.save(FILE, scores.numpy())"
            )
        if path.suffix in (".npy", ".npz"):
            return {"scores": read_npy(path)} if path.suffix == ".npy" else dict(read_npz(path))
        source = read_table(f"{path.suffix[1:]}:{path}")
    if is_frame(source):
        return _of_frame(as_frame(source))
    return dict(source) if isinstance(source, Mapping) else {"scores": np.asarray(source)}


def _of_frame(frame: Any) -> dict[str, Any]:
    name = next((name for name in ("id", "train_id") if name in frame), None)
    rest = frame if name is None else frame.drop(columns=name)
    return {"scores": rest.to_numpy(), "columns": rest.columns} | ({} if name is None else {"train_ids": frame[name]})


def _places(given: np.ndarray, known: np.ndarray, what: str) -> Int[np.ndarray, " examples"]:
    place = {str(name): row for row, name in enumerate(known.tolist())}
    names = [str(name) for name in given.tolist()]
    if unknown := [name for name in names if name not in place]:
        raise InputError(f"the scores name {what} examples that the run does not have, such as {unknown[0][:40]!r}")
    if twice := len(names) - len({*names}):
        raise InputError(f"the scores name {twice} {what} examples more than once; give each once")
    return np.array([place[name] for name in names], int)
