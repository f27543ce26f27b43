from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from memjax.config.specs import TrainSpec
from memjax.errors import InputError
from memjax.models.platform import traced_for
from memjax.training import optimizer as optimizer_module
from memjax.training.optimizer import learning_rate, make_optimizer


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear"])
def test_the_rate_rises_to_its_height_and_never_starts_at_zero(schedule):
    rate = learning_rate(TrainSpec(learning_rate=0.5, schedule=schedule, warmup=0.25), 100)
    rates = np.array([float(rate(step)) for step in range(100)])

    assert rates[0] > 0
    assert rates.max() == pytest.approx(0.5, rel=1e-6)
    assert (np.diff(rates[:26]) > 0).all()
    assert (np.diff(rates[26:]) <= 1e-7).all()
    assert rates[-1] == pytest.approx(0.5) if schedule == "constant" else rates[-1] < 0.01


@pytest.mark.parametrize(("name", "options"), [("adam", ("b2=0.95",)), ("sgd", ("momentum=0.9",)), ("lion", ())])
def test_options_by_default_fit_the_optimiser(name, options):
    assert TrainSpec(optimizer=name).options == options
    assert TrainSpec(optimizer=name, optimizer_options=()).options == ()


def test_without_warmup_the_first_rate_is_the_highest():
    rate = learning_rate(TrainSpec(learning_rate=0.5, warmup=0.0), 10)

    assert float(rate(0)) == pytest.approx(0.5)


def test_one_step_of_momentum_by_hand():
    spec = TrainSpec(
        optimizer="sgd", optimizer_options=("momentum=0.5", "nesterov=true"), learning_rate=0.1,
        schedule="constant", warmup=0.0,
    )  # fmt: skip
    optimizer = make_optimizer(spec, 10)
    params = jnp.array([1.0])

    update, _ = optimizer.update(jnp.array([2.0]), optimizer.init(params), params)

    np.testing.assert_allclose(update, [-0.1 * (2.0 + 0.5 * 2.0)], rtol=1e-6)


@pytest.mark.parametrize(("name", "joins"), [("adam", True), ("adamw", True), ("sgd", True), ("lamb", False)])
def test_on_a_tpu_many_vectors_are_one_and_the_steps_are_the_same(name, joins, monkeypatch):
    """Not in an optimiser whose step depends on the length of each vector, such as LAMB."""
    sizes = {"first": {"kernel": (2, 3), "bias": (3,)}, "last": {"kernel": (3, 4), "scale": (4,), "bias": (4,)}}
    monkeypatch.setattr(optimizer_module, "MANY", 3)
    draw, found, is_shape = np.random.default_rng(0), {}, lambda sides: isinstance(sides, tuple)
    params, *gradients = (
        jax.tree.map(lambda sides: jnp.asarray(draw.normal(size=sides), jnp.float32), sizes, is_leaf=is_shape)
        for _ in range(3)
    )
    optimizer = make_optimizer(TrainSpec(optimizer=name, weight_decay=0.1, learning_rate=0.1), 10)

    def steps(params, gradients):
        state = optimizer.init(params)
        for gradient in gradients:
            update, state = optimizer.update(gradient, state, params)
            params = optax.apply_updates(params, update)
        return params, state

    for platform in ("cpu", "tpu"):
        with traced_for(platform):
            lowered = jax.jit(steps).lower(params, gradients)
        found[platform] = lowered.compile()(params, gradients)
        assert ("stablehlo.concatenate" in lowered.as_text()) == (joins and platform == "tpu")

    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6), found["tpu"], found["cpu"])


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "lion", "rmsprop", "adabelief"])
def test_any_optimiser_of_optax_will_do(name):
    make_optimizer(TrainSpec(optimizer=name), 10).init(jnp.ones(3))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (TrainSpec(optimizer="apply_updates"), "no optax optimiser"),
        (TrainSpec(optimizer="nonsense"), "no optax optimiser"),
        (TrainSpec(optimizer="sgd", optimizer_options=("momentm=1",)), "no option momentm"),
        (TrainSpec(optimizer="sgd", optimizer_options=("momentum",)), "expected name=number"),
    ],
)
def test_unknown_words_are_refused(spec, words):
    with pytest.raises(InputError, match=words):
        make_optimizer(spec, 10)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("lbfgs", (), "lbfgs cannot be used.*'value_fn'"),
        ("sm3", (), "sm3 cannot be used.*learning rate that changes"),
        ("adam", ("mu_dtype=3",), "adam with mu_dtype=3 cannot be used"),
    ],
)
def test_an_optimiser_that_needs_more_than_gradients_is_refused_before_training(name, options, words):
    spec = TrainSpec(optimizer=name, optimizer_options=options or None)
    with pytest.raises(InputError, match=words):
        make_optimizer(spec, 10)


