"""Labels that say less than they did, on purpose: drawn at random, or confused between pairs of classes.

`noise.flip_labels` is the third kind, always wrong and all wrong classes alike.
"""

from collections.abc import Mapping

import numpy as np

from memjax.data.corruptions.rows import Part, chosen_rows, labels_of, with_labels
from memjax.errors import InputError
from memjax.prng import host_bits
from memjax.types import Dataset


def random_labels(dataset: Dataset, rate: float, seed: int, part: Part = "train") -> Dataset:
    """Draws exactly round(rate * examples) labels anew, all classes being equally likely, the right one among them.

    At rate 1 the labels say nothing of the inputs.  `corrupted` has the rows, `mislabelled` those whose label changed.

    Raises:
      InputError: the rate is no fraction.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 2: randY.
    """
    rows = chosen_rows(dataset, part, rate, seed, "random labels")
    drawn = host_bits(seed, f"random labels, {part}", 0, len(labels_of(dataset, part)))
    return with_labels(dataset, part, rows, (drawn % np.uint64(dataset.num_classes)).astype(np.int32)[rows])


def pair_labels(
    dataset: Dataset, rate: float, seed: int, pairs: Mapping[int, int] | None = None, part: Part = "train"
) -> Dataset:
    """Takes one class for another in exactly round(rate * examples) of the examples of each class that has a pair.

    Args:
      pairs: from which class to which; by default from each to the next, and from the last to the first.

    Raises:
      InputError: the rate is no fraction, or a pair names a class that is not there or one class twice.

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
    old = labels_of(dataset, part)
    order = chosen_rows(dataset, part, 1.0, seed, "pair labels")
    chosen_rows(dataset, part, rate, seed, "pair labels")  # refuses a rate that is none
    of_class = {before: order[old[order] == before] for before in pairs}
    rows = np.concatenate([rows[: round(rate * len(rows))] for rows in of_class.values()])
    target = np.arange(count, dtype=np.int32)
    target[list(pairs)] = list(pairs.values())
    return with_labels(dataset, part, rows, target[old[rows]])
