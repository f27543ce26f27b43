"""What keeps a network from memorizing."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.arpit import regularizers
from experiments.arpit.regularizers import NAMES, SGD_RATE, Settings, regularized

KEY = jax.random.key(0)
disturbed = jax.jit(regularizers.disturbed)


def test_without_strength_nothing_is_disturbed():
    values = jnp.arange(1e4).reshape(100, 100)

    np.testing.assert_array_equal(disturbed(KEY, values, jnp.float32(0), jnp.float32(0)), values)


def test_what_is_dropped_is_made_up_for():
    values = disturbed(KEY, jnp.ones((100, 100)), jnp.float32(0.9), jnp.float32(0))

    np.testing.assert_allclose(np.unique(values), [0, 10], rtol=1e-5)
    assert abs((values > 0).mean() - 0.1) < 4 * (0.1 * 0.9 / 1e4) ** 0.5


def test_noise_has_the_deviation_that_is_asked_for():
    values = np.asarray(disturbed(KEY, jnp.zeros((100, 100)), jnp.float32(0), jnp.float32(3)))

    assert abs(values.std() - 3) < 4 * 3 / (2 * 1e4) ** 0.5


def test_each_strength_has_its_place_and_evaluation_disturbs_nothing():
    model = regularized(4, 8, 3)
    params, state = model.init(KEY)
    inputs, apply = jnp.ones((2, 4)), jax.jit(model.apply, static_argnums=4)

    def outputs(train, **strength):
        changed = state | {name: jnp.float32(value) for name, value in strength.items()}
        return np.asarray(apply(params, changed, inputs, KEY, train)[0])

    plain = outputs(False)
    np.testing.assert_allclose(outputs(True), plain, rtol=1e-5)
    for name in set(NAMES.values()) - {"weight_decay"}:
        assert not np.allclose(outputs(True, **{name: 0.5}), plain), name
        np.testing.assert_array_equal(outputs(False, **{name: 0.5}), plain)


def test_a_larger_box_has_points_farther_away():
    """The training points of adversarial training with weight 1, which the network passes on."""
    passed = regularized(4, 8, 3)
    model = passed._replace(apply=lambda params, state, inputs, *rest: (
        (inputs, state) if rest[-1] else passed.apply(params, state, inputs, *rest)
    ))  # fmt: skip
    params, state = model.init(KEY)
    inputs = jax.random.normal(KEY, (200, 4))

    def farthest(radius):
        points = regularizers.adversarial(model, 1.0, radius).apply(params, state, inputs, KEY, True)[0]
        return float(abs(points - inputs).max())

    assert 0.1 - 1e-5 < farthest(0.1) < 0.1 + 1e-5
    assert 0.2 < farthest(0.25) < 0.25 + 1e-5


def test_the_rate_can_be_another():
    for options, rate in (({}, 0.002), ({"optimizer": "sgd"}, 0.1), ({"learning_rate": 0.03}, 0.03)):
        state = Settings(**options).decaying().init([{"kernel": jnp.ones((2, 3)), "bias": jnp.ones(3)}])
        assert float(state.hyperparams["learning_rate"]) == np.float32(rate)


def test_a_step_of_sgd_takes_rate_times_decay_of_the_kernels_alone():
    optimizer = Settings(optimizer="sgd").decaying()
    params = [{"kernel": jnp.full((2, 3), 4.0), "bias": jnp.full(3, 4.0)}]
    gradients = jax.tree.map(jnp.ones_like, params)
    state = optimizer.init(params)
    state.hyperparams["weight_decay"] = jnp.float32(0.5)

    [step], _ = optimizer.update(gradients, state, params)

    np.testing.assert_allclose(step["kernel"], -SGD_RATE * (1 + 0.5 * 4), rtol=1e-6)
    np.testing.assert_allclose(step["bias"], -SGD_RATE, rtol=1e-6)
