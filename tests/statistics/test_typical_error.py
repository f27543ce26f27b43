"""The typical standard error against what disjoint sets of models show, most examples being at rate 1 in and out."""

import numpy as np
import pytest

import memjax
from memjax.estimators import complementary_memorization, estimate_of, memorization_totals
from memjax.notebook import Summary


def long_tail(examples, seed):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(examples) < 0.9, 1 - rng.beta(0.3, 40, examples), rng.random(examples))


@pytest.mark.parametrize("models", [30, 100, 500, pytest.param(2000, marks=pytest.mark.slow)])
def test_within_five_per_cent_of_what_disjoint_sets_show(models):
    rng, rates = np.random.default_rng(models), long_tail(3000, 0)
    values, typical = [], []
    for _ in range(20):
        masks = rng.random((models, 3000)) < 0.7
        estimate = memjax.memorization(masks, rng.random(masks.shape) < np.where(masks, 0.999, rates))
        values.append(estimate.value)
        typical.append(estimate.typical_stderr)
    seen = np.sqrt(np.nanvar(values, axis=0, ddof=1).mean())

    assert abs(np.mean(typical) / seen - 1) < 0.05
    more = 1.1 if models <= 500 else 1  # each one is safe, so their mean square is not
    assert Summary(estimate.stderr).typical > more * np.mean(typical)


def test_by_hand_it_is_the_sample_variance():
    """2 of 4 right inside, 3 of 3 outside: variances of (1/2 x 1/2) / 3 and 0."""
    masks = np.array([[1], [1], [1], [1], [0], [0], [0]], bool)
    correct = np.array([[1], [1], [0], [0], [1], [1], [1]], bool)

    estimate = memjax.memorization(masks, correct)

    np.testing.assert_allclose(estimate.typical_stderr, np.sqrt(1 / 12), rtol=1e-6)
    np.testing.assert_allclose(memjax.memorization(masks, correct, "unbiased").stderr, [np.sqrt(1 / 12)], rtol=1e-6)


def test_of_complementary_pairs_it_is_that_of_their_differences():
    rng = np.random.default_rng(3)
    first = rng.random((20, 5)) < 0.5
    masks = np.stack([first, ~first], 1).reshape(40, 5)
    correct = rng.random((40, 5)) < np.where(masks, 0.9, 0.5)
    differences = np.where(first, 1.0, -1.0) * (correct[::2] * 1.0 - correct[1::2])

    unbiased = estimate_of(memorization_totals(masks, correct, complementary=True), "unbiased").stderr

    np.testing.assert_allclose(unbiased, differences.std(0, ddof=1) / np.sqrt(20), rtol=1e-5)
    assert complementary_memorization(masks, correct).num_right is None
