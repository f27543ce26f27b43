"""High-influence pairs: test examples that depend on a memorized training example, and extremes of influence."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from memjax import notebook
from memjax.types import ArrayLike, Estimate

MEM_THRESHOLD = 0.25
INFL_THRESHOLD = 0.15
LISTED = 5  # test examples on either side


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
    """How many pairs, and how many different examples in them."""
    _, per_test = np.unique(tt_idx, return_counts=True)
    return PairCounts(len(tr_idx), len(np.unique(tr_idx)), len(per_test), int((per_test == 1).sum()))


def expected_by_chance(infl: ArrayLike | Estimate, mem: ArrayLike) -> float:
    """The number of pairs of one class expected above the threshold under the null, if no example had any influence.

    The sum, over pairs whose training example has mem >= 0.25, of the probability that noise alone reaches 0.15.
    Compare it with the number of pairs found; it falls as models are added.

    Args:
      infl: influence from counts: exact probabilities, given how many models saw the training example and how many were
        right about the test example.  Or only the standard errors (train, test): those of a normal error.
    """
    from scipy.special import ndtr

    memorized = np.asarray(mem) >= MEM_THRESHOLD
    if isinstance(infl, Estimate) and infl.num_right is not None:
        num_in, num_out = (np.asarray(count)[memorized, :1].astype(int) for count in (infl.num_in, infl.num_out))
        return by_chance(num_in.ravel(), np.asarray(infl.num_right).astype(int), int((num_in + num_out).max(initial=0)))
    stderr = np.asarray(infl.stderr if isinstance(infl, Estimate) else infl)[memorized]
    return float(ndtr(-INFL_THRESHOLD / stderr[np.isfinite(stderr)].astype(np.float64)).sum())


def by_chance(num_in: Int[np.ndarray, " train"], num_right: Int[np.ndarray, " test"], num_models: int) -> float:
    """Of all pairs of these examples, how many reach the threshold if the models that are right are any of the models:
    a sum of tails of the hypergeometric distribution."""
    from scipy.stats import hypergeom

    (inside, rows), (right, columns) = (np.unique(count, return_counts=True) for count in (num_in, num_right))
    rows, inside = rows[(inside > 0) & (inside < num_models)], inside[(inside > 0) & (inside < num_models)]
    outside = num_models - inside
    least = (INFL_THRESHOLD + right / outside[:, None]) / (1 / inside + 1 / outside)[:, None]
    tails = hypergeom.sf(np.ceil(least - 1e-9) - 1, num_models, right, inside[:, None])
    return float(rows @ tails @ columns)


def join_pairs(parts: list[Pairs]) -> Pairs:
    """All pairs of several classes, strongest first; equal ones by training, then test example."""
    joined = Pairs(*(np.concatenate(columns) for columns in zip(NO_PAIRS, *parts, strict=True)))
    order = np.lexsort((joined.tt_idx, joined.tr_idx, -joined.infl))
    return Pairs(*(column[order] for column in joined))


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
