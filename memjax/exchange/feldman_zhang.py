"""The format of Feldman and Zhang's published checkpoints: `aux_arrays.npz` with predictions in a folder a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.exchange.sealed_folder import exporting, files_of
from memjax.types import Outcomes
from memjax.untrusted import read_npz

FILE = "aux_arrays.npz"
SIDES = ("train", "removed", "test")
WANTED = [f"{kind}_{side}" for side in SIDES for kind in ("correctness", "index")]


def is_here(folder: Path) -> bool:
    """Whether there is such a file below the folder."""
    return next(folder.rglob(FILE), None) is not None


def read(folder: Path) -> dict[str, np.ndarray]:
    """Masks and correctness of all models below a folder, in the order of their paths.

    Each file holds `correctness_train, correctness_removed, correctness_test` (0 or 1) and the rows of these examples,
    `index_train` and so on.  Training and removed examples together are the whole training set.  Rows are in the order
    of TensorFlow Datasets, which is not the order of the original files.

    Raises:
      InputError: a file is damaged, or of other examples than the first.
    """
    masks, train, test = [], [], []
    for path in files_of(folder, "feldman-zhang") or sorted(folder.rglob(FILE)):
        arrays = read_npz(path, lambda names, path=path: _check_names(names, path))
        for name in WANTED:
            if arrays[name].ndim != 1 or arrays[name].dtype.kind not in "biuf":
                what = f"{arrays[name].dtype} {arrays[name].shape}"
                raise InputError(f"{path}: {name} is {what}; expected a row of numbers; get the file again")
        sizes = len(arrays["index_train"]) + len(arrays["index_removed"]), len(arrays["index_test"])
        if masks and sizes != (len(masks[0]), len(test[0])):
            raise InputError(
                f"{path} is of {sizes} training and test examples, others of {len(masks[0]), len(test[0])}; "
                "expected the same of all models"
            )
        whole = np.concatenate([arrays["index_train"], arrays["index_removed"]])
        correct = np.concatenate([arrays["correctness_train"], arrays["correctness_removed"]])
        mask = np.zeros(sizes[0], bool)
        train.append(_scattered(correct, whole, sizes[0], path))  # which checks the indices
        mask[arrays["index_train"]] = True
        masks.append(mask)
        test.append(_scattered(arrays["correctness_test"], arrays["index_test"], sizes[1], path))
    if not masks:
        raise InputError(f"{folder} holds no {FILE}")
    return {"masks": np.stack(masks), "train_correct": np.stack(train), "test_correct": np.stack(test)}


def write(folder: Path, outcomes: Outcomes) -> int:
    """Writes a folder for each model, named by its number; returns the number of models."""
    with exporting(folder, "feldman-zhang") as add:
        for row, number in enumerate(outcomes.model_ids):
            mask = outcomes.masks[row]
            arrays: dict[str, np.ndarray] = {"subsample_idx": np.flatnonzero(mask)}
            for side, chosen in (("train", mask), ("removed", ~mask)):
                arrays[f"index_{side}"] = np.flatnonzero(chosen)
                arrays[f"correctness_{side}"] = outcomes.train["correct"][row, chosen].astype(np.float32)
            arrays["index_test"] = np.arange(outcomes.test["correct"].shape[1])
            arrays["correctness_test"] = outcomes.test["correct"][row].astype(np.float32)
            add(f"{number}/{FILE}", lambda stream, arrays=arrays: np.savez(stream, **arrays))  # type: ignore
    return len(outcomes.model_ids)


def _check_names(names: Sequence[str], path: Path) -> None:
    if missing := [name for name in WANTED if name not in names]:
        raise InputError(f"{path} lacks {', '.join(missing)}; get the file again")


def _scattered(values: np.ndarray, index: np.ndarray, size: int, path: Path) -> np.ndarray:
    """Correctness in the order of the examples; each example must occur once."""
    if values.shape != (size,) or index.dtype.kind not in "iu" or not np.array_equal(np.sort(index), np.arange(size)):
        raise InputError(f"{path}: its indices do not name each of {size} examples once; get the file again")
    row = np.empty(size, values.dtype)
    row[index] = values
    return row
