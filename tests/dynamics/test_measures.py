"""Measures that differentiate: against finite differences, one example at a time, and by asking the network again."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from memjax import dynamics
from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model
from memjax.types import Model

KEY = jax.random.key(5)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])


def smooth(features=3, hidden=4, classes=3):
    """A network without kinks, where a finite difference means something."""

    def init(key):
        first, second = (jax.random.fold_in(key, number) for number in range(2))
        return {
            "w": jax.random.normal(first, (features, hidden)),
            "v": jax.random.normal(second, (hidden, classes)),
        }, ()

    def apply(params, state, inputs, key, train):
        return jnp.tanh(inputs @ params["w"]) @ params["v"], state

    return Model(init, apply)


def retrained(params, batches, changed, seen):
    """By hand, in NumPy: SGD with momentum; the loss of each of `seen` after 1 and after 4 steps on `changed`."""
    w, v = (np.array(params[name], np.float64) for name in "wv")
    pace_w, pace_v, found = np.zeros_like(w), np.zeros_like(v), []

    def forward(inputs):
        hidden = np.tanh(inputs @ w)
        odds = np.exp(hidden @ v)
        return hidden, odds / odds.sum(1, keepdims=True)

    for number, rows in enumerate(np.asarray(batches)):
        hidden, probability = forward(changed[rows])
        error = (probability - np.eye(3)[LABELS[rows]]) / len(rows)
        pace_v = hidden.T @ error + 0.5 * pace_v
        pace_w = changed[rows].T @ ((error @ v.T) * (1 - hidden**2)) + 0.5 * pace_w
        w, v = w - 0.3 * pace_w, v - 0.3 * pace_v
        if number in (0, 3):
            found.append(-np.log(forward(seen)[1][np.arange(7), LABELS]))
    return np.stack(found)


@pytest.mark.ci
@pytest.mark.parametrize(("through", "batch_size"), [("training", 3), pytest.param("both", 0, marks=pytest.mark.slow)])
def test_sensitivity_is_what_retraining_with_a_changed_input_finds(through, batch_size):
    """In float64; with `through="training"` the changed example is trained on and the loss is that of the old one."""
    with jax.enable_x64(True):
        inputs = np.random.default_rng(0).normal(size=(7, 3))
        training = dynamics.Unrolled(smooth(), optax.sgd(0.3, momentum=0.5), (1, 4), batch_size, through)
        got = np.asarray(dynamics.loss_sensitivity(training, KEY, inputs, LABELS))
        params, _ = training.model.init(jax.random.fold_in(KEY, 0))
        batches = training._batches(jax.random.fold_in(KEY, 1), 7)

    for i in range(7):
        slope = np.zeros((2, 3))
        for feature in range(3):
            up, down = (inputs + size * (np.arange(7) == i)[:, None] * np.eye(3)[feature] for size in (1e-5, -1e-5))
            seen = (up, down) if through == "both" else (inputs, inputs)
            ends = [retrained(params, batches, *pair).mean(1) for pair in zip((up, down), seen, strict=True)]
            slope[:, feature] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(got[:, i], abs(slope).sum(1), rtol=1e-5, atol=1e-9)
        assert got[-1, i] > 0


@pytest.mark.slow
def test_the_class_wise_form_with_one_example_a_class_is_the_gradient_of_each_loss():
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32))
    training = dynamics.Unrolled(smooth(), optax.sgd(0.3), (2, 5))
    labels = np.arange(3)

    got = dynamics.class_sensitivity(training, KEY, inputs, labels, 3)

    slopes = jax.jit(jax.jacrev(lambda inputs: training.losses(KEY, inputs, labels)))(
        inputs
    )  # steps, losses, inputs, features
    np.testing.assert_allclose(got, abs(slopes).sum(-1).mean(0) / 3, rtol=1e-4)


@pytest.mark.slow
def test_the_norm_and_a_schedule_that_cannot_be():
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32))
    training = dynamics.Unrolled(smooth(), optax.sgd(0.3), (3,))
    one, most = (dynamics.loss_sensitivity(training, KEY, inputs, LABELS, order) for order in (1.0, np.inf))

    assert (one > most).all()
    assert (one <= 3 * most).all()
    with pytest.raises(InputError, match="each larger than the one before"):
        training._replace(steps=(3, 2)).losses(KEY, inputs, LABELS)


def halves(inputs):
    """Two classes that meet where the first feature is 0."""
    return jnp.stack([-inputs[:, 0], inputs[:, 0]], -1)


def test_critical_samples_are_those_near_the_boundary():
    inputs = np.zeros((6, 4), np.float32)
    inputs[:, 0] = [-1, -0.31, -0.29, 0.05, 0.29, 0.5]

    for search in (dynamics.Search(), dynamics.Search(ascend="logit"), dynamics.Search(at="start")):
        found, points = dynamics.critical_samples(halves, inputs, KEY, search)
        assert found.tolist() == [False, False, True, True, True, False]
        np.testing.assert_array_equal(dynamics.verified(halves, inputs, points, 0.3), found)
        np.testing.assert_array_equal(points[~found], inputs[~found])
        assert abs(np.asarray(points) - inputs).max() <= 0.3 + 1e-6
    assert float(dynamics.critical_sample_ratio(halves, inputs, KEY)) == 0.5


@pytest.mark.slow
def test_on_a_larger_scale_it_is_the_same_search():
    inputs = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    wide = dynamics.critical_sample_ratio(
        lambda x: halves(x / 255), 255 * inputs, KEY, dynamics.Search().scaled(255.0 * 255)
    )

    assert dynamics.Search().scaled(255.0) == dynamics.Search()
    np.testing.assert_allclose(wide, dynamics.critical_sample_ratio(halves, inputs, KEY))


def test_what_is_not_in_the_box_or_not_another_prediction_is_not_verified():
    inputs = jnp.asarray([[0.1], [0.1], [0.1]])

    assert dynamics.verified(halves, inputs, jnp.asarray([[-0.1], [-0.5], [0.2]]), 0.3).tolist() == [True, False, False]
    with pytest.raises(InputError, match="is no search"):
        dynamics.critical_samples(halves, inputs, KEY, dynamics.Search(steps=0))


def test_grand_is_the_gradient_of_one_example_at_a_time():
    model = make_model(ModelSpec("mlp:5"), (4,), 3)
    params, state = model.init(KEY)
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32))

    got = dynamics.gradient_norms(model, params, state, inputs, LABELS, at_once=3)

    def loss(params, row):
        logits = model.apply(params, state, inputs[row][None], None, False)[0]
        return -jax.nn.log_softmax(logits)[0, jnp.asarray(LABELS)[row]]

    gradient = jax.jit(jax.grad(loss))

    for row in range(7):
        leaves = jax.tree.leaves(gradient(params, row))
        np.testing.assert_allclose(got[row], np.sqrt(sum(np.square(leaf).sum() for leaf in leaves)), rtol=1e-5)
