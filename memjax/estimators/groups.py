"""Groups of examples, such as those of one person, as the units of all estimators."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from memjax.errors import InputError
from memjax.estimators.checks import as_masks_and_scores
from memjax.estimators.intervals import bounded_interval
from memjax.estimators.kernels.layout import layout_of
from memjax.estimators.memorization import memorization, sides
from memjax.metrics import METRICS
from memjax.types import ArrayLike


class GroupScores(NamedTuple):
    """Masks and scores of groups, which every estimator takes like those of examples.

    Attributes:
      names: the group's value, ascending.
      sizes: number of its examples.
      masks: whether model t was trained on the group.
      scores: mean over its examples of the score of model t.
    """

    names: Shaped[np.ndarray, " groups"]
    sizes: Int[np.ndarray, " groups"]
    masks: Bool[np.ndarray, "models groups"]
    scores: Float[np.ndarray, "models groups"]

    def columns(self, score: str = "correct") -> dict[str, Any]:
        """The columns of a table of the groups: group, size, memorization, stderr, low, high, num_in, num_out.

            memorization[g] = mean over the examples of g of their mean score in models that saw all of g
                            - the same in models that saw nothing of g

        The models are the sample: errors hold however alike the examples of a group are.  low and high are the ends of
        the 95 % interval, for scores from 0 to 1 that of `bounded_interval`.
        """
        value, stderr, num_in, num_out = map(np.asarray, found := memorization(self.masks, self.scores))
        low, high = map(np.asarray, found.interval(form="normal"))
        if score in METRICS and METRICS[score].bounded and layout_of(self.masks) is None:
            low, high = bounded_interval(*sides(self.masks, self.scores, "unbiased"))
        return {"group": self.names, "size": self.sizes, "memorization": value, "stderr": stderr, "low": low,
                "high": high, "num_in": num_in, "num_out": num_out}  # fmt: skip


def of_groups(groups: ArrayLike, masks: ArrayLike, scores: ArrayLike) -> GroupScores:
    """The groups of examples as units: `memorization(found.masks, found.scores)` is that of groups, and likewise
    `influence(found.masks, correct_test)` and `lira(found.masks, found.scores, target)`.

    Args:
      groups: (train,) the group of each example, any values that can be sorted.
      masks: (models, train), whether model t was trained on example i; all examples of a group, or none.
      scores: (models, train), such as correctness, or log odds for an attack on the membership of a person.

    Raises:
      InputError: shapes that do not fit, or a subset that holds a part of a group.

    Example:
      >>> import numpy as np
      >>> masks = np.array([[1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]])
      >>> correct = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]])
      >>> found = of_groups(["a", "a", "b"], masks, correct)
      >>> found.columns()["memorization"].tolist()
      [0.75, 1.0]

    Reference:
      After Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 2, with a group in
      the place of an example.
    """
    masks, scores = map(np.asarray, as_masks_and_scores(masks, scores))
    values = np.asarray(groups)
    if values.shape != masks.shape[1:]:
        raise InputError(f"groups have shape {values.shape}; expected one for each of {masks.shape[1]} examples")
    names, first, number, sizes = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
    if (split := masks != masks[:, first][:, number]).any():
        model, example = np.argwhere(split)[0]
        raise InputError(
            f"the subset of model {model} has a part of group {values[example]!s}; train with groups=, which draws "
            "subsets by group"
        )
    order = np.argsort(number, kind="stable")
    starts = np.cumsum(sizes) - sizes
    return GroupScores(
        names, sizes, masks[:, first], np.add.reduceat(scores[:, order], starts, axis=1, dtype=np.float64) / sizes
    )
