"""For each training example, the test examples that it helps and hurts most."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from memjax.types import ArrayLike

LISTED = 5  # test examples on either side


class Extremes(NamedTuple):
    """One row for each training example; the strongest influence comes first.  NaN where influence is undefined.

    The largest of many noisy numbers is large under the null, too: among ten thousand test examples without any
    influence it is about 3.9 standard errors.

    Attributes:
      helped_idx, helped_infl, helped_stderr: the test examples with the largest influence, their influence and its
        standard error.
      hurt_idx, hurt_infl, hurt_stderr: the same for the smallest influence, which is mostly below 0.
    """

    helped_idx: Int[np.ndarray, "train listed"]
    helped_infl: Float[np.ndarray, "train listed"]
    helped_stderr: Float[np.ndarray, "train listed"]
    hurt_idx: Int[np.ndarray, "train listed"]
    hurt_infl: Float[np.ndarray, "train listed"]
    hurt_stderr: Float[np.ndarray, "train listed"]


def extremes(infl: ArrayLike, infl_stderr: ArrayLike, count: int = LISTED) -> Extremes:
    """The `count` largest and smallest influences of each row; all of them where there are fewer test examples.

    Equal influences stand in the order of the test examples; which of them make the list is not defined.
    """
    infl, infl_stderr = np.asarray(infl), np.asarray(infl_stderr)
    count = min(count, infl.shape[1])
    found = []
    for signed in (-infl, infl):
        columns = np.argpartition(signed, count - 1, axis=1)[:, :count] if count else np.zeros((len(infl), 0), int)
        columns.sort(axis=1)
        order = np.argsort(np.take_along_axis(signed, columns, 1), axis=1, kind="stable")
        columns = np.take_along_axis(columns, order, 1)
        found += [columns, *(np.take_along_axis(values, columns, 1) for values in (infl, infl_stderr))]
    return Extremes(*found)


def join_extremes(parts: list[Extremes]) -> Extremes:
    """The rows of several parts, one part after the other."""
    return Extremes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
