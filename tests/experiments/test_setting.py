import numpy as np
import pytest

import memjax
from experiments.last_layer import last_inputs
from experiments.setting import Setting
from memjax.config.presets import PRESETS
from memjax.config.specs import ModelSpec
from memjax.errors import InputError


def test_a_paper_brings_its_settings_and_what_is_said_comes_before_them():
    config = Setting(paper="fz-cifar100", per_class=7, models=9, model="resnet18").config()

    assert config.train == PRESETS["fz-cifar100"].train
    assert (config.data.dataset, config.data.per_class, config.num_models) == ("cifar100", 7, 9)
    assert config.model.model == "resnet18"


def test_another_data_set_is_whole_unless_said_otherwise():
    assert Setting(preset="quick", dataset="digits").config().data.per_class is None
    assert Setting(preset="quick").config().data.per_class == 100


def test_no_such_paper():
    with pytest.raises(InputError, match="fz-cifar100"):
        Setting(paper="fz-cifar1000").config()


def test_retrainings_do_not_depend_on_what_else_is_retrained(tmp_path):
    """The same mask in the same place is the same model, whatever the other masks are: differences are paired."""
    setting = Setting(preset="smoke", folder=tmp_path, per_class=3, test_per_class=4, model="linear")
    masks = np.ones((3, 30), bool)
    masks[0, :10], masks[1, 20:] = False, False
    others = masks.copy()
    others[1:, :15] = False

    first, second = setting.retrained(masks), setting.retrained(others)

    np.testing.assert_array_equal(first.masks, masks)  # the one with all examples is not handed out
    np.testing.assert_array_equal(first.test["probability"][0], second.test["probability"][0])
    assert (first.test["probability"][1] != second.test["probability"][1]).any()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "memjax.runs.stages.train", lambda run, *rest: pytest.fail("trained again") if run.missing else None
        )
        np.testing.assert_array_equal(setting.retrained(masks).test["correct"], first.test["correct"])


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
