"""Shrunken scores are no farther from the truth than raw ones, and their intervals hold it, in worlds of many kinds."""

import numpy as np
import pytest

import memjax
from memjax.estimators import memorization, shrink

pytestmark = pytest.mark.ci

TRAIN = 3000
WORLDS = {
    "spike and tail": lambda rng: np.where(rng.random(TRAIN) < 0.9, 1, 1 - rng.beta(1, 2, TRAIN)),
    "homogeneous": lambda rng: np.full(TRAIN, 0.7),
    "normal": lambda rng: rng.normal(0.7, 0.08, TRAIN),
    "wrong labels": lambda rng: np.where(rng.random(TRAIN) < 0.2, rng.beta(1, 20, TRAIN), 1 - rng.beta(0.05, 1, TRAIN)),
}
WORST = 1.02  # times the squared error of raw scores
NEARLY_CERTAIN = {  # the rate of models that saw an example, and those of the others
    "all .998": (0.998, lambda rng: np.full(1000, 0.998)),
    "all .9998": (0.9998, lambda rng: np.full(1000, 0.9998)),
    "1 and .99": (1.0, lambda rng: np.where(rng.random(1000) < 0.5, 1, 0.99)),
    "1 and .998": (0.998, lambda rng: np.where(rng.random(1000) < 0.8, 1, 0.998)),
    "normal about .9": (1.0, lambda rng: np.clip(rng.normal(0.9, 0.03, 1000), 0, 1)),
    "1, .995 and .9": (1.0, lambda rng: rng.choice([1, 0.995, 0.9], 1000, p=[0.6, 0.3, 0.1])),
}


@pytest.mark.parametrize("models", [20, 50, 200])
@pytest.mark.parametrize("rate_in", [1.0, 0.95])
@pytest.mark.parametrize("name", WORLDS)
def test_shrunken_scores_in_worlds_with_a_known_truth(name, rate_in, models):
    rng = np.random.default_rng([ord(name[0]), models, int(100 * rate_in)])
    rate = WORLDS[name](rng)
    masks = rng.random((models, TRAIN)) < 0.7
    estimate = memorization(masks, rng.random(masks.shape) < np.where(masks, rate_in, rate_in * rate))
    truth, known = rate_in * (1 - rate), np.isfinite(estimate.stderr)

    found = shrink(estimate)

    raw, shrunken = (((np.asarray(one) - truth)[known] ** 2) for one in (estimate.value, found.value))
    assert shrunken.mean() < WORST * raw.mean()
    covered = ((found.low <= truth + 1e-6) & (truth <= found.high + 1e-6))[known].mean()
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / TRAIN) - 0.01
    passing = found.at_least[known]
    expected = np.sqrt((passing * (1 - passing)).sum())  # if the probabilities are right
    if name != "homogeneous":  # there all truths lie on one side together
        assert (
            abs(passing.sum() - (truth[known] >= 0.25).sum()) < 5 * expected + 0.05 * TRAIN
        )  # of a beta distribution where there are two


@pytest.mark.parametrize("models", [20, *(pytest.param(many, marks=pytest.mark.slow) for many in (50, 100, 200))])
@pytest.mark.parametrize("name", NEARLY_CERTAIN)
def test_rates_that_models_cannot_tell_from_1(name, models):
    """Truths of a world are covered together or not at all, so that coverage is a mean over worlds."""
    rate_in, rates = NEARLY_CERTAIN[name]
    covered, more = [], []
    for seed in range(6):
        rng = np.random.default_rng([models, seed])
        rate = rates(rng)
        masks = rng.random((models, len(rate))) < 0.7
        estimate = memorization(masks, rng.random(masks.shape) < np.where(masks, rate_in, rate))
        truth, known = rate_in - rate, np.isfinite(estimate.stderr)

        found = shrink(estimate)

        covered.append(((found.low <= truth + 1e-9) & (truth <= found.high + 1e-9))[known].mean())
        raw, shrunken = (np.square(np.asarray(one) - truth)[known].mean() for one in (estimate.value, found.value))
        more.append(shrunken - WORST * raw)

    assert np.mean(covered) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 6000) - 0.01
    assert min(covered) > 0.8
    assert np.mean(more) < 0


