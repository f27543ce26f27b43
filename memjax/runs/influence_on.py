"""Influence on chosen test examples, from the outcomes of all models."""

from collections.abc import Callable
from typing import Any

import numpy as np

from memjax.errors import InputError
from memjax.runs.open_folder import Run
from memjax.types import Estimate, Outcomes

LARGEST_INFLUENCE = 2**27  # train-test pairs whose influence and errors are held in memory at once


def influence_on(run: Run, outcomes: Callable[[], Outcomes], rows: Any) -> Estimate:
    """Influence of each training example on some of the test examples, given by their rows; see `Result`."""
    from memjax import estimators

    columns = np.atleast_1d(np.asarray(rows))
    if not run.dataset.num_test:
        raise InputError("this run has no test examples: influence is undefined; give x_test and y_test")
    if run.dataset.num_train * len(columns) > LARGEST_INFLUENCE:
        raise InputError(
            f"influence of {run.dataset.num_train:,} training on {len(columns):,} test examples does not fit; ask "
            "for some with result.influence_on(rows), or for the strong ones with result.pairs"
        )
    found = outcomes()
    scores = found.test[run.config.score][:, columns]
    if estimators.in_pairs(run.design.masks, run.plan.num_models) and len(found.masks) % 2 == 0:
        return estimators.complementary_influence(found.masks, scores)
    return estimators.influence(found.masks, scores)
