import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import norm

from memjax.errors import InputError
from memjax.estimators import controlled_memorization


def controls(right, odds, weights, typical):
    """Means of correctness, of three sharpened probabilities, and the normal rate, with a weight for each model."""
    weights, count = weights / weights.sum(), len(weights)
    mean = weights @ odds
    variance = weights @ (odds - mean) ** 2 * count / (count - 1)
    pulled = (20 * typical + (count - 1) * variance) / (20 + count - 1)
    return np.array([weights @ right, *(weights @ expit(s * odds) for s in (0.5, 1, 2)), norm.cdf(mean / pulled**0.5)])


def by_loops(masks, correct, probability):
    """Differences of correctness and its controls, and their covariances with the first: a small change of the weight
    of one model at a time shows how the means depend on it."""
    odds = logit(np.clip(probability, 1e-3, 1 - 1e-3).astype(float))
    values, shared = np.zeros((2, 5, masks.shape[1]))
    for sign, side in ((1, masks), (-1, ~masks)):
        typical = np.median([odds[side[:, i], i].var(ddof=1) for i in range(masks.shape[1])])
        for i in range(masks.shape[1]):
            right, own = correct[side[:, i], i].astype(float), odds[side[:, i], i]
            count = len(right)
            values[:, i] += sign * controls(right, own, np.ones(count), typical)
            for model in range(count):
                step = 1e-4 * np.eye(count)[model]
                slope = controls(right, own, 1 + step, typical) - controls(right, own, 1 - step, typical)
                shared[:, i] += slope / 2e-4 * (right[model] - right.mean()) / (count - 1)
    return values, shared


def world(models=40, train=60, seed=0):
    rng = np.random.default_rng(seed)
    masks = rng.random((models, train)) < 0.5
    hard = np.where(rng.random(train) < 0.2, rng.random(train), 0.0)
    logit = np.where(masks, 4.0, 4.0 - 6 * hard) + rng.normal(size=masks.shape)
    return masks, logit > 0, 1 / (1 + np.exp(-logit)), hard


def test_equals_a_search_for_the_best_weights():
    masks, correct, probability, _ = world()
    values, shared = by_loops(masks, correct, probability)
    own, train = shared[0].mean(), masks.shape[1]
    apart = values[0] - np.vstack([np.zeros(train), values[1:]])
    gain = own - np.r_[0, shared[1:].mean(1)]

    def risk(w):
        return own - 2 * w @ gain + np.mean((w @ apart) ** 2)

    def penalised(w):
        return risk(w) + 30 * own / train * w @ w

    best = minimize(penalised, np.zeros(5), tol=1e-14).x
    found = controlled_memorization(masks, correct, probability)

    assert found.weight == pytest.approx(1 - best.sum(), abs=1e-3)
    assert found.typical_error == pytest.approx(np.sqrt(risk(best)), rel=1e-3)
    np.testing.assert_allclose(found.value, values[0] - best @ apart, atol=1e-4)


def test_models_that_always_agree_need_no_control():
    masks, _, probability, _ = world()

    found = controlled_memorization(masks, np.ones_like(masks), probability)

    assert found.weight == 1
    assert found.typical_error == 0
    assert (found.value == 0).all()


def test_an_example_with_one_model_on_a_side_is_undefined():
    masks, correct, probability, _ = world()
    masks[:, 3] = np.arange(len(masks)) == 0

    assert np.isnan(controlled_memorization(masks, correct, probability).value).tolist() == [i == 3 for i in range(60)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: 3 * p, "expected 0 to 1"),
        (lambda p: p[:, :4], "expected the same"),
        (lambda p: p[:5], "a row for each"),
    ],
)
def test_what_is_no_probability_is_refused(change, words):
    masks, correct, probability, _ = world()

    with pytest.raises(InputError, match=words):
        controlled_memorization(masks, correct, change(probability))


def test_too_few_models_are_refused():
    masks, correct, probability, _ = world(models=2)

    with pytest.raises(InputError, match="train more models"):
        controlled_memorization(masks, correct, probability)


@pytest.mark.parametrize(
    "change",
    [
        lambda masks: np.vstack([masks[:20], masks[:20] | masks[20:]]),
        lambda masks: np.vstack([masks[:20]] * 2),
        lambda masks: np.vstack([masks[:20], ~masks[:20]]),
    ],
    ids=["several sizes", "repeated", "opposite"],
)
def test_subsets_that_are_not_independent_draws_of_one_size_are_refused(change):
    masks, correct, probability, _ = world()

    with pytest.raises(InputError, match="use memorization"):
        controlled_memorization(change(masks), correct, probability)
