"""What scores are judged by, in worlds whose truth is known."""

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import average_precision_score

from memjax.estimators.lds import (
    agreement,
    average_precision,
    ceiling_of_halves,
    favour,
    left_out,
    pearson,
    recall_of_pairs,
)


def test_models_of_one_subset_are_one_group_and_models_on_everything_are_none():
    masks = np.array([[0, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 0, 1]], bool)
    outputs = np.array([[1.0], [9.0], [5.0], [3.0], [8.0]])

    found = left_out(masks, outputs)

    by_group = dict(zip(map(tuple, found.masks.tolist()), found.outputs.ravel(), strict=True))
    assert by_group == {(False, True, True): 2.0, (True, False, True): 6.5}
    halves = {tuple(mask): (a, b) for mask, (a,), (b,) in zip(found.masks.tolist(), *found.halves, strict=True)}
    assert halves == {(False, True, True): (1.0, 3.0), (True, False, True): (5.0, 8.0)}
    assert left_out(masks[:4], outputs[:4]).halves is None


def left_out_world(seed, repeats, groups=150, test=30):
    """True effects of leaving out, a few of them large, and outputs of repeats that have their own noise."""
    rng = np.random.default_rng(seed)
    effects = np.random.default_rng(99).laplace(size=(groups, test)) ** 3 / 12
    masks = np.tile(~np.eye(groups, dtype=bool), (repeats, 1))
    return effects, masks, np.tile(-effects, (repeats, 1)) + 2 * rng.normal(size=(repeats * groups, test))


def test_the_truth_reaches_the_ceiling_and_a_second_truth_its_square():
    effects, masks, outputs = left_out_world(0, 8)
    truth, again = left_out(masks, outputs), left_out(*left_out_world(1, 8)[1:])
    long = left_out(*left_out_world(2, 400)[1:])

    ceiling = ceiling_of_halves(*truth.halves)

    for predicted, expected in ((truth.masks @ effects, ceiling), (long.outputs, ceiling), (again.outputs, ceiling**2)):
        found = agreement(predicted, truth.outputs, of=pearson)
        half = (found.high - found.low) / 2
        assert abs(found.value - expected) < 1.6 * half  # the ceiling has an error of its own
        assert half < 0.06
    assert 0.7 < ceiling < 0.9


def test_halves_that_do_not_agree_have_a_ceiling_of_zero():
    first = np.random.default_rng(0).normal(size=(50, 4))

    assert ceiling_of_halves(first, -first) == 0
    assert np.isnan(ceiling_of_halves(first, np.zeros((50, 4))))


def worlds(seed, models=60, train=30, test=10):
    rng = np.random.default_rng(seed)
    masks = np.stack([rng.permutation(train) < train // 2 for _ in range(models)])
    weights = rng.normal(size=(train, test))
    outputs, again = (masks @ weights + 3 * rng.normal(size=(models, test)) for _ in range(2))
    return masks, weights, outputs, again


def test_scores_of_neither_side_favour_no_side():
    """True weights and noise alike: the statistic is standard normal over worlds."""
    found = []
    for seed in range(150):
        masks, weights, outputs, again = worlds(seed)
        noise = np.random.default_rng(1000 + seed).normal(size=weights.shape)
        found += [favour(masks @ weights, outputs, again), favour(masks @ noise, outputs, again)]

    assert abs(np.mean(found)) < 4 / np.sqrt(len(found))
    assert abs(np.std(found) - 1) < 4 / np.sqrt(2 * len(found)) + 0.1
    assert scipy.stats.kstest(found, "norm").pvalue > 1e-4


def test_scores_made_from_one_side_favour_it():
    masks, _, outputs, again = worlds(0, models=200)
    fitted = np.linalg.lstsq(masks - masks.mean(0), outputs - outputs.mean(0))[0]

    assert favour(masks @ fitted, outputs, again) > 5
    assert favour(masks @ fitted, again, outputs) < -5


def test_average_precision_is_that_of_scikit_learn_and_the_interval_holds_chance():
    rng, held = np.random.default_rng(0), 0
    for _ in range(20):
        wrong = rng.random(200) < 0.2
        suspicion = rng.normal(size=200)
        value, low, high = average_precision(suspicion, wrong, draws=60)
        assert value == average_precision_score(wrong, suspicion)
        held += low <= wrong.mean() <= high
    assert held >= 20 * 0.95 - 4 * np.sqrt(20 * 0.95 * 0.05)
    assert average_precision(wrong.astype(float), wrong)[0] == 1


def test_recall_by_hand_with_equal_scores_and_pairs_that_are_not_allowed():
    scores = np.array([[9.0, 1.0], [5.0, 5.0], [0.0, 7.0]])
    allowed = np.array([[True, True], [True, True], [True, False]])
    rows, columns = np.array([0, 1]), np.array([0, 0])

    value, low, high = recall_of_pairs(scores, rows, columns, allowed)

    assert value == pytest.approx((1 + 0.5) / 2)  # 9 is in the list; two scores of 5 share its last place
    assert 0 < low < value < high < 1
    assert recall_of_pairs(-scores, rows, columns, allowed)[:2] == (0, 0)
    assert 0.8 < recall_of_pairs(-scores, rows, columns, allowed)[2] < 0.85  # 1 - sqrt(.025): none of two
    assert recall_of_pairs(np.zeros((3, 2)), rows, columns, allowed)[0] == pytest.approx(2 / 5)  # chance
