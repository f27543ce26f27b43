"""Which rows a corruption touches, and what is noted of them."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError
from memjax.prng import host_bits, host_permutation
from memjax.types import Dataset

Part = Literal["train", "test"]


def chosen_rows(dataset: Dataset, part: Part, rate: float, seed: int, purpose: str) -> Int[np.ndarray, " rows"]:
    """Exactly round(rate * examples) rows, drawn at random; with the same seed a higher rate has the same and more.

    Raises:
      InputError: the rate is no fraction.
    """
    if not 0 <= rate <= 1:
        raise InputError(f"the rate of {purpose} is {rate}; give a fraction from 0 to 1")
    count = len(labels_of(dataset, part))
    address = f"{purpose} rows" if part == "train" else f"{purpose} rows, test"
    return host_permutation(seed, address, 0, count)[: round(rate * count)]


def labels_of(dataset: Dataset, part: Part) -> Int[np.ndarray, " examples"]:
    return dataset.train_labels if part == "train" else dataset.test_labels


def inputs_of(dataset: Dataset, part: Part) -> Shaped[np.ndarray, "examples ..."]:
    """In memory, wherever they were."""
    return (dataset.train_inputs if part == "train" else dataset.test_inputs)[:]


def with_labels(
    dataset: Dataset, part: Part, rows: Int[np.ndarray, " rows"], labels: Int[np.ndarray, " rows"]
) -> Dataset:
    """The data set with other labels in some rows."""
    changed = labels_of(dataset, part).copy()
    changed[rows] = labels
    touched = dataclasses.replace(dataset, **{f"{part}_labels": changed}, **_touched(dataset, part, rows))
    if part == "test":
        return touched
    return dataclasses.replace(touched, mislabelled=dataset.mislabelled | (changed != dataset.train_labels))


def with_inputs(
    dataset: Dataset, part: Part, rows: Int[np.ndarray, " rows"], inputs: Shaped[np.ndarray, "rows ..."]
) -> Dataset:
    """The data set with other inputs in some rows."""
    changed = inputs_of(dataset, part).copy()
    changed[rows] = inputs
    return dataclasses.replace(dataset, **{f"{part}_inputs": changed}, **_touched(dataset, part, rows))


def as_floats(dataset: Dataset) -> Dataset:
    """With inputs in float32: noise cut off at 0 and 255 would have another mean and variance."""
    floats = {f"{part}_inputs": inputs_of(dataset, part).astype(np.float32) for part in ("train", "test")}
    return dataclasses.replace(dataset, **floats)


def gaussian(seed: int, purpose: str, row: int, size: int) -> Float[np.ndarray, " size"]:
    """Standard normal numbers, by the method of Box and Muller from addressed bits.

    Logarithm and cosine are the machine's: between machines the last bits may differ.
    """
    half = -(-size // 2)
    uniform = ((host_bits(seed, purpose, row, 2 * half) >> np.uint64(11)) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[:half])), 2 * np.pi * uniform[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size]


def _touched(dataset: Dataset, part: Part, rows: Int[np.ndarray, " rows"]) -> dict[str, Bool[np.ndarray, " examples"]]:
    name = "corrupted" if part == "train" else "test_corrupted"
    marks = getattr(dataset, name).copy()
    marks[rows] = True
    return {name: marks}
