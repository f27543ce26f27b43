import numpy as np
import pytest
from scipy.stats import binom, spearmanr

from experiments.common.claim import over_repeats
from experiments.common.intervals import Interval, mean_interval
from experiments.feldman_zhang import leave_one_out


def test_masks_of_leave_one_out():
    masks = leave_one_out.masks_of(4, np.array([1, 3]), 2)

    assert masks.astype(int).tolist() == [[1] * 4, [1] * 4, [1, 0, 1, 1], [1, 0, 1, 1], [1, 1, 1, 0], [1, 1, 1, 0]]


def test_a_sample_is_spread_over_memorization():
    mem = np.concatenate([np.zeros(90), np.full(5, 0.5), np.full(5, 0.95)])
    sample = leave_one_out.spread_sample(mem, 12, seed=0)

    assert len(np.unique(sample)) == 12
    assert [int(((sample >= low) & (sample < high)).sum()) for low, high in ((0, 90), (90, 95), (95, 100))] == [4, 4, 4]


def test_noise_is_taken_out_of_the_difference():
    rng = np.random.default_rng(0)
    truth = leave_one_out.Scores(rng.random(4000), np.full(4000, 0.0))
    noisy = leave_one_out.Scores(truth.value + rng.normal(0.1, 0.05, 4000), np.full(4000, 0.05))

    found = leave_one_out.compare(noisy, truth, mean_interval)

    assert found["bias"].low < 0.1 < found["bias"].high
    assert found["beyond_noise"] == pytest.approx(0.1, abs=0.005)


def judged(rng, estimated, models=8, times=20, examples=30):
    """The word of one m/n over five draws, and the mean of what noise allows; `estimated`: rates -> those estimated."""
    verdicts, allowed = [], []
    for _ in range(5):
        rates = rng.beta(0.15, 0.9, examples)
        exact, estimate = rng.binomial(times, rates) / times, rng.binomial(models, estimated(rates)) / models
        row = {
            "rank_correlation": Interval(spearmanr(exact, estimate).statistic, -1, 1, examples),
            "bias": mean_interval([0, 1]),
            leave_one_out.ALLOWED: leave_one_out.allowed_by_noise(exact, times, models),
        }
        verdicts.append(leave_one_out.verdicts_of({0.7: row, 0.95: row}, mean_interval([0, 1])))
        allowed.append(row[leave_one_out.ALLOWED] - row["rank_correlation"].value)
    return over_repeats(verdicts)[1].word, np.mean(allowed)


@pytest.mark.parametrize("models", [8, 48])
def test_an_estimate_that_is_right_but_for_noise_is_seldom_not_supported(models):
    rng, times = np.random.default_rng(0), 60
    words, beyond = zip(*(judged(rng, lambda rates: rates, models) for _ in range(times)), strict=True)

    assert words.count("not supported") <= binom.ppf(0.999, times, 0.025)
    assert abs(np.mean(beyond)) < 0.02  # what noise allows is what there is


def test_an_estimate_that_ranks_otherwise_is_not_supported_where_noise_is_small():
    rng = np.random.default_rng(0)
    words = [judged(rng, lambda rates: rng.permutation(rates), 200, 200, 60)[0] for _ in range(20)]

    assert words.count("not supported") >= 18


def test_what_noise_allows_of_examples_that_are_all_alike():
    assert leave_one_out.allowed_by_noise(np.zeros(5), 10, 4) < leave_one_out.ALIKE
    assert leave_one_out.allowed_by_noise(np.ones(5), 10, 4) < leave_one_out.ALIKE
    assert leave_one_out.allowed_by_noise(np.repeat([0.0, 1.0], 50), 1000, 1000) > 0.7  # ties among equals
