import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators import controlled_memorization, memorization


def by_loops(masks, correct, probability):
    """Both differences, the variance of the first and their covariance, for each example."""
    c, p, own, shared = np.zeros((4, masks.shape[1]))
    for i in range(masks.shape[1]):
        for sign, side in ((1, masks[:, i]), (-1, ~masks[:, i])):
            right, chance, count = correct[side, i].astype(float), probability[side, i], side.sum()
            c[i] += sign * right.mean()
            p[i] += sign * chance.mean()
            spread = np.cov(right, chance)
            own[i] += spread[0, 0] / count
            shared[i] += spread[0, 1] / count
    return c, p, own, shared


def world(models=40, train=60, seed=0):
    rng = np.random.default_rng(seed)
    masks = rng.random((models, train)) < 0.5
    hard = np.where(rng.random(train) < 0.2, rng.random(train), 0.0)
    logit = np.where(masks, 4.0, 4.0 - 6 * hard) + rng.normal(size=masks.shape)
    return masks, logit > 0, 1 / (1 + np.exp(-logit)), hard


def test_equals_a_search_for_the_best_weight():
    masks, correct, probability, _ = world()
    c, p, own, shared = by_loops(masks, correct, probability)
    b = (c @ p) / (p @ p)
    weights = np.linspace(0, 1, 2001)
    risk = [np.mean(own - 2 * (1 - w) * (own - b * shared) + (1 - w) ** 2 * (c - b * p) ** 2) for w in weights]

    found = controlled_memorization(masks, correct, probability)

    assert found.weight == pytest.approx(weights[np.argmin(risk)], abs=1e-3)
    assert found.typical_error == pytest.approx(np.sqrt(min(risk)), rel=1e-4)
    np.testing.assert_allclose(found.value, found.weight * c + (1 - found.weight) * b * p, atol=1e-6)


def test_probabilities_that_are_the_answers_change_nothing():
    masks, correct, _, _ = world()

    found = controlled_memorization(masks, correct, correct.astype(float))

    np.testing.assert_allclose(found.value, memorization(masks, correct).value, atol=1e-6)


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
