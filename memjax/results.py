"""The results of a run as types: estimates of each example, and the strong train-test pairs."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from memjax import notebook
from memjax.errors import InputError
from memjax.types import Dataset, Estimate


class ScoreMeans(NamedTuple):
    """One score of the models, such as correctness or the probability of the label, for each training example.

    Attributes:
      mean_in: its mean over models that trained on the example.
      mean_out: its mean over models that did not.
      memorization: the difference of both.
    """

    mean_in: Float[np.ndarray, " train"]
    mean_out: Float[np.ndarray, " train"]
    memorization: Estimate


class ClassInfluence(NamedTuple):
    """Influence within one class.

    Attributes:
      train_rows, test_rows: the rows of the class in the data set.
      influence: of each of these training examples on each of these test examples.
    """

    train_rows: Int[np.ndarray, " train"]
    test_rows: Int[np.ndarray, " test"]
    influence: Float[np.ndarray, "train test"]


@dataclass(frozen=True, eq=False)
class Estimates:
    """What a run says about each example, in NumPy arrays in the order of the data set.

    Attributes:
      score: the score whose differences are memorization and influence.
      scores: by the name of the score, correctness included.
      train_labels, test_labels: class numbers.
      train_ids, test_ids: the row of each example in its source.
      mislabelled: training examples whose label was changed on purpose.
      test_correct: share of the models that are right about each test example.
      in_sample_accuracy, held_out_accuracy: over training examples, in models that did and did not train on them.
      test_accuracy: over test examples.
      num_models, num_failed: models that were trained, and those of them that diverged and are left out.
      stderr_plug_in: standard error of memorization as in the paper; None for another score than correctness.
      lemma_bound: the paper's bound on the error of a score; NaN where it does not apply.
      corrupted, test_corrupted: examples that a corruption has touched; None in a folder of an older version.
      typical_stderr: root mean square of the standard errors from unbiased variances.
      mean_interval: (2,) 95 % interval of mean memorization, over examples and models (`estimators.class_means`).
      class_intervals: (2, classes) of the mean of each class; None in an older folder, where mean_interval is NaN.
      reliability: expected correlation with scores from a new run of the same size.
      reliability_halves: correlation of the scores from two halves of the models.
      reliability_spearman: rank correlation of these; all three NaN in an older folder.
    """

    score: str
    scores: dict[str, ScoreMeans]
    train_labels: Int[np.ndarray, " train"]
    test_labels: Int[np.ndarray, " test"]
    train_ids: Int[np.ndarray, " train"]
    test_ids: Int[np.ndarray, " test"]
    mislabelled: Bool[np.ndarray, " train"]
    test_correct: Float[np.ndarray, " test"]
    in_sample_accuracy: float
    held_out_accuracy: float
    test_accuracy: float
    num_models: int
    num_failed: int
    stderr_plug_in: Float[np.ndarray, " train"] | None = None
    lemma_bound: float = float("nan")
    corrupted: Bool[np.ndarray, " train"] | None = None
    test_corrupted: Bool[np.ndarray, " test"] | None = None
    typical_stderr: float = float("nan")
    mean_interval: tuple | Float[np.ndarray, " 2"] = (float("nan"), float("nan"))
    class_intervals: Float[np.ndarray, "2 classes"] | None = None
    reliability: float = float("nan")
    reliability_halves: float = float("nan")
    reliability_spearman: float = float("nan")

    def __post_init__(self):
        if np.isnan(self.typical_stderr):  # an older folder
            object.__setattr__(self, "typical_stderr", self.memorization.typical_stderr)

    def __repr__(self) -> str:
        kept = ", ".join(self.scores)
        return f"Estimates({self.num_models:,} models, {self.num_failed:,} diverged; {self.memorization!r}; {kept})"

    @property
    def correct(self) -> ScoreMeans:
        """Correctness, which each run has."""
        return self.scores["correct"]

    @property
    def memorization(self) -> Estimate:
        """Memorization of each training example by `score`."""
        return self.scores[self.score].memorization

    @property
    def mem(self) -> Float[np.ndarray, " train"]:
        """The values of `memorization`."""
        return np.asarray(self.memorization.value)

    @property
    def mem_stderr(self) -> Float[np.ndarray, " train"]:
        """Their standard errors."""
        return np.asarray(self.memorization.stderr)

    @property
    def mem_q_value(self) -> Float[np.ndarray, " train"] | None:
        """q-values of memorization above 0 by Fisher's exact test, over all examples that have a score, and NaN for the
        others; None where counts of right answers of independent models are not known."""
        from scipy.stats import false_discovery_control, hypergeom

        if self.memorization.num_right is None:
            return None
        right_in, num_in, right_out, num_out = self.memorization._counts()
        known, q_values = np.isfinite(self.mem), np.full(len(self.mem), np.nan)
        if known.any():
            tails = hypergeom.sf(right_in - 1, num_in + num_out, right_in + right_out, num_in)
            q_values[known] = false_discovery_control(np.clip(tails[known], 0, 1))
        return q_values

    def most_memorized(self, count: int | None = None) -> Int[np.ndarray, " rows"]:
        """Rows in descending order of memorization, equal ones by their standard error; undefined ones come last.

        Args:
          count: only so many of those that are defined.
        """
        order = np.lexsort((self.mem_stderr, -self.mem))
        return order if count is None else order[np.isfinite(self.mem[order])][:count]


class Listed(NamedTuple):
    """For each training example the test examples that it helps most, or hurts most, the strongest first.

    Attributes:
      q_value: among all train-test pairs; None for another score than correctness, or in an older folder.
    """

    test_rows: Int[np.ndarray, "train listed"]
    influence: Float[np.ndarray, "train listed"]
    stderr: Float[np.ndarray, "train listed"]
    q_value: Float[np.ndarray, "train listed"] | None = None


@dataclass(frozen=True, eq=False)
class PairTable:
    """The train-test pairs of one class with strong influence, the strongest first, and what they were chosen from.

    Attributes:
      train_rows, test_rows: rows of the data set.
      influence, influence_stderr: of the training example on the test example.
      memorization, memorization_stderr: of the training example.
      influence_threshold, memorization_threshold: a pair has at least these.
      score: the score whose differences are influence and memorization.
      p_value, q_value: of the pair; None for another score than correctness, or in an older folder.
      num_candidates: pairs of one class whose training example passes its threshold; None in an older folder.
      expected_by_chance: pairs expected under the null, if no example had any influence; NaN in an older folder.
      shrunken: influence expected in new models: the mean of the posterior, see `memjax.estimators.shrink`.
      at_least: posterior probability that the influence is at least its threshold; both None in an older folder.
      helped, hurt: extremes of influence on all test examples; None where there are too many pairs to look at.
    """

    train_rows: Int[np.ndarray, " pairs"]
    test_rows: Int[np.ndarray, " pairs"]
    influence: Float[np.ndarray, " pairs"]
    influence_stderr: Float[np.ndarray, " pairs"]
    memorization: Float[np.ndarray, " pairs"]
    memorization_stderr: Float[np.ndarray, " pairs"]
    influence_threshold: float
    memorization_threshold: float
    score: str = "correct"
    p_value: Float[np.ndarray, " pairs"] | None = None
    q_value: Float[np.ndarray, " pairs"] | None = None
    num_candidates: int | None = None
    expected_by_chance: float = float("nan")
    shrunken: Float[np.ndarray, " pairs"] | None = None
    at_least: Float[np.ndarray, " pairs"] | None = None
    helped: Listed | None = None
    hurt: Listed | None = None

    def __len__(self) -> int:
        return len(self.influence)

    def __repr__(self) -> str:
        influence = notebook.Summary(self.influence).range()
        expected = f"{self.expected_by_chance:.1f} expected under the null"
        return f"PairTable({len(self):,} pairs: influence {influence}; {expected})"

    def columns(self) -> dict[str, np.ndarray]:
        """What is known of each pair beside its rows, by name."""
        names = ["influence", "influence_stderr", "shrunken", "at_least", "memorization", "memorization_stderr"]
        names += ["p_value", "q_value"]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def to_dataframe(self) -> Any:
        """The pairs as a pandas data frame, a row per pair; train and test are rows of the data set."""
        return notebook.frame({"train": self.train_rows, "test": self.test_rows, **self.columns()})


def check_fits(dataset: Dataset, estimates: Estimates, pairs: PairTable) -> None:
    """InputError unless the estimates are of these examples: the images shown would be the wrong ones."""
    num_train, num_test = dataset.num_train, dataset.num_test
    for side, found, labels in (
        ("training", estimates.train_labels, dataset.train_labels),
        ("test", estimates.test_labels, dataset.test_labels),
    ):
        if not np.array_equal(found, labels):
            raise InputError(
                f"the estimates ({len(found)} {side} labels) are not of the data set {dataset.name!r} as it is now "
                f"({len(labels)} {side} labels); give the data options of the run that made them"
            )
    rows = [("training", pairs.train_rows, num_train), ("test", pairs.test_rows, num_test)]
    for listed in filter(None, (pairs.helped, pairs.hurt)):
        shapes = {values.shape for values in listed if values is not None}
        if len(shapes) > 1 or any(len(shape) != 2 or shape[0] != num_train for shape in shapes):
            raise InputError(f"pairs list test examples of shapes {shapes}; expected {num_train} rows")
        rows.append(("test", listed.test_rows, num_test))
    for side, found, size in rows:
        if found.dtype.kind not in "iu" or (found.size and not 0 <= found.min() <= found.max() < size):
            raise InputError(f"pairs name a {side} row outside 0 .. {size - 1}; they are of another data set")
