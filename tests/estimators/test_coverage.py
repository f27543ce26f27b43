"""Do intervals of plus and minus 1.96 standard errors hold the truth in 95 of 100 cases?"""

import numpy as np
import pytest

import memjax
from tests import reference

EXAMPLES = 4000


def world(rate_in, rate_out, models, seed=0):
    rng = np.random.default_rng(seed)
    masks = rng.random((models, EXAMPLES)) < 0.7
    return masks, rng.random((models, EXAMPLES)) < np.where(masks, rate_in, rate_out)


def share_covered(estimate, truth):
    return np.mean(np.abs(np.asarray(estimate.value) - truth) <= 1.96 * np.asarray(estimate.stderr))


@pytest.mark.parametrize("models", [60, 400])
@pytest.mark.parametrize(("rate_in", "rate_out"), [(0.9, 0.4), (0.6, 0.5), (0.8, 0.8)])
def test_rates_in_the_middle_are_covered_at_the_nominal_rate(rate_in, rate_out, models):
    masks, correct = world(rate_in, rate_out, models)

    covered = share_covered(memjax.memorization(masks, correct), rate_in - rate_out)

    four_sigma = 4 * np.sqrt(0.95 * 0.05 / EXAMPLES)
    lattice = 0.01 if models == 60 else 0.004  # counts are whole numbers: the exact coverage itself is not 0.95
    assert abs(covered - 0.95) < four_sigma + lattice


def test_rates_of_real_examples_are_covered_on_average():
    """Held-in almost always right; held-out rates as in a long tail: many near 1, some anywhere."""
    rng = np.random.default_rng(1)
    rate_out = np.where(rng.random(EXAMPLES) < 0.8, rng.beta(50, 0.5, EXAMPLES), rng.random(EXAMPLES))
    masks, correct = world(0.999, rate_out, models=200)

    estimate = memjax.memorization(masks, correct)
    plug_in = reference.plug_in_stderr(
        (masks & correct).sum(0), masks.sum(0), (~masks & correct).sum(0), (~masks).sum(0)
    )
    truth = 0.999 - rate_out

    assert share_covered(estimate, truth) > 0.95
    # What the added success and failure are for: without them most of the easy examples are certain, and wrong.
    assert np.mean(np.abs(np.asarray(estimate.value) - truth) <= 1.96 * plug_in) < 0.75


def test_probabilities_are_covered_at_the_nominal_rate():
    rng = np.random.default_rng(2)
    masks = rng.random((300, EXAMPLES)) < 0.7
    scores = np.where(masks, rng.beta(8, 2, masks.shape), rng.beta(3, 3, masks.shape))

    covered = share_covered(memjax.memorization(masks, scores), 0.8 - 0.5)

    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / EXAMPLES) + 0.004


def test_influence_is_covered_at_the_nominal_rate():
    """One training example matters to each test example; the others only add to its noise."""
    rng = np.random.default_rng(3)
    masks = rng.random((300, 40)) < 0.7
    helped = np.arange(40)
    correct = rng.random((300, 40)) < np.where(masks[:, helped], 0.8, 0.5)

    estimate = memjax.influence(masks, correct)
    truth = np.where(np.eye(40, dtype=bool), 0.3, 0.0)

    assert abs(share_covered(estimate, truth) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1600) + 0.01
