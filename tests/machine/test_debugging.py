"""JAX's settings for debugging are off while memjax computes, and as the user set them before and after."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memjax
from memjax import dynamics, estimators
from memjax.machine.debugging import debugging, without_debugging

SETTINGS = {
    "debug_nans": lambda: jax.debug_nans(True),
    "debug_infs": lambda: jax.debug_infs(True),
    "disable_jit": lambda: jax.disable_jit(),
    "numpy_rank_promotion": lambda: jax.numpy_rank_promotion("raise"),
    "numpy_dtype_promotion": lambda: jax.numpy_dtype_promotion("strict"),
    "transfer_guard": lambda: jax.transfer_guard("disallow"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_off_inside_and_back_afterwards(name):
    assert debugging() == []
    with SETTINGS[name]():
        assert debugging() == [f"jax_{name}"]
        with without_debugging():
            assert debugging() == []
        assert debugging() == [f"jax_{name}"]


def test_a_mistake_of_the_users_is_still_found_outside():
    with jax.debug_nans(True):
        memjax.memorization(np.ones((2, 1), bool), np.ones((2, 1), bool))
        with pytest.raises(FloatingPointError):
            jnp.log(jnp.float32(-1)).block_until_ready()


@pytest.mark.ci
@pytest.mark.parametrize("name", SETTINGS)
def test_estimators_and_runs_give_the_same(name, tmp_path):
    masks = np.array([[1, 0, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)
    scores = np.array([[0.9, 0.1, 0.8], [0.7, 0.9, 0.2], [0.6, 0.3, 0.1], [0.8, 0.6, 0.9]], np.float32)
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(12, 2)).astype(np.float32), np.arange(12) % 2, rng.normal(size=(4, 2)), np.arange(4) % 2

    def everything(folder):
        result = memjax.fit(
            *arrays, run=tmp_path / folder, num_models=4, epochs=1, model="linear", progress=False, pack_size=2
        )
        return [
            memjax.memorization(masks, scores).value,
            memjax.influence(masks, scores).stderr,
            memjax.estimators.out_of_bag(masks, np.stack([scores, 1 - scores, 2 * scores], -1)),
            memjax.estimators.shrink(memjax.memorization(masks, scores), np.array([0, 0, 1])).value,
            memjax.estimators.lira(masks, scores, scores[:1], fixed_variance=True),
            memjax.estimators.ridge_datamodels(masks, scores, folds=2).weights,
            result.memorization.value,
            result.influence.value,
        ]

    expected = everything("without")
    assert any(np.isnan(values).any() for values in expected)
    with SETTINGS[name]():
        found = everything("with")

    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("package", [estimators, dynamics])
def test_public_functions_can_be_sent_to_another_process(package):
    for name in package.__all__:
        thing = getattr(package, name)
        assert not callable(thing) or pickle.loads(pickle.dumps(thing)) is thing
