import numpy as np
import pytest

from experiments.common.intervals import mean_interval
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
