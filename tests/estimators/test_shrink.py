import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import shrink
from memjax.types import Estimate


def estimate_of(value, stderr):
    return Estimate(np.asarray(value, np.float32), np.asarray(stderr, np.float32), None, None)


def test_by_hand():
    """Mean 2, variance 4, noise 1: true spread squared 3, so three quarters of the way out is kept."""
    shrunken = shrink(estimate_of([0, 2, 4], [1, 1, 1]), np.zeros(3, int))

    np.testing.assert_allclose(shrunken.value, [0.5, 2, 3.5])
    np.testing.assert_allclose(shrunken.stderr, [np.sqrt(0.75)] * 3, rtol=1e-6)


def test_pure_noise_goes_to_the_mean_of_its_group_and_certainty_stays():
    noise = shrink(estimate_of([0.1, -0.1, 5, 5.2], [1, 1, 0, 0]), np.array([0, 0, 1, 1]))

    np.testing.assert_allclose(noise.value, [0, 0, 5, 5.2], atol=1e-6)


def test_undefined_stays_undefined_and_counts_for_nothing():
    shrunken = shrink(estimate_of([0, 2, 4, np.nan], [1, 1, 1, np.nan]), np.zeros(4, int))

    np.testing.assert_allclose(shrunken.value, [0.5, 2, 3.5, np.nan])


def test_closer_to_the_truth_and_as_uncertain_as_it_says():
    rng = np.random.default_rng(0)
    groups = rng.integers(5, size=4000)
    truth = groups + rng.normal(0, 0.5, 4000)
    stderr = rng.uniform(0.2, 1.5, 4000)
    value = truth + rng.normal(0, stderr)

    shrunken = shrink(estimate_of(value, stderr), groups)

    error = np.asarray(shrunken.value) - truth
    assert (error**2).mean() < 0.5 * ((value - truth) ** 2).mean()
    assert abs(((error / np.asarray(shrunken.stderr)) ** 2).mean() - 1) < 4 * np.sqrt(2 / 4000) + 0.02


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="expected one per example"):
        shrink(estimate_of([1, 2], [1, 1]), np.zeros(3))
