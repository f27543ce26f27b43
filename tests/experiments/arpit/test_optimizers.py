"""How two optimisers are compared."""

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.arpit.optimizers import agreement, chance_later


def test_the_chance_that_a_wrong_label_comes_later():
    when, wrong = np.array([1, 2, 2, 3, np.nan]), np.array([False, False, True, True, True])

    assert chance_later(when, wrong) == (1 + 0.5 + 1 + 1) / 4  # of four pairs one is a tie
    rng = np.random.default_rng(0)
    when, wrong = rng.integers(0, 9, 50).astype(float), rng.random(50) < 0.4
    np.testing.assert_allclose(chance_later(when, wrong), roc_auc_score(wrong, when))


def test_noise_alone_does_not_lower_the_agreement():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(30):
        order = rng.normal(size=400)
        one, other = (order + size * rng.normal(size=(2, 400)) for size in (0.5, 1.5))
        found.append(agreement(one, other))

    assert abs(np.mean(found) - 1) < 4 * np.std(found) / 30**0.5 + 0.02  # ranks attenuate a little less than numbers
    assert np.isnan(agreement(rng.normal(size=(2, 400)), np.stack([order] * 2)))


def test_half_of_an_order_in_common():
    rng = np.random.default_rng(1)
    common, own = rng.normal(size=(5000,)), rng.normal(size=(2, 5000))
    one, other = ((common + mine) + 0.1 * rng.normal(size=(2, 5000)) for mine in own)

    expected = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's for a Pearson correlation of a half
    assert abs(agreement(one, other) - expected) < 0.05
