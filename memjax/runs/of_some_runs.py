"""What a run says of pairs, by retraining and by gradients; and of groups, labels and tokens, if it can."""

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import numpy as np

from memjax import notebook, store
from memjax.config.from_keywords import PURPOSES
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.runs.open_folder import Run
from memjax.runs.trained_models import Models
from memjax.types import Dataset, Estimate, Outcomes

LARGEST_INFLUENCE = 2**27  # pairs whose influence and errors are held in memory at once
FOLDS, NETWORKS = 4, 4  # into which models are divided; of each, whose gradients are computed
MOST = 2**27  # outputs of all models on training examples, up to which they are read without being asked for


class OfSomeRuns:
    """The part of a `Result` that is about more than single examples, or that not every run has."""

    run: Run
    config: RunConfig
    dataset: Dataset
    outcomes: Outcomes
    models: Models
    ids: np.ndarray
    _read: Callable[..., Any]

    @cached_property
    def influence(self) -> Estimate:
        """Influence of each training on each test example, (train, test); see `memjax.influence`.

        Raises:
          InputError: there are more than 2^27 pairs, or no test examples.
        """
        return self.influence_on(np.arange(self.dataset.num_test))

    def influence_on(self, rows: Any, prior: "OfSomeRuns | str | None" = None) -> Estimate:
        """Influence of each training example on some of the test examples, given by their rows: (train, rows).

        Args:
          prior: "gradients", or a result; see `influence_with_prior`.  Errors are mostly smaller, and hold in any case.

        Raises:
          InputError: there are more than 2^27 pairs, or no test examples; or as `influence_with_prior`.
        """
        from memjax import estimators

        if prior is not None:
            return self.influence_with_prior(rows, prior).estimate
        columns, found = self._columns(rows), self.outcomes
        scores = found.test[self.config.score][:, columns]
        if estimators.in_pairs(self.run.design.masks, self.run.plan.num_models) and len(found.masks) % 2 == 0:
            return estimators.complementary_influence(found.masks, scores)
        return estimators.influence(found.masks, scores)

    def influence_with_prior(self, rows: Any, prior: "OfSomeRuns | str" = "gradients") -> Any:
        """Influence of each training example on some test examples, starting from what gradients of networks predict.

        Gradients are those of the margin or the loss, if the run is about these, else of log odds.

        Args:
          rows: of the test examples.
          prior: "gradients": those of models of this run; or the result of another run of the same examples, best of
            some models trained on everything (`design="everything"`).  Either has kept parameters.

        Returns:
          `WithPrior`: `weights` predict best what retraining does; `estimate` has errors that hold in any case.

        Raises:
          InputError: no parameters were kept, other examples, a task without classes, too many training examples.
        """
        from memjax import estimators
        from memjax.estimators.attribution.prior import influence_with_prior
        from memjax.estimators.linear.datamodels import folds_of

        if isinstance(prior, str) and prior != "gradients":
            raise InputError(f"prior is {prior!r}; expected 'gradients' or the result of another run")
        networks, columns, data = (self if isinstance(prior, str) else prior).models, self._columns(rows), self.dataset
        if task_named(data.task).targets != "classes":
            raise InputError(f"the task is {data.task}; a prior from gradients needs classes")
        if data.num_train**2 > LARGEST_INFLUENCE:
            raise InputError(f"{data.num_train:,} training examples are too many for a prior; at most 11,585 fit")
        other = networks.run.dataset
        sides = (other.train_labels, data.train_labels), (other.test_labels, data.test_labels)
        if not all(np.array_equal(*side) for side in sides):
            raise InputError(f"{store.shown(networks.run.folder)} has other examples; give a run of the same")
        self.run.needs_inputs()
        found, train = self.outcomes, (data.train_inputs[:], data.train_labels)
        test = data.test_inputs[:][columns], data.test_labels[columns]
        right = found.train.get("probability")
        known = right if right is not None else found.train.get("correct")
        mem = (
            np.zeros(data.num_train) if known is None else np.asarray(estimators.memorization(found.masks, known).value)
        )
        if networks.run.folder == self.run.folder:
            fold_of = folds_of(found.masks, FOLDS)
            ids = [found.model_ids[fold_of == fold][:NETWORKS] for fold in range(FOLDS)]
            kernels = [_kernels(networks, each, train, test, self.config.score) for each in ids]
        else:
            kernels = _kernels(networks, networks.ids, train, test, self.config.score)
        return influence_with_prior(
            found.masks, found.test[self.config.score][:, columns].astype(np.float32), kernels,
            train_probabilities=right, factors=estimators.prior_factors(*train, *test, mem), folds=FOLDS,
        )  # fmt: skip

    def _columns(self, rows: Any) -> np.ndarray:
        columns = np.atleast_1d(np.asarray(rows))
        if not self.dataset.num_test:
            raise InputError("this run has no test examples: influence is undefined; give x_test and y_test")
        if self.dataset.num_train * len(columns) > LARGEST_INFLUENCE:
            raise InputError(
                f"influence of {self.dataset.num_train:,} training on {len(columns):,} test examples does not fit; ask "
                "for some with result.influence_on(rows), or for the strong ones with result.pairs"
            )
        return columns

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
        sequence, minus that over the models that did not.

        0 where no token counts; NaN without models on a side; None where --keep leaves out token_log_probability.
        """
        if "token_log_probability" not in self.config.keep:
            return None
        inside, outside = self._read(partial(store.read_means, name="token_log_probability"))
        return inside - outside


def _kernels(networks: Models, ids: np.ndarray, train: tuple, test: tuple, score: str) -> Any:
    """All other scores than the loss rise with the log odds."""
    from memjax.estimators.attribution.prior import gradient_kernels

    sides = (networks.scaled(train[0]), train[1], networks.scaled(test[0]), test[1])
    output = score if score in ("margin", "loss") else "log_odds"
    return gradient_kernels(networks.network, *networks.parameters(ids), *sides, output)
