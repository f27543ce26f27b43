"""A confidence sequence misses the truth at any number of models no more often than it may."""

import numpy as np
import pytest

from memjax.estimators.intervals import difference_bounds

WORLDS, MODELS, ERROR = 500, 200, 0.1
MOST = ERROR + 4 * np.sqrt(ERROR * (1 - ERROR) / WORLDS)


def ever_missed(masks, scores, truth, bounds):
    """The share of worlds, one a column, whose interval misses the truth after some number of models."""
    low, high = bounds(*(np.cumsum(each, axis=0)[1:] for each in (masks * scores, masks, ~masks * scores, ~masks)))
    return ((low > truth) | (high < truth)).any(axis=0).mean()


def sequence(in_pairs=False):
    return lambda *sums: difference_bounds(*sums, ERROR, in_pairs)


def normal(inside, num_in, outside, num_out):
    """The usual interval, made for one look."""
    p, q = (inside + 1) / (num_in + 2), (outside + 1) / (num_out + 2)
    half = 1.645 * np.sqrt(p * (1 - p) / (num_in + 2) + q * (1 - q) / (num_out + 2))
    return p - q - half, p - q + half


@pytest.mark.parametrize("rates", [(1.0, 0.95), (0.9, 0.5), (0.5, 0.5), (0.2, 0.0)])
@pytest.mark.parametrize("fraction", [0.5, pytest.param(0.7, marks=pytest.mark.slow)])
def test_looking_after_each_model_costs_nothing(rates, fraction):
    rng = np.random.default_rng(int(100 * sum(rates) + 10 * fraction))
    masks = rng.random((MODELS, WORLDS)) < fraction
    scores = rng.random(masks.shape) < np.where(masks, *rates)

    assert ever_missed(masks, scores, rates[0] - rates[1], sequence()) <= MOST


def test_the_usual_interval_would_not_do():
    rng = np.random.default_rng(0)
    masks = rng.random((MODELS, WORLDS)) < 0.5
    scores = rng.random(masks.shape) < np.where(masks, 0.9, 0.5)

    assert ever_missed(masks, scores, 0.4, normal) > 2 * MOST


def test_fractions_are_covered_too():
    rng = np.random.default_rng(1)
    masks = rng.random((MODELS, WORLDS)) < 0.5
    scores = np.where(rng.random(masks.shape) < 0.02, 0.0, 0.9 + 0.1 * masks)  # rare failures near 0

    assert ever_missed(masks, scores, 0.98 * 0.1, sequence()) <= MOST


@pytest.mark.slow
def test_pairs_whose_models_agree_are_covered():
    """Model 2k + 1 is wrong where model 2k is right: the difference varies twice as much as of independent models."""
    rng = np.random.default_rng(2)
    first = rng.random((MODELS // 2, WORLDS)) < 0.5
    right = rng.random(first.shape) < 0.5
    masks, scores = (np.stack([each, ~each], 1).reshape(MODELS, WORLDS) for each in (first, right))

    assert ever_missed(masks, scores, 0.0, sequence(in_pairs=True)) <= MOST
    assert ever_missed(masks, scores, 0.0, sequence()) > ERROR  # which pairs would make too often without it
