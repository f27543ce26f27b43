"""What only some runs can say: with the probability as a control, of groups, of several labels, and of tokens."""

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import numpy as np

from memjax import notebook, store
from memjax.config.from_keywords import PURPOSES
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.runs.open_folder import Run
from memjax.types import Dataset, Estimate, Outcomes

MOST = 2**27  # outputs of all models on training examples, up to which they are read without being asked for


class OfSomeRuns:
    """The part of a `Result` that not every run has."""

    run: Run
    config: RunConfig
    dataset: Dataset
    outcomes: Outcomes
    ids: np.ndarray
    _read: Callable[..., Any]

    @cached_property
    def controlled(self) -> Any:
        """Memorization by correctness with the probability as a control: from 1.6 to 2.6 times fewer models.

        `memorization` stays the plain difference, which is unbiased for each example; this has a smaller error over all
        examples together.  See `memjax.estimators.controlled_memorization`.

        Raises:
          InputError: no probability is stored, or the subsets are not independent ones of one size.
        """
        from memjax.estimators import controlled_memorization

        found = self.outcomes
        if {"correct", "probability"} - found.train.keys():
            raise InputError("the control needs what this run did not store; train with --keep correct probability")
        return controlled_memorization(found.masks, found.train["correct"], found.train["probability"])

    @cached_property
    def controlled_error(self) -> str:
        """The typical error of `controlled` in words, in runs with the subsets of `--for memorization`; else empty."""
        if (
            (self.config.subset, self.config.score) != (PURPOSES["memorization"], "correct")
            or self.run.plan.num_models * self.dataset.num_train > MOST
        ):  # fmt: skip
            return ""
        with suppress(InputError):  # too few models
            return f"{self.controlled.typical_error:.4f} typical error with the probability as a control"
        return ""

    @cached_property
    def groups(self) -> Any:
        """The groups of training examples that --groups names, as a pandas data frame with one row for each.

        Columns: group, size, memorization, stderr, its 95 % interval (low, high), num_in and num_out (models).
        `memjax.estimators.GroupScores.columns` says how they are defined.

        Raises:
          InputError: the run has no groups, or no model is trained yet.
        """
        return notebook.frame(self.group_columns)

    @property
    def group_columns(self) -> dict[str, np.ndarray]:
        """The columns of `groups` by their names."""
        return self._of_groups.columns(self.config.score)

    @cached_property
    def group_influence(self) -> Estimate:
        """Influence of each group, in the order of `groups`, on each test example: (groups, test).

        Raises:
          InputError: as of `groups`.
        """
        from memjax.estimators import influence

        return influence(self._of_groups.masks, self.outcomes.test[self.config.score])

    @cached_property
    def _of_groups(self) -> Any:
        from memjax.estimators import of_groups

        if self.run.groups is None:
            raise InputError("the subsets of this run were drawn by example; give groups= to memjax.fit, or --groups")
        found = self.outcomes
        return of_groups(self.run.groups, found.masks, found.train[self.config.score])

    @property
    def label_scores(self) -> Any:
        """Scores of each label of each training example, as a pandas data frame: a row for each example and label.

        Columns: id, label (its number, from 0), given (0 or 1), right_in and right_out (share of the models trained on
        the example, and not, that get this label right), memorization (their difference) with its stderr.

        Raises:
          InputError: the run did not store right_labels.
        """
        return notebook.frame(self.label_columns)

    @property
    def label_columns(self) -> dict[str, np.ndarray]:
        """The columns of `label_scores` by their names."""
        from memjax.estimators import memorization

        found, given = self.outcomes, self.run.dataset.targets("train")
        if "right_labels" not in found.train:
            raise InputError(
                "the run did not store whether each label is right; give --keep label_accuracy right_labels"
            )
        num_train, count = given.shape
        right = np.moveaxis(found.train["right_labels"] > 0.5, 2, 0)
        scores = [memorization(found.masks, each) for each in right]
        inside = [np.mean(each, axis=0, where=found.masks) for each in right]
        outside = [np.mean(each, axis=0, where=~found.masks) for each in right]
        parts = {"right_in": inside, "right_out": outside, "memorization": [each.value for each in scores],
                 "stderr": [each.stderr for each in scores]}  # fmt: skip
        names = {"id": np.repeat(self.ids, count), "label": np.tile(np.arange(count), num_train)}
        values = {name: np.stack(list(map(np.asarray, part)), axis=1).ravel() for name, part in parts.items()}
        return names | {"given": given.astype(int).ravel()} | values

    @cached_property
    def token_memorization(self) -> np.ndarray | None:
        """(train, length) log probability of each token, in nats: its mean over the models that trained on the
        sequence, minus that over the others.

        0 where no token counts; NaN without models on a side; None where --keep leaves out token_log_probability.
        """
        if "token_log_probability" not in self.config.keep:
            return None
        inside, outside = self._read(partial(store.read_means, name="token_log_probability"))
        return inside - outside
