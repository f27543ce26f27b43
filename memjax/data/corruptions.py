"""The corruptions: inputs replaced with noise, with noise added or shuffled; labels wrong, drawn again or confused."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int, Shaped

from memjax.data.scaling import exact
from memjax.errors import InputError, one_of
from memjax.prng import host_bits, host_permutation
from memjax.types import Dataset

Part = Literal["train", "test"]
What = Literal["inputs", "labels"]


def random_inputs(dataset: Dataset, rate: float, seed: int, moments: str = "global", part: Part = "train") -> Dataset:
    """Replaces exactly round(rate * examples) inputs by Gaussian noise; all inputs become float32.

    Args:
      moments: the noise has the mean and variance of the training inputs before the corruption.  global: of all
        values.  pixel: of each pixel, so that constant pixels stay constant.  The paper does not say which.

    Raises:
      InputError: the rate is not between 0 and 1, or `moments` is something else.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 2: randX.
    """
    if moments not in ("global", "pixel"):
        raise InputError(f"random-inputs: {moments!r} is neither global nor pixel")
    rows = chosen_rows(dataset, part, rate, seed, "random inputs")
    floats = as_floats(dataset)
    train, axis = values_of(dataset, "train", "inputs"), None if moments == "global" else 0
    mean, spread = (take(train, axis=axis, dtype=np.float64) for take in (np.mean, np.std))
    inputs = np.empty((len(rows), *dataset.input_shape), floats.train_inputs.dtype)
    for place, row in enumerate(rows):
        inputs[place] = mean + spread * gaussian(seed, f"random inputs, {part}", int(row), dataset.input_shape)
    return with_values(floats, part, "inputs", rows, inputs)


def noisy_inputs(dataset: Dataset, rate: float, seed: int, deviation: float = 1.0, part: Part = "train") -> Dataset:
    """Adds Gaussian noise, drawn once, to exactly round(rate * examples) inputs; all inputs become float32.

    `TrainSpec.input_noise` is the other kind: drawn anew at each step.

    Args:
      deviation: standard deviation of the noise, in units of the standard deviation of all training input values.

    Raises:
      InputError: the rate is not between 0 and 1, or the deviation is not a number above 0.
    """
    if not 0 < deviation < np.inf:
        raise InputError(f"noisy-inputs: the deviation is {deviation}; give a number above 0")
    rows = chosen_rows(dataset, part, rate, seed, "noisy inputs")
    spread = deviation * np.std(values_of(dataset, "train", "inputs"), dtype=np.float64)
    floats = as_floats(dataset)
    inputs = values_of(floats, part, "inputs")[rows]
    for place, row in enumerate(rows):
        noise = gaussian(seed, f"noisy inputs, {part}", int(row), dataset.input_shape)
        inputs[place] += (spread * noise).astype(inputs.dtype)
    return with_values(floats, part, "inputs", rows, inputs)


def shuffled_pixels(dataset: Dataset, rate: float, seed: int, orders: str = "one", part: Part = "train") -> Dataset:
    """Permutes the pixels of exactly round(rate * examples) inputs; the colours of a pixel stay together.

    Args:
      orders: one: the same permutation for all training and test inputs, which makes no difference to a fully
        connected network.  each: a permutation of its own for each input, which keeps its values and not its shapes.

    Raises:
      InputError: the rate is not between 0 and 1, or `orders` is something else.

    Reference:
      Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017, arXiv 1611.03530, section 2:
      shuffled pixels (one) and random pixels (each).
    """
    if orders not in ("one", "each"):
        raise InputError(f"shuffled-pixels: {orders!r} is neither one nor each")
    rows = chosen_rows(dataset, part, rate, seed, "shuffled pixels")
    shape = dataset.input_shape
    pixels = int(np.prod(shape[:2])) if len(shape) == 3 else int(np.prod(shape))
    flat = values_of(dataset, part, "inputs")[rows].reshape(len(rows), pixels, -1)
    if orders == "one":
        flat = flat[:, host_permutation(seed, "shuffled pixels", 0, pixels)]
    else:
        for place, row in enumerate(rows):
            flat[place] = flat[place, host_permutation(seed, f"shuffled pixels, {part}", int(row), pixels)]
    return with_values(dataset, part, "inputs", rows, flat.reshape(len(rows), *shape))


def flip_labels(dataset: Dataset, rate: float, seed: int, part: Part = "train") -> Dataset:
    """Replaces exactly round(rate * examples) labels by a wrong class; all wrong classes are equally likely.

    `mislabelled` marks these examples.  With the same seed, a higher rate changes the same labels and more.

    Raises:
      InputError: the rate is not between 0 and 1, or there are fewer than two classes.
    """
    num_classes, old = dataset.num_classes, values_of(dataset, part, "labels")
    rows = chosen_rows(dataset, part, rate, seed, "label noise")
    if not len(rows):
        return dataset
    if num_classes < 2:
        raise InputError(f"--label-noise needs at least two classes; {dataset.name} has {num_classes}")
    purpose = "label noise shift" if part == "train" else "label noise shift, test"
    shift = 1 + host_bits(seed, purpose, 0, len(old))[rows] % np.uint64(num_classes - 1)
    return with_values(dataset, part, "labels", rows, (old[rows] + shift.astype(np.int32)) % num_classes)


def random_labels(dataset: Dataset, rate: float, seed: int, part: Part = "train") -> Dataset:
    """Draws exactly round(rate * examples) labels again; all classes, the right one included, are equally likely.

    At rate 1 the labels do not depend on the inputs.  `corrupted` marks the rows that were drawn, `mislabelled` the
    rows whose label changed.

    Raises:
      InputError: the rate is not between 0 and 1.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 2: randY.
    """
    rows = chosen_rows(dataset, part, rate, seed, "random labels")
    drawn = host_bits(seed, f"random labels, {part}", 0, len(values_of(dataset, part, "labels")))
    return with_values(dataset, part, "labels", rows, (drawn % np.uint64(dataset.num_classes)).astype(np.int32)[rows])


def pair_labels(
    dataset: Dataset, rate: float, seed: int, pairs: Mapping[int, int] | None = None, part: Part = "train"
) -> Dataset:
    """Replaces one class by another in exactly round(rate * examples) of the examples of each class that has a pair.

    Args:
      pairs: old class -> new class.  By default each class becomes the next, and the last becomes the first.

    Raises:
      InputError: the rate is not between 0 and 1, or a pair names an unknown class or one class twice.

    Reference:
      Han et al., Co-teaching, 2018, arXiv 1804.06872, section 4: pair flipping, which is the default.
    """
    count = dataset.num_classes
    pairs = {number: (number + 1) % count for number in range(count)} if pairs is None else pairs
    for before, after in pairs.items():
        if before == after or not (0 <= before < count and 0 <= after < count):
            raise InputError(
                f"pair-labels names the pair {before}-{after}; give two of the classes 0 to {count - 1} of "
                f"{dataset.name}"
            )
    old = values_of(dataset, part, "labels")
    chosen_rows(dataset, part, rate, seed, "pair labels")  # raises for a rate outside 0 to 1
    order = chosen_rows(dataset, part, 1.0, seed, "pair labels")
    of_class = [order[old[order] == before] for before in pairs]
    rows = np.concatenate([rows[: round(rate * len(rows))] for rows in of_class])
    target = np.arange(count, dtype=np.int32)
    target[list(pairs)] = list(pairs.values())
    return with_values(dataset, part, "labels", rows, target[old[rows]])


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


def corrupt(dataset: Dataset, corruptions: Sequence[str], seed: int, test: bool = False) -> Dataset:
    """The data set with some of its training examples corrupted on purpose, or with `test` also of its test examples.

    Corruptions are NAME=RATE or NAME=RATE:DETAIL, applied in this order; each draws and marks its own rows:
    random-labels, wrong-labels, pair-labels=RATE:0-1,1-0, random-inputs=RATE:global|pixel,
    shuffled-pixels=RATE:one|each, noisy-inputs=RATE:DEVIATION.

    Raises:
      InputError: a corruption is not known, or its rate or detail cannot be used.
    """
    parts: tuple[Part, ...] = ("train", "test") if test else ("train",)
    for text in corruptions:
        name, _, rest = text.partition("=")
        rate, colon, detail = rest.partition(":")
        if name not in KINDS:
            raise one_of("--corrupt", name, list(KINDS))
        function, read = KINDS[name]
        if not rate:
            raise InputError(f"--corrupt {text!r} has no rate; write {name}=0.2 for one example in five")
        if colon and read is None:
            raise InputError(f"--corrupt {text!r}: {name} takes a rate and nothing after it")
        details = [read(name, detail)] if colon and read else []
        for part in parts[::-1]:  # test first: noise takes its mean and variance from the unchanged training inputs
            dataset = function(dataset, _number(name, rate), seed, *details, part=part)
    return dataset


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--corrupt {name}: {text!r} is not a number") from None


def _pairs(name: str, text: str) -> dict[int, int]:
    words = text.split(",")
    if not all(re.fullmatch("[0-9]{1,6}-[0-9]{1,6}", word) for word in words):
        raise InputError(f"--corrupt {name}: {text!r}; write pairs of classes as in {name}=0.2:3-5,5-3")
    pairs = [(int(before), int(after)) for before, after in (word.split("-") for word in words)]
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"--corrupt {name}: {text!r} sends one class to two")
    return dict(pairs)


# The function of each corruption, and what reads the detail after its rate.
KINDS: dict[str, tuple[Callable[..., Dataset], Callable[[str, str], Any] | None]] = {
    "random-labels": (random_labels, None),
    "wrong-labels": (flip_labels, None),
    "pair-labels": (pair_labels, _pairs),
    "random-inputs": (random_inputs, lambda _, word: word),
    "shuffled-pixels": (shuffled_pixels, lambda _, word: word),
    "noisy-inputs": (noisy_inputs, _number),
}
