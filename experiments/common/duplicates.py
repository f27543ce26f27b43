"""Near-duplicates between training and test examples, by distance of the inputs or by what they are known to show."""

import numpy as np

from experiments.data.draws import emoji_of, known_of
from memjax.types import Dataset

SHARE = 0.5  # of the typical distance to the nearest training example of the class; below it, a near-duplicate
CHUNK = 1000


def flat(inputs: np.ndarray) -> np.ndarray:
    """Examples as float vectors."""
    return inputs.reshape(len(inputs), -1).astype(np.float32)


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances of all pairs, (first, second)."""
    from sklearn.metrics.pairwise import euclidean_distances

    return euclidean_distances(flat(first).astype(np.float64), flat(second).astype(np.float64))


def nearest(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """For each test example the distance to the nearest training example of its class, and which one that is.

    Infinite, and -1, where the class has no training example.
    """
    distance, which = np.full(dataset.num_test, np.inf), np.full(dataset.num_test, -1)
    for label in np.unique(dataset.test_labels):
        rows = np.flatnonzero(dataset.train_labels == label)
        columns = np.flatnonzero(dataset.test_labels == label)
        if not len(rows):
            continue
        for start in range(0, len(columns), CHUNK):
            part = columns[start : start + CHUNK]
            found = distances(dataset.test_inputs[part], dataset.train_inputs[rows])
            distance[part], which[part] = found.min(1), rows[found.argmin(1)]
    return distance, which


def typical(distance: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each test example the median of its class's distances to the nearest training example."""
    median = {label: np.median(distance[labels == label]) for label in np.unique(labels)}
    return np.array([median[label] for label in labels])


def known_copies(source: str, dataset: Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """What the training and the test examples show, such as an emoji, where it is known of a data set; else None."""
    known = known_of(source)
    if "codepoint_train" not in known:
        return None
    return emoji_of(known["codepoint_train"][dataset.train_ids]), emoji_of(known["codepoint_test"][dataset.test_ids])


def near_duplicates(
    dataset: Dataset, share: float = SHARE, copies: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """Test examples that have a near-duplicate among the training examples of their class; (test,) bool.

    A near-duplicate is less than half as far away as the nearest training example typically is in that class.

    Args:
      copies: what the training and the test examples show; those that show the same are then the near-duplicates.
        Where most test examples have a copy, the typical distance is that of copies and says nothing.
    """
    if copies is not None:
        return np.isin(copies[1], copies[0])
    distance, _ = nearest(dataset)
    return distance < share * typical(distance, dataset.test_labels)


def pair_distances(dataset: Dataset, tr_idx: np.ndarray, tt_idx: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of pairs of one class: their distance in units of the class's typical nearest one, and its rank.

    The rank is the share of the class's training examples that are nearer to the test example: 0 for the nearest,
    about .5 for one drawn at random.
    """
    unit = typical(nearest(dataset)[0], dataset.test_labels)
    relative, rank = np.zeros(len(tr_idx)), np.zeros(len(tr_idx))
    for place, (row, column) in enumerate(zip(tr_idx, tt_idx, strict=True)):
        own = np.flatnonzero(dataset.train_labels == dataset.train_labels[row])
        found = distances(dataset.test_inputs[[column]], dataset.train_inputs[own])[0]
        here = found[own == row][0]
        relative[place], rank[place] = here / unit[column], (found < here).sum() / max(1, len(own) - 1)
    return relative, rank
