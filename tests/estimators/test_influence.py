import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from tests import reference


def random_world(seed, models=40, train=12, test=7):
    rng = np.random.default_rng(seed)
    return rng.random((models, train)) < 0.7, rng.random((models, test)) < 0.6


def test_by_hand():
    masks = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], bool)
    correct = np.array([[1, 0, 1], [1, 1, 1], [0, 0, 1], [0, 1, 1]], bool)

    value = memjax.influence(masks, correct).value

    np.testing.assert_allclose(value, [[1, 0, 0], [0, -1, 0]])


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_oracle(seed):
    masks, correct = random_world(seed)

    estimate = memjax.influence(masks, correct)

    np.testing.assert_allclose(estimate.value, reference.mean_difference(masks, correct), atol=1e-6)
    for i in range(masks.shape[1]):
        for j in range(correct.shape[1]):
            inside, outside = correct[masks[:, i], j], correct[~masks[:, i], j]
            expected = reference.adjusted_stderr(inside.sum(), len(inside), outside.sum(), len(outside))
            np.testing.assert_allclose(estimate.stderr[i, j], expected, rtol=1e-5)
    assert estimate.num_in.shape == estimate.value.shape


def test_probabilities_have_the_sample_standard_error():
    masks, _ = random_world(1)
    scores = np.random.default_rng(2).random((len(masks), 3))

    estimate = memjax.influence(masks, scores)

    inside, outside = scores[masks[:, 4], 2], scores[~masks[:, 4], 2]
    np.testing.assert_allclose(estimate.value[4, 2], inside.mean() - outside.mean(), atol=1e-6)
    np.testing.assert_allclose(estimate.stderr[4, 2], reference.sample_stderr(inside, outside), rtol=1e-4)


def test_on_the_training_examples_its_diagonal_is_memorization():
    masks, _ = random_world(3)
    correct = np.random.default_rng(3).random(masks.shape) < 0.5

    np.testing.assert_allclose(
        np.diag(memjax.influence(masks, correct).value), memjax.memorization(masks, correct).value, atol=1e-6
    )


def test_takes_jax_arrays():
    masks, correct = random_world(4)

    np.testing.assert_array_equal(
        memjax.influence(jnp.asarray(masks), jnp.asarray(correct)).value, memjax.influence(masks, correct).value
    )


def test_works_inside_jit():
    masks, correct = random_world(4)

    inside = jax.jit(memjax.influence)(masks, correct)

    np.testing.assert_allclose(inside.value, memjax.influence(masks, correct).value, rtol=1e-6)


def test_a_helpful_example_has_positive_influence():
    """The sign: a test example that is right only if training example 0 was seen."""
    masks, _ = random_world(5)

    value = memjax.influence(masks, masks[:, :1]).value

    assert value[0, 0] == 1


def test_undefined_rows_are_nan():
    masks, correct = random_world(6)
    masks[:, 0] = True

    estimate = memjax.influence(masks, correct)

    assert np.isnan(estimate.value[0]).all()
    assert np.isfinite(estimate.value[1:]).all()


def test_counts_are_exact_for_thousands_of_models():
    """Sums of 0 and 1 in float32 must not round, whatever the precision of the device's products."""
    rng = np.random.default_rng(0)
    masks, correct = rng.random((5000, 3)) < 0.5, rng.random((5000, 4)) < 0.999

    value = np.asarray(memjax.influence(masks, correct).value)

    inside = masks.T.astype(int) @ correct
    exact = inside / masks.sum(0)[:, None] - (correct.sum(0) - inside) / (~masks).sum(0)[:, None]
    np.testing.assert_allclose(value, exact, atol=2e-7)


def test_unfit_arrays_are_refused_in_words():
    with pytest.raises(InputError, match="correct_test has shape"):
        memjax.influence(np.ones((3, 2)), np.ones((4, 2)))