@pytest.mark.parametrize("scale", [0.03, 0.1, 0.3])
@pytest.mark.parametrize("name", ["spike and tail", "homogeneous", "normal", "nothing"])
def test_shrunken_influence_in_worlds_with_a_known_truth(name, scale):
    rng = np.random.default_rng([ord(name[0]), int(100 * scale)])
    truth = 1 - WORLDS[name](rng) if name in WORLDS else np.zeros(TRAIN)
    stderr = scale * rng.uniform(0.5, 1.5, TRAIN)
    value = rng.normal(truth, stderr)

    found = shrink(memjax.Estimate(*np.float32([value, stderr]), None, None))

    assert ((found.value - truth) ** 2).mean() < WORST * (stderr**2).mean()
    covered = ((found.low <= truth + 1e-6) & (truth <= found.high + 1e-6)).mean()
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / TRAIN) - 0.01


@pytest.mark.parametrize("models", [30, 50])
def test_strong_influence_from_few_models_is_not_taken_for_noise(models):
    """Test examples that most models get right, as those of digits; in 10 pairs of 3,200 the truth is .4 to .8."""
    rng, (train, test) = np.random.default_rng(models), (40, 80)
    squares, held, strong_held = np.zeros(2), [], []
    for _ in range(4):
        masks = rng.random((models, train)) < 0.7
        truth, rate = np.zeros((train, test)), 1 - rng.beta(0.05, 1, test)
        row, column = rng.permutation(train)[:10], rng.permutation(test)[:10]
        truth[row, column], rate[column] = rng.uniform(0.4, 0.8, 10), 1
        estimate = memjax.influence(masks, rng.random((models, test)) < rate - ~masks @ truth)
        known = np.isfinite(estimate.stderr)

        found, with_its_errors = shrink(estimate), shrink(memjax.Estimate(estimate.value, estimate.stderr, None, None))

        squares += [np.square(one.value - truth)[known].sum() for one in (found, with_its_errors)]
        holds = [(one.low <= truth) & (truth <= one.high) for one in (found, with_its_errors)]
        held.append(holds[0][known].mean())
        strong_held.append([one[known & (truth > 0)].mean() for one in holds])

    assert squares[0] < 0.75 * squares[1]
    assert np.mean(held) > 0.94
    ours, theirs = np.mean(strong_held, axis=0)
    assert ours > theirs + 0.05


@pytest.mark.slow
def test_digits_against_other_models(tmp_path):
    """Memorization of correctness and of probability from 20 to 200 models, against 2,000 others.  Of correctness the
    intervals hold these; of probability they have the errors of the estimates, which miss rare failures."""
    kept = ("correct", "probability")
    outcomes = memjax.fit("digits", run=tmp_path / "digits", num_models=2400, keep=kept, progress=False).outcomes
    masks, others = outcomes.masks[:400], outcomes.masks[400:]
    for score in kept:
        scores = outcomes.train[score]
        truth = np.asarray(memorization(others, scores[400:]).value)
        for models in (20, 50, 100, 200):
            raw, shrunken, covered = np.zeros((3, 400 // models, len(truth)))
            for number in range(400 // models):
                part = np.s_[number * models : (number + 1) * models]
                estimate = memorization(masks[part], scores[:400][part])
                known, found = np.isfinite(estimate.stderr), shrink(estimate)
                raw[number], shrunken[number] = (
                    np.where(known, np.asarray(one) - truth, 0) ** 2 for one in (estimate.value, found.value)
                )
                covered[number] = ~known | ((found.low <= truth + 1e-6) & (truth - 1e-6 <= found.high))
            more = (shrunken - WORST * raw).mean(0)  # squared error, by example
            assert more.mean() < 2 * more.std() / np.sqrt(len(more)), (score, models)
            assert shrunken.mean() < 1.1 * raw.mean(), (score, models)
            apart = 0.95 - covered.mean(0)  # by example
            assert score == "probability" or apart.mean() < 2 * apart.std() / np.sqrt(len(apart)), models
