"""The folders that the code of LiRA's authors reads and writes: one experiment for each shadow model."""

from pathlib import Path

import numpy as np

from memjax.errors import InputError
from memjax.exchange.sealed_folder import exporting, files_of
from memjax.types import Outcomes
from memjax.untrusted import read_npy


def is_here(folder: Path) -> bool:
    """Whether there are such experiments in the folder."""
    return any(folder.glob("experiment-*/keep.npy"))


def read(folder: Path) -> dict[str, np.ndarray]:
    """Masks and log-odds of all experiments, and correctness if there are logits and labels.

    Each experiment holds `keep.npy` (train,), and in `scores/` and `logits/` a file for each checkpoint, of which this
    reads the last: log-odds (train, augmentations) and logits (train, 1, augmentations, classes).  It uses the first
    augmentation, the unchanged input.  Labels are in `y_train.npy` beside the experiments.

    Raises:
      InputError: a file is missing, damaged or of another shape.
    """
    experiments = sorted(folder.glob("experiment-*"), key=lambda path: (len(path.name), path.name))
    experiments = [path for path in experiments if (path / "keep.npy").exists()]
    if noted := {*(files_of(folder, "lira") or ())}:
        experiments = [path for path in experiments if path / "keep.npy" in noted]
    if not experiments:
        raise InputError(f"{folder} holds no experiment-*/keep.npy")
    arrays = {"masks": _stacked([read_npy(path / "keep.npy") for path in experiments], 1, folder)}
    if all(any(path.glob("scores/*.npy")) for path in experiments):
        scores = _stacked([_last(path / "scores") for path in experiments], 2, folder)
        arrays["log_odds"] = scores[:, :, 0]
    labels = folder / "y_train.npy"
    if labels.exists():
        arrays["train_labels"] = read_npy(labels)
    if labels.exists() and all(any(path.glob("logits/*.npy")) for path in experiments):
        logits = _stacked([_last(path / "logits") for path in experiments], 4, folder)[:, :, 0, 0]
        given = arrays["train_labels"]
        if given.shape != logits.shape[1:2] or given.dtype.kind not in "iu":
            raise InputError(
                f"{labels} holds {given.dtype} {given.shape}; expected {logits.shape[1]} whole numbers: the column of "
                "each example's label in the logits"
            )
        arrays["train_correct"] = logits.argmax(-1) == arrays["train_labels"]
    return arrays


def write(folder: Path, outcomes: Outcomes, labels: np.ndarray) -> int:
    """Writes an experiment for each model, and the labels unless they are -1, unknown; returns the number of models.

    Raises:
      InputError: the run did not save log_odds.
    """
    if "log_odds" not in outcomes.train:
        raise InputError("LiRA needs log-odds, which this run did not save; train with --keep correct log_odds")
    with exporting(folder, "lira") as add:
        if labels.min(initial=0) >= 0:
            add("y_train.npy", lambda stream: np.save(stream, labels))
        for row, number in enumerate(outcomes.model_ids):
            parts = {"keep.npy": outcomes.masks[row]}
            parts["scores/0000000000.npy"] = outcomes.train["log_odds"][row, :, None].astype(np.float32)
            if "logits" in outcomes.train:
                parts["logits/0000000000.npy"] = outcomes.train["logits"][row, :, None, None].astype(np.float32)
            for name, array in parts.items():
                place = f"experiment-{number}_{len(outcomes.model_ids)}"
                add(f"{place}/{name}", lambda stream, array=array: np.save(stream, array))
    return len(outcomes.model_ids)


def _last(folder: Path) -> np.ndarray:
    """The array of the last checkpoint: their names are steps with leading zeros."""
    return read_npy(max(folder.glob("*.npy"), key=lambda path: (len(path.name), path.name)))


def _stacked(parts: list[np.ndarray], axes: int, folder: Path) -> np.ndarray:
    shapes = {part.shape for part in parts}
    if len(shapes) > 1 or parts[0].ndim != axes or 0 in parts[0].shape:
        raise InputError(
            f"{folder}: the experiments have arrays of shapes {sorted(shapes)}; expected one, of {axes} axes"
        )
    return np.stack(parts)
