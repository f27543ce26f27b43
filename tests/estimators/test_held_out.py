import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import c_score, consistency_profile, label_errors, out_of_bag


def world(seed=0, models=60, train=20):
    rng = np.random.default_rng(seed)
    return rng.random((models, train)) < 0.6, rng.random((models, train))


def test_by_hand():
    masks = np.array([[1, 0], [0, 0], [0, 1]])
    correct = np.array([[1, 1], [1, 0], [0, 0]])

    estimate = c_score(masks, correct)

    np.testing.assert_allclose(estimate.value, [1 / 2, 1 / 2])
    assert estimate.num_out.tolist() == [2, 2]


def test_memorization_is_the_score_inside_minus_the_c_score():
    masks, scores = world()
    inside = np.array([scores[masks[:, i], i].mean() for i in range(20)])

    np.testing.assert_allclose(
        memjax.memorization(masks, scores).value, inside - c_score(masks, scores).value, atol=1e-6
    )


def test_standard_error_of_a_mean():
    masks, scores = world()

    estimate = c_score(masks, scores)

    for i in range(20):
        outside = scores[~masks[:, i], i]
        np.testing.assert_allclose(estimate.stderr[i], outside.std(ddof=1) / np.sqrt(len(outside)), rtol=1e-4)


def test_never_left_out_is_undefined():
    assert np.isnan(c_score(np.ones((3, 1)), np.ones((3, 1))).value).all()


def test_a_profile_takes_each_size_by_itself():
    rng = np.random.default_rng(1)
    sizes = np.repeat([3, 8, 15], 40)
    masks = np.stack([rng.permutation(20) < size for size in sizes])
    correct = rng.random((120, 20)) < 0.5

    profile = consistency_profile(masks, correct)

    assert profile.sizes.tolist() == [3, 8, 15]
    for row, size in enumerate([3, 8, 15]):
        chosen = sizes == size
        np.testing.assert_allclose(profile.value[row], c_score(masks[chosen], correct[chosen]).value)
    np.testing.assert_allclose(profile.mean, np.nanmean(profile.value, axis=0), rtol=1e-6)


def test_sizes_at_which_an_example_was_never_left_out_do_not_bias_its_mean():
    """Models with more examples are better, and leave few out: with 45 models of nine sizes half have no such size."""
    rng = np.random.default_rng(0)
    errors, undefined = [], []
    for _ in range(40):
        sizes = np.repeat(np.arange(10, 91, 10), 5)
        masks = np.stack([rng.permutation(100) < size for size in sizes])
        chance = 0.4 + 0.005 * sizes[:, None] + rng.uniform(-0.1, 0.1, 100)

        profile = consistency_profile(masks, rng.random(masks.shape) < chance)

        undefined.append(np.isnan(profile.value).mean())
        errors.append(np.mean(profile.mean - (chance.reshape(9, 5, 100).mean((0, 1)))))

    assert np.mean(undefined) > 0.05
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(40)


def test_out_of_bag_predictions_are_means_over_models_that_did_not_see():
    masks, _ = world(2, 30, 7)
    masks[:, 3] = True
    logits = np.random.default_rng(3).normal(size=(30, 7, 4)).astype(np.float16)
    raised = np.exp(logits.astype(np.float64))
    softmax = raised / raised.sum(-1, keepdims=True)

    predicted = np.asarray(out_of_bag(masks, logits))

    for i in range(7):
        if i == 3:
            assert np.isnan(predicted[i]).all()
        else:
            np.testing.assert_allclose(predicted[i], softmax[~masks[:, i], i].mean(0), rtol=2e-3)
            np.testing.assert_allclose(predicted[i].sum(), 1, rtol=1e-5)


def test_wrong_labels_come_first_and_unknown_ones_last():
    masks, scores = world(4)
    scores[:, [5, 11]] = [0.01, 0.02]
    masks[:, 7] = True

    order = label_errors(masks, scores)

    assert order[:2].tolist() == [5, 11]
    assert order[-1] == 7


def test_shapes_that_do_not_fit():
    masks, _ = world()
    with pytest.raises(InputError, match="expected"):
        out_of_bag(masks, np.zeros((60, 19, 3), np.float32))


def test_probabilities_are_not_taken_for_logits():
    masks, _ = world()
    probabilities = np.random.default_rng(1).dirichlet(np.ones(3), size=masks.shape).astype(np.float32)

    with pytest.raises(InputError, match="logits holds probabilities: no number is negative and each row sums to 1"):
        out_of_bag(masks, probabilities)
    expected = [probabilities[~masks[:, i], i].mean(0) for i in range(20)]
    np.testing.assert_allclose(out_of_bag(masks, np.log(probabilities)), expected, rtol=1e-5)
