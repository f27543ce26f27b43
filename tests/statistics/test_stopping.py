"""Runs that stop when their decisions are taken: how often these are wrong."""

import numpy as np
import pytest

from memjax.config.goals import as_goal
from memjax.estimators import influence, memorization, tally_of
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


@pytest.mark.slow
def test_pairs_are_on_the_right_side_as_often_as_it_says():
    """Every example is memorized; three pairs have an influence of .5, the others of 0.  With 95 %, all are
    told apart."""
    goal, wrong, models = as_goal("pairs=0.25:0.05"), [], []
    clouds = make_dataset(num_train=24, num_test=6)
    same = clouds.train_labels[:, None] == clouds.test_labels
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        truth = np.zeros((24, 6))
        truth[range(3), range(3)] = 0.5
        masks = rng.random((MOST, 24)) < 0.5
        right = rng.random((MOST, 6)) < 0.4 + (masks - 0.5) @ truth
        for number in range(32, MOST, 64):
            part = Outcomes(np.arange(number), masks[:number], {"correct": masks[:number]}, {"correct": right[:number]})
            if not undecided(goal, tally_of(part), clouds)[0]:
                break
        found = np.asarray(influence(masks[:number], right[:number]).value)
        wrong.append(((found >= 0.25) != (truth >= 0.25))[same].any())
        models.append(number)

    assert np.mean(wrong) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / RUNS)
    assert max(models) < MOST - 64
