"""Decisions that are open after some models, on outcomes that are made up."""

import numpy as np
import pytest

from memjax.config.goals import as_goal
from memjax.estimators import tally_of
from memjax.estimators.intervals import difference_bounds
from memjax.runs.decisions import ERROR, undecided
from memjax.types import Outcomes
from tests.conftest import make_dataset

MODELS = 400
DATASET = make_dataset(num_train=30, num_test=12)


def tally(models, complementary=False, rates=None, seed=0):
    """Right inside always, outside with the rates; training example 0 helps test example 0, of the same class."""
    rng = np.random.default_rng(seed)
    rates = np.linspace(0, 1, 30) if rates is None else rates
    masks = rng.random((models, 30)) < 0.5
    if complementary:
        masks[1::2] = ~masks[::2]
    right = masks | (rng.random(masks.shape) < rates)
    test = np.ones((models, 12), bool)
    test[:, 0] = masks[:, 0]
    return tally_of(Outcomes(np.arange(models), masks, {"correct": right}, {"correct": test})), masks, right


def bounds(masks, right, error, complementary=False):
    inside, outside = ((side * right).sum(0) for side in (masks, ~masks))
    return difference_bounds(inside, masks.sum(0), outside, (~masks).sum(0), error, complementary)


@pytest.mark.parametrize("complementary", [False, True])
def test_an_example_is_open_while_its_interval_holds_the_threshold(complementary):
    found, masks, right = tally(MODELS, complementary)
    low, high = bounds(masks, right, ERROR, complementary)

    num_open, of = undecided(as_goal("threshold=0.5:0.001"), found, DATASET)

    assert of == 30
    assert num_open == ((low < 0.5) & (high >= 0.5)).sum() > 0


def test_what_is_known_well_enough_is_not_open():
    found, _, _ = tally(3000, rates=np.full(30, 0.5))

    assert undecided(as_goal("threshold=0.5:0.001"), found, DATASET)[0] > 20
    assert undecided(as_goal("threshold=0.5:0.1"), found, DATASET)[0] == 0


def test_fewer_are_open_after_more_models():
    counts = [undecided(as_goal("threshold=0.25"), tally(models)[0], DATASET)[0] for models in (8, 60, 1000)]

    assert counts[0] == 30
    assert counts[0] > counts[1] > counts[2]


def test_a_ranking_with_a_gap_is_decided_and_one_without_is_not():
    rates = np.repeat([0.0, 1.0], [5, 25])  # five examples of memorization 1, all others of 0

    assert undecided(as_goal("ranking=5"), tally(200, rates=rates)[0], DATASET) == (0, 30)
    same = tally(2000, rates=rates)[0]  # the fifth is as large as the four, and known to be near them
    assert undecided(as_goal("ranking=4:0.05"), same, DATASET)[0] == 0
    assert undecided(as_goal("ranking=4:0.001"), same, DATASET)[0] == 5
    assert undecided(as_goal("ranking=5"), tally(8, rates=rates)[0], DATASET)[0] == 30


def test_all_examples_are_the_top():
    assert undecided(as_goal("ranking=30"), tally(8)[0], DATASET) == (0, 30)


def test_pairs_of_memorized_examples_are_decided():
    rates = np.repeat([0.0, 1.0], [1, 29])  # example 0 alone is memorized; 4 test examples have its class

    early, late = (undecided(as_goal("pairs"), tally(models, rates=rates)[0], DATASET) for models in (8, MODELS))

    assert early == (4, 4)
    assert late == (0, 4)


@pytest.mark.slow
def test_a_decision_is_wrong_no_more_often_than_it_may():
    """Over runs that stop when all are decided: the share of examples on the wrong side of the threshold."""
    truth, wrong = 1 - np.linspace(0, 1, 30), []
    goal = as_goal("threshold=0.35:0.001")
    for seed in range(60):
        models = 600
        rng = np.random.default_rng(seed)
        masks = rng.random((models, 30)) < 0.5
        right = masks | (rng.random(masks.shape) < 1 - truth)
        decided, called = np.zeros(30, bool), np.zeros(30, bool)
        for number in range(20, models, 20):
            low, high = bounds(masks[:number], right[:number], ERROR)
            now = (low >= goal.value) | (high < goal.value)
            called = np.where(decided, called, low >= goal.value)
            decided |= now
        wrong.append((decided & (called != (truth >= goal.value))).mean())

    assert np.mean(wrong) <= ERROR + 4 * np.std(wrong) / np.sqrt(60)
