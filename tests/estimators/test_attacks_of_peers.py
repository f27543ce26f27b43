"""Attacks as Privacy Meter (modules/mia/attacks/rmia.py) and LeakPro (mia_attacks/lira.py, rmia.py) have them, written
anew in NumPy: each example is in half of the models, and where they take means memjax takes medians, of two scores.

What differs: their ratios must exceed gamma, where a tie counts here; LeakPro adds 1e-6 to P(label) and takes logits at
a temperature of 2; its fixed deviation is that of all scores of one side, whatever their example.
"""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from memjax.estimators import lira, rmia

TRAIN, TARGETS, POPULATION = 60, 3, 41


def world(models):
    rng = np.random.default_rng(models)
    first = np.stack([rng.permutation(TRAIN) < TRAIN // 2 for _ in range(models // 2)])
    masks = np.stack([first, ~first], 1).reshape(models, TRAIN)
    shadow = rng.normal(1, 2, TRAIN) + masks + rng.normal(size=masks.shape)
    target = rng.normal(1.5, 2, (TARGETS, TRAIN))
    return masks, *(np.float32(each) for each in (shadow, target, rng.normal(1, 2, (models, POPULATION)),
                                                  rng.normal(1, 2, (TARGETS, POPULATION))))  # fmt: skip


@pytest.mark.parametrize("a", [0.0, 0.3, 1.0])
def test_offline_rmia_is_that_of_privacy_meter(a):
    masks, shadow, target, population, of_target = world(8)
    out = -np.sort(-(expit(shadow) * ~masks), axis=0)[:4]  # of each example the models that left it out
    everywhere = -np.sort(-expit(population), axis=0)[:8]
    usual, of_z = ((1 + a) / 2 * each.mean(0) + (1 - a) / 2 for each in (out, everywhere))
    ratios = (expit(target) / usual)[:, :, None] / (expit(of_target) / of_z)[:, None, :]

    found = rmia(masks, shadow, target, population, of_target, offline=a)

    np.testing.assert_allclose(found, (ratios > 1).mean(-1), atol=1e-6)


def test_online_rmia_is_that_of_leakpro():
    masks, shadow, target, population, of_target = world(8)
    ratio, of_z = expit(target) / expit(shadow).mean(0), expit(of_target) / expit(population).mean(0)

    found = rmia(masks, shadow, target, population, of_target, gamma=1.3)

    np.testing.assert_allclose(found, (ratio[:, :, None] / of_z[:, None, :] > 1.3).mean(-1), atol=1e-6)


def test_lira_with_own_deviations_is_that_of_leakpro():
    masks, shadow, target, *_ = world(4)
    inside, outside = (
        norm(np.mean(side, axis=1), np.std(side, axis=1))
        for side in (np.stack([shadow[of, i] for i, of in enumerate(chosen.T)]) for chosen in (masks, ~masks))
    )

    online = lira(masks, shadow, target, variance="own")
    offline = lira(masks, shadow, target, "offline", variance="own")

    np.testing.assert_allclose(online, inside.logpdf(target) - outside.logpdf(target), rtol=2e-3, atol=1e-2)
    near = np.abs(outside.logcdf(target)) < 50  # float32 has no smaller tails
    np.testing.assert_allclose(np.asarray(offline)[near], outside.logcdf(target)[near], rtol=2e-3, atol=1e-5)
