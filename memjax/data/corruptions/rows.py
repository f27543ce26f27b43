"""The rows that a corruption changes: how they are drawn, replaced and marked."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Shaped

from memjax.data.scaling import exact
from memjax.errors import InputError
from memjax.prng import host_bits, host_permutation
from memjax.types import Dataset

Part = Literal["train", "test"]
What = Literal["inputs", "labels"]


def chosen_rows(dataset: Dataset, part: Part, rate: float, seed: int, purpose: str) -> Int[np.ndarray, " rows"]:
    """Exactly round(rate * examples) rows, drawn at random.  With the same seed, a higher rate adds rows."""
    if not 0 <= rate <= 1:
        raise InputError(f"the rate of {purpose} is {rate}; give a fraction from 0 to 1")
    count = len(values_of(dataset, part, "labels"))
    address = f"{purpose} rows" if part == "train" else f"{purpose} rows, test"
    return host_permutation(seed, address, 0, count)[: round(rate * count)]


def values_of(dataset: Dataset, part: Part, what: What) -> Shaped[np.ndarray, "examples ..."]:
    """The inputs or labels of a split, in memory."""
    return getattr(dataset, f"{part}_{what}")[:]


def with_values(
    dataset: Dataset, part: Part, what: What, rows: Int[np.ndarray, " rows"], values: Shaped[np.ndarray, "rows ..."]
) -> Dataset:
    """The data set with new inputs or labels in some rows.  These rows are marked as corrupted."""
    new, mark = values_of(dataset, part, what).copy(), "corrupted" if part == "train" else "test_corrupted"
    new[rows] = values
    marks = getattr(dataset, mark).copy()
    marks[rows] = True
    changes = {f"{part}_{what}": new, mark: marks}
    if what == "labels" and part == "train":
        changes["mislabelled"] = dataset.mislabelled | (new != dataset.train_labels)
    return dataclasses.replace(dataset, **changes)


def as_floats(dataset: Dataset) -> Dataset:
    """The data set with inputs in float32, or float64 where float32 would round them away.

    Noise clipped to 0 and 255 would have another mean and variance.
    """
    inputs = {f"{part}_inputs": values_of(dataset, part, "inputs") for part in ("train", "test")}
    kind = np.float32 if all(map(exact, inputs.values())) else np.float64
    return dataclasses.replace(dataset, **{name: values.astype(kind) for name, values in inputs.items()})


def gaussian(seed: int, purpose: str, row: int, shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
    """Standard normal numbers for one row, by the Box-Muller method from addressed bits.

    The last bits may differ between machines, because each has its own logarithm and cosine.
    """
    size = int(np.prod(shape))
    half = -(-size // 2)
    uniform = ((host_bits(seed, purpose, row, 2 * half) >> np.uint64(11)) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[:half])), 2 * np.pi * uniform[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size].reshape(shape)
