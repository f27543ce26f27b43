import numpy as np

import memjax
from experiments.feldman_zhang.last_layer import last_inputs
from memjax.config.specs import ModelSpec


def test_last_inputs_are_what_the_last_layer_turns_into_logits():
    import jax
    import jax.numpy as jnp

    model = memjax.make_model(ModelSpec("mlp:6,4"), (5,), 3)
    params, state = model.init(jax.random.key(0))
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(8, 5)), jnp.float32)

    features = last_inputs(model, params, state, inputs)

    assert features.shape == (8, 4)
    design = np.concatenate([features, np.ones((8, 1))], axis=1)
    logits = np.asarray(model.apply(params, state, inputs, None, False)[0])
    residual = logits - design @ np.linalg.lstsq(design, logits, rcond=None)[0]
    np.testing.assert_allclose(residual, 0, atol=1e-5)
