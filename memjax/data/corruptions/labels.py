"""Corrupted labels: always wrong, drawn at random, or confused between pairs of classes."""

from collections.abc import Mapping

import numpy as np

from memjax.data.corruptions.rows import Part, chosen_rows, values_of, with_values
from memjax.errors import InputError
from memjax.prng import host_bits
from memjax.types import Dataset


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
