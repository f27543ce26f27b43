"""High-influence pairs: test examples that depend on one memorized training example of their class."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from memjax import notebook
from memjax.types import ArrayLike

MEM_THRESHOLD = 0.25
INFL_THRESHOLD = 0.15


class Pairs(NamedTuple):
    """Pairs in descending order of influence; `mem` is that of the training example.

    Reference:
      Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703, section 3.2.
    """

    tr_idx: Int[np.ndarray, " pairs"]
    tt_idx: Int[np.ndarray, " pairs"]
    infl: Float[np.ndarray, " pairs"]
    infl_stderr: Float[np.ndarray, " pairs"]

    def __repr__(self) -> str:
        counts, infl, stderr = count_pairs(self.tr_idx, self.tt_idx), notebook.Summary(self.infl), self.infl_stderr
        return (
            f"Pairs({counts.pairs:,}: {counts.train:,} training and {counts.test:,} test examples; influence "
            f"{infl.range()}; standard error {notebook.three_digits(notebook.Summary(stderr).typical)} typical)"
        )

    def _repr_html_(self) -> str:
        return notebook.html_table(repr(self), self.to_dataframe().head(notebook.SHOWN))

    def to_dataframe(self) -> Any:
        """The pairs as a pandas data frame, a row per pair."""
        return notebook.frame(self._asdict())


NO_PAIRS = Pairs(*(np.zeros(0, dtype) for dtype in (np.int64, np.int64, np.float32, np.float32)))


def select_pairs(
    infl: ArrayLike, infl_stderr: ArrayLike, mem: ArrayLike, train_ids: ArrayLike, test_ids: ArrayLike
) -> Pairs:
    """The pairs of one class with infl >= 0.15 whose training example has mem >= 0.25; NaN passes neither.

    Args:
      infl, infl_stderr: influence within the class and its standard error.
      mem: memorization of the class's training examples.
      train_ids, test_ids: numbers of the rows and columns in the whole data set.
    """
    infl, infl_stderr, mem, train_ids, test_ids = map(np.asarray, (infl, infl_stderr, mem, train_ids, test_ids))
    row, column = np.nonzero((infl >= INFL_THRESHOLD) & (mem >= MEM_THRESHOLD)[:, None])
    return Pairs(train_ids[row], test_ids[column], infl[row, column], infl_stderr[row, column])


class PairCounts(NamedTuple):
    """The counts of the paper's table 1, of any set of pairs.

    Attributes:
      pairs: pairs.
      train, test: different training and different test examples among them.
      test_with_one: test examples that are in exactly one pair.
    """

    pairs: int
    train: int
    test: int
    test_with_one: int


def count_pairs(tr_idx: ArrayLike, tt_idx: ArrayLike) -> PairCounts:
    """How many pairs, and how many different examples in them.

    Reference:
      Feldman and Zhang, 2020, arXiv 2008.03703, section 3.2.
    """
    _, per_test = np.unique(tt_idx, return_counts=True)
    return PairCounts(len(tr_idx), len(np.unique(tr_idx)), len(per_test), int((per_test == 1).sum()))


def expected_by_chance(infl_stderr: ArrayLike, mem: ArrayLike) -> float:
    """The number of pairs of one class expected above the threshold under the null, if no example had any influence.

    The sum, over pairs whose training example has mem >= 0.25, of the probability that a normal error with the pair's
    standard error reaches 0.15.  Compare it with the number of pairs found; it falls as models are added.
    """
    from scipy.special import ndtr

    stderr = np.asarray(infl_stderr)[np.asarray(mem) >= MEM_THRESHOLD]
    return float(ndtr(-INFL_THRESHOLD / stderr[np.isfinite(stderr)].astype(np.float64)).sum())


def join_pairs(parts: list[Pairs]) -> Pairs:
    """All pairs of several classes, strongest first; equal ones by training, then test example."""
    joined = Pairs(*(np.concatenate(columns) for columns in zip(NO_PAIRS, *parts, strict=True)))
    order = np.lexsort((joined.tt_idx, joined.tr_idx, -joined.infl))
    return Pairs(*(column[order] for column in joined))


def ranks(groups: Int[np.ndarray, " entries"]) -> Int[np.ndarray, " entries"]:
    """The number of earlier entries of the same group, for each entry."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]]) if len(groups) else order
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return rank
