import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from tests import reference


def random_world(seed, models=40, train=15):
    rng = np.random.default_rng(seed)
    return rng.random((models, train)) < 0.7, rng.random((models, train)) < 0.6


def test_by_hand():
    masks = np.array([[1, 1], [1, 0], [0, 0]], bool)
    correct = np.array([[1, 1], [0, 0], [0, 1]], bool)

    estimate = memjax.memorization(masks, correct)

    np.testing.assert_allclose(estimate.value, [1 / 2 - 0, 1 - 1 / 2])
    np.testing.assert_array_equal(estimate.num_in, [2, 1])
    np.testing.assert_array_equal(estimate.num_out, [1, 2])
    assert np.isnan(estimate.stderr).all()  # one model alone says nothing of its spread


def test_standard_error_by_hand():
    masks = np.array([[1], [1], [1], [0], [0]], bool)
    correct = np.array([[1], [1], [0], [0], [0]], bool)

    estimate = memjax.memorization(masks, correct)

    variance = (3 / 5) * (2 / 5) / 2 + (1 / 4) * (3 / 4) / 1  # rates (2 + 1) / (3 + 2) and (0 + 1) / (2 + 2)
    np.testing.assert_allclose(estimate.stderr, [np.sqrt(variance)], rtol=1e-6)


def test_normal_intervals_are_some_standard_errors_wide():
    masks, correct = random_world(0)
    estimate = memjax.memorization(masks, correct)

    low, high = estimate.interval(form="normal")
    narrow = estimate.interval(0.6827, form="normal")

    assert memjax.memorization(masks, correct * 1.5).interval().form == narrow.form == "normal"
    np.testing.assert_allclose(low, estimate.value - 1.959964 * estimate.stderr, atol=1e-6)
    np.testing.assert_allclose(high, estimate.value + 1.959964 * estimate.stderr, atol=1e-6)
    np.testing.assert_allclose(narrow[1] - narrow[0], 2 * estimate.stderr, rtol=1e-3)
    with pytest.raises(InputError, match="between 0 and 1"):
        estimate.interval(95.0)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_oracle(seed):
    masks, correct = random_world(seed)

    estimate = memjax.memorization(masks, correct)

    np.testing.assert_allclose(estimate.value, np.diag(reference.mean_difference(masks, correct)), atol=1e-6)
    expected = reference.adjusted_stderr(
        (masks & correct).sum(0), masks.sum(0), (~masks & correct).sum(0), (~masks).sum(0)
    )
    np.testing.assert_allclose(estimate.stderr, expected, rtol=1e-5)


def test_probabilities_have_the_sample_standard_error():
    masks, _ = random_world(1)
    scores = np.random.default_rng(2).random(masks.shape)

    estimate = memjax.memorization(masks, scores)

    for i in range(masks.shape[1]):
        inside, outside = scores[masks[:, i], i], scores[~masks[:, i], i]
        np.testing.assert_allclose(estimate.value[i], inside.mean() - outside.mean(), atol=1e-6)
        np.testing.assert_allclose(estimate.stderr[i], reference.sample_stderr(inside, outside), rtol=1e-4)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32, np.float64, "jax"])
def test_any_kind_of_zero_and_one_gives_the_same(kind):
    masks, correct = random_world(3)
    given = (jnp.asarray(masks), jnp.asarray(correct)) if kind == "jax" else (masks.astype(kind), correct.astype(kind))

    for got, expected in zip(memjax.memorization(*given), memjax.memorization(masks, correct), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_order_of_models_does_not_matter():
    masks, correct = random_world(4)
    order = np.random.default_rng(0).permutation(len(masks))

    np.testing.assert_array_equal(
        memjax.memorization(masks[order], correct[order]).value, memjax.memorization(masks, correct).value
    )


def test_swapping_in_and_out_changes_the_sign():
    masks, correct = random_world(5)

    np.testing.assert_array_equal(
        memjax.memorization(~masks, correct).value, -memjax.memorization(masks, correct).value
    )


def test_works_inside_jit():
    masks, correct = random_world(6)

    inside = jax.jit(memjax.memorization)(masks, correct)

    np.testing.assert_allclose(inside.value, memjax.memorization(masks, correct).value, rtol=1e-6)


@pytest.mark.parametrize("seen", [True, False])
def test_never_held_out_or_never_seen_is_undefined_not_zero(seen):
    masks = np.full((5, 1), seen)

    estimate = memjax.memorization(masks, np.ones((5, 1), bool))

    assert np.isnan(estimate.value).all()
    assert np.isnan(estimate.stderr).all()


def test_a_constant_score_is_not_memorized():
    masks, _ = random_world(7)

    assert (np.asarray(memjax.memorization(masks, np.ones_like(masks)).value) == 0).all()


def test_one_model_alone_defines_nothing():
    assert np.isnan(memjax.memorization(np.array([[True, False]]), np.array([[True, True]])).value).all()


@pytest.mark.parametrize(
    ("masks", "correct", "words"),
    [
        (np.ones((3, 2)), np.ones((3, 4)), "expected the same"),
        (np.ones((3, 2)), np.ones((2, 2)), "a row for each of masks"),
        (np.ones(3), np.ones(3), r"expected \(models, train\)"),
        (np.full((3, 2), 2), np.ones((3, 2)), "other than 0 and 1"),
        (np.ones((3, 2)), np.full((3, 2), np.inf), "not finite"),
        (np.ones((3, 2)), np.full((3, 2), np.nan), "not finite"),
        (np.ones((0, 2)), np.ones((0, 2)), "no row"),
        (np.full((3, 2), "x"), np.ones((3, 2)), "expected bool or numbers"),
    ],
)
def test_unfit_arrays_are_refused_in_words(masks, correct, words):
    with pytest.raises(InputError, match=words):
        memjax.memorization(masks, correct)
