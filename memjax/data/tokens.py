"""Sequences of tokens: whole numbers from 0, of which a network predicts each from those before it."""

from dataclasses import replace
from typing import Any

import numpy as np

from memjax.config.specs import DataSpec
from memjax.data.adapters import as_inputs
from memjax.errors import InputError
from memjax.types import Dataset

VOCABULARY_MOST = 2**20  # ids beyond it are magnitudes that somebody took for tokens


def as_tokens(which: str, values: Any) -> np.ndarray:
    """Token ids as whole numbers, (examples, length), or (examples,) for targets of the last place alone; InputError
    for sequences of several lengths, and for other values."""
    if isinstance(values, list | tuple) and len(lengths := {np.size(row) for row in values}) > 1:
        raise InputError(
            f"{which} have {min(lengths)} to {max(lengths)} tokens; expected one length: fill shorter ones up at their "
            "end with --padding, by default -1"
        )
    array = as_inputs(which, values)
    if array.dtype.kind not in "iu" or array.ndim not in (1, 2) or 0 in array.shape:
        raise InputError(f"{which} are {array.dtype} {array.shape}; expected whole numbers, a row for each sequence")
    return array


def sequences_of(which: str, inputs: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets; without targets these are the next tokens, and the last token of a sequence is no input."""
    array = as_tokens(f"{which} sequences", inputs)
    if targets is not None:
        return array, as_tokens(f"{which} targets", targets)
    if array.ndim != 2 or array.shape[1] < 2:
        raise InputError(f"{which} sequences have shape {array.shape}; expected rows of two tokens or more")
    return array[:, :-1], array[:, 1:]


def look_shifted(inputs: Any, targets: Any) -> bool:
    """Whether the targets are surely the next tokens: rows of whole numbers that are the inputs moved by one."""
    sides = inputs, targets
    if not all(isinstance(side, np.ndarray) and side.dtype.kind in "iu" and side.ndim == 2 for side in sides):
        return False
    return inputs.shape == targets.shape and inputs.shape[1] > 2 and np.array_equal(inputs[:, 1:], targets[:, :-1])


def with_tokens(dataset: Dataset, spec: DataSpec) -> Dataset:
    """The data set as networks take it: inputs are ids of the vocabulary, and targets are below 0 where none counts.

    Raises:
      InputError: an id is negative or beyond the vocabulary, or a sequence has nothing to predict.
    """
    inputs, targets = ([np.asarray(getattr(dataset, f"{side}_{part}")) for side in ("train", "test")]
                       for part in ("inputs", "targets"))  # fmt: skip
    if any(array.dtype.kind not in "iu" for array in (*inputs, *targets)):
        raise InputError(f"the tokens of {dataset.name} are {inputs[0].dtype}; expected whole numbers")
    if targets[0].ndim == 1:  # of the last place alone
        targets = [np.pad(each[:, None], ((0, 0), (inputs[0].shape[1] - 1, 0)), constant_values=-1) for each in targets]
    size, padding = spec.vocabulary or len(dataset.tokens), spec.padding
    size = size or 1 + max(int(array.max(initial=0)) for array in (*inputs, *targets))
    if size > VOCABULARY_MOST:
        raise InputError(f"the tokens of {dataset.name} reach {size - 1}; expected ids below {VOCABULARY_MOST}")
    for which, array in zip(("train inputs", "test inputs", "train targets", "test targets"), (*inputs, *targets),
                            strict=True):  # fmt: skip
        counts = array != padding if which.endswith("inputs") else (array != padding) & (array != -1)
        if (wrong := np.argwhere(counts & ((array < 0) | (array >= size)))).size:
            row, place = wrong[0]
            raise InputError(
                f"{which} of row {row} hold {array[row, place]}; expected ids from 0 to {size - 1}, or {padding} for "
                "padding: see --padding and --vocabulary"
            )
        if padding < 0 and which.endswith("inputs") and (np.diff(counts.astype(np.int8), axis=1) > 0).any():
            raise InputError(f"{which} have padding before a token; move it to the end, or give it an id from 0")
        if which.endswith("targets") and (empty := np.flatnonzero(~counts.any(1))).size:
            raise InputError(f"{which} of row {empty[0]} have no token ({len(empty)} such rows); leave them out")
    if targets[0].shape[1:] != inputs[0].shape[1:]:
        shapes = f"{inputs[0].shape} and targets {targets[0].shape}"
        raise InputError(f"inputs have shape {shapes}; expected a target for each token, or for each sequence")
    inputs = [np.maximum(each, 0).astype(np.int32) for each in inputs]
    targets = [np.where(each == padding, -1, each).astype(np.int32) for each in targets]
    return replace(
        dataset, train_inputs=inputs[0], test_inputs=inputs[1], train_targets=targets[0], test_targets=targets[1],
        tokens=dataset.tokens or tuple(f"{number} " for number in range(size)),
    )  # fmt: skip


def sequence_texts(dataset: Dataset, side: str) -> np.ndarray:
    """The sequences of a side, train or test, as texts: the inputs up to the last target that counts, and this one."""
    inputs, targets = np.asarray(getattr(dataset, f"{side}_inputs")), dataset.targets(side)
    ends = targets.shape[1] - (targets[:, ::-1] >= 0).argmax(1)
    rows = zip(inputs.tolist(), targets.tolist(), ends.tolist(), strict=True)
    texts = ("".join(dataset.tokens[each] for each in [*ids[:end], own[end - 1]]) for ids, own, end in rows)
    return np.array([text.strip() for text in texts], str)
