"""Predictions of models that any library trained: from arrays, under their usual names, to `Outcomes`."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Shaped

from memjax.data.build import check_counts
from memjax.data.targets import labels_of_sides
from memjax.errors import InputError
from memjax.exchange.sealed_folder import exporting, files_of
from memjax.metrics import check_range
from memjax.subsets import check_masks
from memjax.types import Dataset, Outcomes
from memjax.untrusted import read_npy

SIDES = ("train_", "test_")
_OTHERS = "minus_squared_error", "log_likelihood", "label_accuracy", "exact_match", "token_accuracy", "log_probability"
NAMES = {
    "masks": ("masks", "mask", "keep", "memberships", "trainset_mask", "train_masks"),
    "indices": ("indices", "subset_ids", "subset_indices"),
    "train_correct": ("train_correct", "trainset_correctness", "correct", "correctness"),
    "test_correct": ("test_correct", "testset_correctness", "correct_test"),
    "train_probability": ("train_probability", "probability"),
    "test_probability": ("test_probability", "probability_test"),
    "train_margin": ("train_margin", "train_margins", "margins"),
    "test_margin": ("test_margin", "test_margins"),
    "train_log_odds": ("train_log_odds", "log_odds"),
    "test_log_odds": ("test_log_odds",),
    **{f"{side}{score}": (f"{side}{score}",) for side in SIDES for score in _OTHERS},
    "train_labels": ("train_labels", "tr_labels", "y_train", "labels"),
    "test_labels": ("test_labels", "tt_labels", "y_test"),
}
"""The meaning of an array, and the names under which it is accepted."""

NO_LABEL = "not given"  # the name of the one class of examples without labels
_KNOWN = [name for names in NAMES.values() for name in names]
_WRITTEN = {  # by `write` too, and nothing here needs them
    "model_ids", *(f"{side}{name}" for side in SIDES for name in ("logits", "token_log_probability", "targets")),
}  # fmt: skip
_PERCENT = re.compile(r"_\d+pct$")


def read_folder(folder: Path) -> dict[str, np.ndarray]:
    """The npy files of a folder that have one of the known names, as `export` writes them and as datamodels are
    published: train_masks.npy or train_masks_50pct.npy, test_margins_50pct.npy, and so on.

    Raises:
      InputError: none is there, or one is damaged.
    """
    found: dict[str, Path] = {}
    for path in files_of(folder, "arrays") or sorted(folder.glob("*.npy")):
        name = _PERCENT.sub("", path.stem)
        if name in found:
            raise InputError(f"{found[name]} and {path} are both {name}; give a folder with one of them")
        found[name] = path
    arrays = {name: read_npy(path) for name, path in found.items() if name in _KNOWN}
    if not arrays:
        raise InputError(f"{folder} holds no npy file of a known name; known are {', '.join(sorted(_KNOWN))}")
    _tell_unknown(found)
    return arrays


def _tell_unknown(names: Iterable[str]) -> None:
    """Says which arrays are not used, since nothing is known of their names."""
    unknown = []
    for name in sorted({*names} - {*_KNOWN} - _WRITTEN):
        nearest = get_close_matches(name, _KNOWN, 1)
        unknown.append(f"{name} (did you mean {nearest[0]}?)" if nearest else name)
    if unknown:
        logging.getLogger("memjax").warning(
            f"arrays of unknown names are not used: {', '.join(unknown)}; expected are {', '.join(NAMES)}"
        )


def outcomes_of(arrays: Mapping[str, Shaped[np.ndarray, "..."]], name: str = "arrays") -> tuple[Dataset, Outcomes]:
    """Finished models from arrays with one row per model, and a data set with what is known of the examples.

    Required are the subsets and a training score.  Subsets are `masks` (models, train), or `indices` (models, subset
    size): rows of the training examples.  Scores are `train_correct`, `train_probability`, `train_log_odds` and
    `train_margin` (models, train), and the same of test examples, (models, test).  Margins also say what is correct:
    those above 0; log-odds also give probabilities.  Optional are `train_labels` and `test_labels`, of any kind.
    `NAMES` lists the accepted names; the logger `memjax` names arrays that are not used.  Without labels, all examples
    have the same class.  Without test scores, there are no test examples.

    Args:
      name: what the data set is called in the results.

    Raises:
      InputError: an array is missing, is given twice, or does not fit the other arrays.
    """
    from scipy.special import expit

    from memjax.estimators.checks import as_scores

    _tell_unknown(arrays)
    found = _by_meaning(arrays)
    for side in SIDES:
        if f"{side}margin" in found and f"{side}correct" not in found:
            found[f"{side}correct"] = found[f"{side}margin"] > 0
        if f"{side}log_odds" in found and f"{side}probability" not in found:
            found[f"{side}probability"] = expit(found[f"{side}log_odds"])
    of_train = [key for key in found if key.startswith("train_") and not key.endswith("labels")]
    masks = _masks(found, _needed(found, of_train[0] if of_train else "train_correct").shape)
    check_masks("masks", np.asarray(masks))
    scores = {key: as_scores(key, values, len(masks)) for key, values in found.items() if key.startswith(SIDES)
              and not key.endswith("labels")}  # fmt: skip
    for key, values in scores.items():
        check_range(key, key.partition("_")[2], np.asarray(values))
        if key.startswith("train_") and values.shape != masks.shape:
            raise InputError(_misfit(key, values.shape, "masks", masks.shape))
    num_test = {key: values.shape[1] for key, values in scores.items() if key.startswith("test_")}
    if len({*num_test.values()}) > 1:
        raise InputError(f"the arrays of test examples have different lengths: {num_test}; expected one")
    train, test = (
        {key.removeprefix(side): np.asarray(values) for key, values in scores.items() if key.startswith(side)}
        for side in SIDES
    )
    examples = _examples(found, masks.shape[1], max(num_test.values(), default=0), name)
    if not num_test:
        test["correct"] = np.zeros((len(masks), 0), bool)
    return examples, Outcomes(np.arange(len(masks)), masks, train, test)


def _by_meaning(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {}
    for meaning, names in NAMES.items():
        there = [name for name in names if name in arrays]
        if len(there) > 1:
            raise InputError(f"{' and '.join(there)} both mean {meaning}; leave one out")
        if there:
            found[meaning] = np.asarray(arrays[there[0]])
    return found


def _needed(found: Mapping[str, np.ndarray], meaning: str) -> np.ndarray:
    if meaning not in found:
        raise InputError(f"there is no {meaning}; give it under one of the names: {', '.join(NAMES[meaning])}")
    return found[meaning]


def _masks(found: Mapping[str, np.ndarray], shape: Sequence[int]) -> Bool[np.ndarray, "models train"]:
    from memjax.estimators.checks import as_masks

    if "indices" in found and "masks" in found:
        raise InputError("masks and indices both say what a model trained on; leave one out")
    if "indices" in found:
        return _masks_from(found["indices"], shape)
    masks = np.asarray(as_masks(_needed(found, "masks")))
    if masks.shape != tuple(shape):
        raise InputError(_misfit("masks", masks.shape, "the training scores", tuple(shape)))
    return masks


def _masks_from(indices: np.ndarray, shape: Sequence[int]) -> Bool[np.ndarray, "models train"]:
    """Each row of `indices` lists the training examples of a model."""
    num_models, num_train = shape
    if indices.ndim != 2 or len(indices) != num_models or indices.dtype.kind not in "iu":
        raise InputError(
            f"indices holds {indices.dtype} {indices.shape}; expected whole numbers ({num_models}, subset size)"
        )
    if indices.size and not (indices.min() >= 0 and indices.max() < num_train):
        raise InputError(f"indices holds {indices.min()} to {indices.max()}; expected rows 0 to {num_train - 1}")
    masks = np.zeros((num_models, num_train), bool)
    np.put_along_axis(masks, indices.astype(np.int64), True, axis=1)
    return masks


def _examples(found: Mapping[str, np.ndarray], num_train: int, num_test: int, name: str) -> Dataset:
    """The data set without its inputs, which are not known."""
    labels, names = {"train": np.zeros(num_train, int), "test": np.zeros(num_test, int)}, [NO_LABEL]
    given = {side: found[f"{side}_labels"] for side in labels if f"{side}_labels" in found}
    if len(given) == 1 and num_test:
        there, missing = ("train", "test") if "train" in given else ("test", "train")
        raise InputError(
            f"{there}_labels are given without {missing}_labels; give both, or neither: all examples then are one class"
        )
    if given:
        given = labels_of_sides(**given)
        for side, values in given.items():
            check_counts(side, labels[side][:, None], values)
        values = np.concatenate([*given.values()])
        names, codes = np.unique(values, return_inverse=True)
        if values.dtype.kind == "i" and names[0] >= 0 and names[-1] < max(1000, num_train):  # they are class numbers
            names, codes = np.arange(names[-1] + 1), values
        labels |= dict(zip(given, np.split(codes, [len(given["train"])] if "train" in given else []), strict=False))
    return Dataset(
        name, np.zeros((num_train, 0), np.uint8), labels["train"].astype(np.int32), np.zeros((num_test, 0), np.uint8),
        labels["test"].astype(np.int32), np.arange(num_train), np.arange(num_test),
        tuple(str(value) for value in names), np.zeros(num_train, bool),
    )  # fmt: skip


def _misfit(key: str, shape: tuple, other: str, other_shape: tuple) -> str:
    turned = "; is one of them transposed? Rows are models" if shape == other_shape[::-1] else ""
    return f"{key} has shape {shape} and {other} {other_shape}; expected the same{turned}"


def arrays_of(outcomes: Outcomes, dataset: Dataset) -> dict[str, np.ndarray]:
    """Masks, saved scores and model numbers under the names of `NAMES`, with the labels where they are known."""
    arrays = {"masks": outcomes.masks, "model_ids": outcomes.model_ids}
    for side in ("train", "test"):
        labels = dataset.targets(side)
        arrays |= {f"{side}_{name}": values for name, values in getattr(outcomes, side).items()}
        if dataset.train_targets is not None:
            arrays[f"{side}_targets"] = labels
        elif labels.min(initial=0) >= 0:
            arrays[f"{side}_labels"] = labels
    return arrays


def write(folder: Path, outcomes: Outcomes, dataset: Dataset) -> list[str]:
    """Writes each array to an npy file, which `numpy.load(..., mmap_mode="r")` reads; returns the names of the files.

    `masks.npy` (models x train), `train_correct.npy`, `test_correct.npy`, all other saved scores (margins and
    probabilities as float16), `model_ids.npy`, and, if they are known, `train_labels.npy` and `test_labels.npy`.
    """
    arrays = arrays_of(outcomes, dataset)
    with exporting(folder, "arrays") as add:
        for name, array in arrays.items():
            add(f"{name}.npy", lambda stream, array=array: np.save(stream, array))
    return [f"{name}.npy" for name in arrays]
