"""Influence on chosen test examples, from the outcomes of all models, and from gradients if they are asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from memjax import store
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.runs.open_folder import Run
from memjax.runs.trained_models import Models
from memjax.types import Estimate, Outcomes

LARGEST_INFLUENCE = 2**27  # pairs whose influence and errors are held in memory at once
FOLDS, NETWORKS = 4, 4  # into which models are divided; of each, whose gradients are computed


def influence_on(run: Run, outcomes: Callable[[], Outcomes], rows: Any) -> Estimate:
    """Influence of each training example on some of the test examples, given by their rows; see `Result`."""
    from memjax import estimators

    columns = _columns(run, rows)
    found = outcomes()
    scores = found.test[run.config.score][:, columns]
    if estimators.in_pairs(run.design.masks, run.plan.num_models) and len(found.masks) % 2 == 0:
        return estimators.complementary_influence(found.masks, scores)
    return estimators.influence(found.masks, scores)


def influence_with_prior(run: Run, outcomes: Callable[[], Outcomes], rows: Any, networks: Models) -> Any:
    """`WithPrior`, starting from the gradients of networks: those of another run, or of the models themselves."""
    from memjax import estimators
    from memjax.estimators.attribution.prior import influence_with_prior
    from memjax.estimators.linear.datamodels import folds_of

    columns, data = _columns(run, rows), run.dataset
    if task_named(data.task).targets != "classes":
        raise InputError(f"the task is {data.task}; a prior from gradients needs classes")
    if data.num_train**2 > LARGEST_INFLUENCE:
        raise InputError(f"a prior from gradients needs a number for each two of {data.num_train:,} training examples")
    others = networks.run.dataset
    if any(not np.array_equal(getattr(others, name), getattr(data, name)) for name in ("train_labels", "test_labels")):
        raise InputError(f"{store.shown(networks.run.folder)} has other examples; give a run of the same")
    run.needs_inputs()
    found = outcomes()
    right = found.train.get("probability")
    correct = found.train.get("correct" if right is None else "probability")
    mem = np.zeros(data.num_train) if correct is None else estimators.memorization(found.masks, correct).value
    test = data.test_inputs[:][columns], data.test_labels[columns]
    factors = estimators.prior_factors(data.train_inputs[:], data.train_labels, *test, np.asarray(mem))
    if networks.run.folder == run.folder:
        fold_of = folds_of(found.masks, FOLDS)
        parts = [_kernels(networks, found.model_ids[fold_of == fold][:NETWORKS], run, *test) for fold in range(FOLDS)]
    else:
        parts = _kernels(networks, networks.ids, run, *test)
    return influence_with_prior(
        found.masks, found.test[run.config.score][:, columns].astype(np.float32), parts, train_probabilities=right,
        factors=factors, folds=FOLDS,
    )  # fmt: skip


def _kernels(networks: Models, ids: np.ndarray, run: Run, test_inputs: np.ndarray, test_labels: np.ndarray) -> Any:
    """Of the margin or the loss, if the run is about these, else of log odds, with which all other scores rise."""
    from memjax.estimators.attribution.kernels import gradient_kernels

    output = run.config.score if run.config.score in ("margin", "loss") else "log_odds"
    train = networks.scaled(run.dataset.train_inputs[:]), run.dataset.train_labels
    test = networks.scaled(test_inputs), test_labels
    return gradient_kernels(networks.network, *networks.parameters(ids), *train, *test, output)


def _columns(run: Run, rows: Any) -> np.ndarray:
    columns = np.atleast_1d(np.asarray(rows))
    if not run.dataset.num_test:
        raise InputError("this run has no test examples: influence is undefined; give x_test and y_test")
    if run.dataset.num_train * len(columns) > LARGEST_INFLUENCE:
        raise InputError(
            f"influence of {run.dataset.num_train:,} training on {len(columns):,} test examples does not fit; ask "
            "for some with result.influence_on(rows), or for the strong ones with result.pairs"
        )
    return columns
