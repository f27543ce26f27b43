"""What a run says of pairs of a training and a test example, from retrained models, and from gradients beside them."""

from functools import cached_property
from typing import Any

import numpy as np

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.runs.open_folder import Run
from memjax.runs.trained_models import Models
from memjax.types import Dataset, Estimate, Outcomes

LARGEST_INFLUENCE = 2**27  # pairs whose influence and errors are held in memory at once
FOLDS, NETWORKS = 4, 4  # into which models are divided; of each, whose gradients are computed


class ByPair:
    """The part of a `Result` that is about influence."""

    run: Run
    config: RunConfig
    dataset: Dataset
    outcomes: Outcomes
    models: Models

    @cached_property
    def influence(self) -> Estimate:
        """Influence of each training on each test example, (train, test); see `memjax.influence`.

        Raises:
          InputError: there are more than 2^27 pairs, or no test examples.
        """
        return self.influence_on(np.arange(self.dataset.num_test))

    def influence_on(self, rows: Any, prior: "ByPair | str | None" = None) -> Estimate:
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

    def influence_with_prior(self, rows: Any, prior: "ByPair | str" = "gradients") -> Any:
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


def _kernels(networks: Models, ids: np.ndarray, train: tuple, test: tuple, score: str) -> Any:
    """All other scores than the loss rise with the log odds."""
    from memjax.estimators.attribution.prior import gradient_kernels

    sides = (networks.scaled(train[0]), train[1], networks.scaled(test[0]), test[1])
    output = score if score in ("margin", "loss") else "log_odds"
    return gradient_kernels(networks.network, *networks.parameters(ids), *sides, output)
