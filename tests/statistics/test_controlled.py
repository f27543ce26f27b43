"""The mean squared error of memorization with a control, over worlds whose truth is a very long run."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from memjax.estimators import controlled_memorization, memorization


@pytest.mark.parametrize("models", [20, 50, 200])
@pytest.mark.parametrize("bend", [0.0, 2.0], ids=["calibrated", "overconfident"])
def test_it_is_no_worse_than_correctness_alone_and_knows_its_error(models, bend):
    own, plain, said = [], [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        inside, outside = np.full(400, 4.0), np.where(rng.random(400) < 0.25, rng.normal(0, 2, 400), 4.0)
        masks = rng.random((models, 400)) < 0.5
        logit = np.where(masks, inside, outside) + rng.normal(size=masks.shape)
        correct, probability = logit > 0, expit(logit * (1 + bend))
        truth = norm.cdf(inside) - norm.cdf(outside)
        found, value = controlled_memorization(masks, correct, probability), memorization(masks, correct).value
        known = np.isfinite(found.value)
        own.append(np.square(found.value - truth)[known].mean())
        plain.append(np.square(np.asarray(value) - truth)[known].mean())
        said.append(found.typical_error**2)

    worse = np.subtract(own, 1.02 * np.array(plain))
    assert worse.mean() <= 4 * worse.std(ddof=1) / np.sqrt(30)
    wrong = np.subtract(said, own)  # the weight is chosen from the same models: a little too small
    assert abs(wrong.mean()) <= 4 * wrong.std(ddof=1) / np.sqrt(30) + 0.05 * np.mean(own)
    if models == 20 and not bend:
        assert np.mean(own) < 0.9 * np.mean(plain)