@pytest.mark.parametrize("name", ["lars", "adadelta"])
def test_weight_decay_leaves_biases_out_whatever_the_optimiser_calls_its_mask(name):
    params = {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}
    optimizer = make_optimizer(TrainSpec(optimizer=name, weight_decay=0.1, schedule="constant", warmup=0.0), 10)

    update, _ = optimizer.update(jax.tree.map(jnp.zeros_like, params), optimizer.init(params), params)

    assert (np.asarray(update["kernel"]) < 0).all()
    np.testing.assert_array_equal(update["bias"], 0)


def test_an_optimiser_that_cannot_leave_biases_out_says_so_and_its_advice_works():
    with pytest.raises(InputError, match=r"novograd cannot; give --optimizer-options weight_decay=0\.1 instead"):
        make_optimizer(TrainSpec(optimizer="novograd", weight_decay=0.1), 10)

    make_optimizer(TrainSpec(optimizer="novograd", optimizer_options=("weight_decay=0.1",)), 10)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "steps"])
@pytest.mark.parametrize(("num_steps", "warmup"), [(1, 0.0), (1, 0.1), (1, 0.9), (10, 0.99), (3, 0.5)])
def test_short_schedules_have_a_rate_above_zero_in_their_first_step(schedule, num_steps, warmup):
    rate = learning_rate(TrainSpec(epochs=1, learning_rate=0.5, schedule=schedule, warmup=warmup), num_steps)
    rates = np.array([float(rate(step)) for step in range(num_steps)])

    assert 0 < rates[0] <= 0.5
    assert (rates >= 0).all()


def test_a_drop_that_never_comes_leaves_the_rate_as_it_is():
    rate = learning_rate(TrainSpec(epochs=2, learning_rate=0.5, schedule="steps", warmup=0.0, drops=(0.5, 10**12)), 20)

    assert float(rate(jnp.int32(19))) == 0.5


@pytest.mark.parametrize(
    ("field", "value"), [("epochs", 0), ("batch_size", 0), ("learning_rate", 0.0), ("warmup", 1.0)]
)
def test_nothing_at_all_is_refused(field, value):
    with pytest.raises(InputError, match=field.replace("_", "-")):
        TrainSpec(**{field: value})


def test_weight_decay_pulls_matrices_and_leaves_biases():
    params = {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}
    zeros = jax.tree.map(jnp.zeros_like, params)
    for name in ("sgd", "adamw"):
        options = ("momentum=0",) if name == "sgd" else ()
        spec = TrainSpec(
            optimizer=name, optimizer_options=options, learning_rate=0.5, schedule="constant", warmup=0.0,
            weight_decay=0.1,
        )  # fmt: skip
        optimizer = make_optimizer(spec, 10)

        update, _ = optimizer.update(zeros, optimizer.init(params), params)

        np.testing.assert_allclose(update["kernel"], -0.5 * 0.1, rtol=1e-6)
        np.testing.assert_array_equal(update["bias"], 0)


def test_weight_decay_is_given_once():
    with pytest.raises(InputError, match="given twice"):
        make_optimizer(TrainSpec(optimizer="adamw", optimizer_options=("weight_decay=0.1",), weight_decay=0.1), 10)


def test_the_rate_drops_after_each_so_many_epochs():
    spec = TrainSpec(epochs=6, learning_rate=1.0, schedule="steps", warmup=0.0, drops=(0.5, 2))
    rate = learning_rate(spec, num_steps=60)

    assert [float(rate(step)) for step in (0, 19, 20, 39, 40, 59)] == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_the_rate_drops_by_epochs_of_the_run_not_after_the_warm_up():
    spec = TrainSpec(epochs=6, learning_rate=1.0, schedule="steps", warmup=0.25, drops=(0.5, 2))
    rate = learning_rate(spec, num_steps=60)

    assert [float(rate(step)) for step in (15, 19, 20)] == [1, 1, 0.5]
