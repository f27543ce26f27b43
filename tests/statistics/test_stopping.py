"""Runs that stop when their decisions are taken: how often these are wrong."""

import numpy as np
import pytest

from memjax.config.goals import as_goal
from memjax.estimators import memorization, tally_of
from memjax.runs.decisions import undecided
from memjax.types import Outcomes
from tests.conftest import make_dataset

RUNS, TRAIN, MOST = 40, 60, 4000
DATASET = make_dataset(num_train=TRAIN, num_test=6)


def run_until(goal, rng, truth):
    """The models of a run that looks at 32 models and after an eighth more, until nothing is open."""
    masks = rng.random((MOST, TRAIN)) < 0.5
    right = masks | (rng.random(masks.shape) < 1 - truth)
    test, models = np.ones((MOST, 6), bool), 32
    while models < MOST:
        part = Outcomes(np.arange(models), masks[:models], {"correct": right[:models]}, {"correct": test[:models]})
        if not undecided(goal, tally_of(part), DATASET)[0]:
            break
        models += models // 8
    return masks[:models], right[:models]


@pytest.mark.slow
def test_a_ranking_stays_as_often_as_it_says():
    """With 95 %, none of the others is larger by more than 0.2 than any of the ten at the top."""
    goal, wrong, models = as_goal("ranking=10:0.2"), [], []
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        truth = rng.beta(0.4, 1.0, TRAIN)
        masks, right = run_until(goal, rng, truth)
        order = np.argsort(-np.asarray(memorization(masks, right).value), kind="stable")
        wrong.append(truth[order[10:]].max() > truth[order[:10]].min() + 0.2)
        models.append(len(masks))

    assert np.mean(wrong) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / RUNS)
    assert max(models) < MOST
