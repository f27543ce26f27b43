"""The mean squared error of memorization with a control, over worlds whose truth is a very long run."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from memjax.estimators import controlled_memorization, memorization

NOISE = {  # of log odds, with mean 0, and the chance of less than so much
    "normal": (lambda rng, shape: rng.normal(size=shape), norm.cdf),
    "two kinds of models": (
        lambda rng, shape: np.where(rng.random(shape) < 0.3, -2.8, 1.2) + rng.normal(0, 0.5, shape),
        lambda x: 0.3 * norm.cdf((x + 2.8) / 0.5) + 0.7 * norm.cdf((x - 1.2) / 0.5),
    ),
}


@pytest.mark.parametrize("models", [20, 200])
@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("bend", [0.0, 2.0], ids=["calibrated", "overconfident"])
def test_it_is_no_worse_than_correctness_alone_and_knows_its_error(models, bend, kind):
    noise, below = NOISE[kind]
    own, plain, said = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        inside, outside = np.full(400, 4.0), np.where(rng.random(400) < 0.25, rng.normal(0, 2, 400), 4.0)
        masks = rng.random((models, 400)) < 0.5
        logit = np.where(masks, inside, outside) + noise(rng, masks.shape)
        correct, probability = logit > 0, expit(logit * (1 + bend))
        truth = below(-outside) - below(-inside)
        found, value = controlled_memorization(masks, correct, probability), memorization(masks, correct).value
        known = np.isfinite(found.value)
        own.append(np.square(found.value - truth)[known].mean())
        plain.append(np.square(np.asarray(value) - truth)[known].mean())
        said.append(found.typical_error**2)

    worse = np.subtract(own, 1.02 * np.array(plain))
    assert worse.mean() <= 4 * worse.std(ddof=1) / np.sqrt(20)
    wrong = np.subtract(said, own)  # the weight is chosen from the same models: a little too small
    assert abs(wrong.mean()) <= 4 * wrong.std(ddof=1) / np.sqrt(20) + 0.08 * np.mean(own)
    if kind == "normal":
        assert np.mean(own) < 0.75 * np.mean(plain)
