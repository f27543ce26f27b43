"""A network of the user's own that cannot be trained as it is meant is refused before the run folder is made."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memjax
from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model
from memjax.models.checked import check_own
from tests.conftest import make_dataset

FLAGGED = ["Train", "Training", "IsTraining", "Deterministic", "RunningAverage", "Jitted", "KeysInCall", "wrapped_nnx"]
FLAGGED += [f"linen_{name}" for name in ("train", "training", "is_training", "deterministic", "running_average")]


def check(name):
    return check_own(ModelSpec(f"tests.models.faulty:{name}"), (4,), 3)


@pytest.mark.parametrize("name", FLAGGED)
def test_every_known_flag_reaches_dropout_and_batch_statistics(name):
    check(name)
    model = make_model(ModelSpec(f"tests.models.faulty:{name}"), (4,), 3)
    params, state = model.init(jax.random.key(0))
    inputs = jnp.asarray(np.random.default_rng(0).normal(2, 1, (6, 4)), jnp.float32)

    def call(seed, train):
        logits, after = model.apply(params, state, inputs, jax.random.key(seed), train)
        return np.asarray(logits), [leaf for leaf in jax.tree.leaves(after) if leaf.shape == (16,)]

    means = [leaf for leaf in jax.tree.leaves(state) if leaf.shape == (16,)]
    assert (call(1, True)[0] != call(2, True)[0]).any()
    np.testing.assert_array_equal(call(1, False)[0], call(2, False)[0])
    assert all((new != old).any() for new, old in zip(call(1, True)[1], means, strict=True))
    assert all((new == old).all() for new, old in zip(call(1, False)[1], means, strict=True))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "UnknownFlag",
            "do nothing in training, in layer dropout: __call__ has no flag named train, training, is_train",
        ),
        ("StuckDropout", "do nothing in training, in layer dropout: the flag train does not reach it"),
        ("StuckNorm", "do nothing in training, in layer norm: the flag train does not reach it"),
        ("AlwaysTraining", "are in training mode in evaluation, in layer dropout: __call__ has no flag named train"),
        ("KeysInVain", "do nothing in training, in layer dropout: __call__ has no flag named"),
        ("wrapped_unknown_flag", "do nothing in training, in layer dropout: __call__ has no flag named"),
        ("wrapped_stuck_linen", "do nothing in training, in layer Dropout_0: the flag train does not reach it"),
        ("linen_unknown_flag", "do nothing in training, in layer Dropout_0: __call__ has no flag named"),
        ("linen_stuck_dropout", "do nothing in training, in layer Dropout_0: the flag train does not reach it"),
        (
            "linen_always_training",
            r"in evaluation \(its __call__ has no flag named train, .*\); correct it: ModifyScope",
        ),
        ("one_logit", r"returns float32 \(4, 1\) for 4 examples of 3 classes; expected one array of floats of shape"),
        ("too_few", r"returns float32 \(4, 2\)"),
        ("extra_axis", r"returns float32 \(4, 1, 3\)"),
        ("transposed", r"returns float32 \(3, 4\)"),
        ("whole_numbers", r"returns int32 \(4, 3\)"),
        ("a_tuple", "returns a tuple; expected one array of floats"),
        ("a_dict", "returns a dict; expected one array of floats"),
        ("only_logits", r"apply returned a .*; expected the pair \(logits, state\)"),
        (
            "other_type",
            r"changes the form of its state in a call: it begins with .*int32\[\] and ends with .*float32\[\]",
        ),
        ("other_shape", r"it begins with .*float32\[\] and ends with .*float32\[1\]"),
        ("more_state", r"begins with other containers and ends with more float32\[\]"),
        ("Sown", r"ends with kept float32\[4,3\]; expected the same names.*leave out sow"),
        ("sown_linen", "changes the form of its state in a call.*leave out sow"),
        ("no_weights", "has no parameters: there is nothing to train"),
        ("no_weights_linen", "has no parameters"),
        ("NoWeightsNnx", "has no parameters"),
        ("BreaksInInit", r"fails when it is made; correct it: RuntimeError: no such layer \(faulty.py, line \d+\)"),
        ("BreaksInCall", r"fails when it is called in training; correct it: TypeError: .*\(faulty.py, line \d+\)"),
    ],
)
def test_a_fault_is_one_line_and_leaves_no_folder(tmp_path, name, words):
    folder = tmp_path / "run"
    with pytest.raises(InputError, match=words) as refused:
        memjax.fit(make_dataset(), run=folder, model=f"tests.models.faulty:{name}", num_models=4, progress=False)

    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(f"--model tests.models.faulty:{name}")
    assert not folder.exists()


@pytest.mark.parametrize("name", ["half", "tied"])
def test_a_sound_network_passes(name):
    assert check(name)["tree"] == ["w float32[4,3]"]


@pytest.mark.slow
def test_layers_in_a_scan_train(tmp_path):
    model = "tests.models.faulty:Scanned"
    result = memjax.fit(make_dataset(), run=tmp_path / "run", model=model, num_models=4, epochs=2, progress=False)

    assert result.num_models == 4


@pytest.mark.parametrize("name", ["Noisy", "linen_net", "bare"])
def test_the_networks_of_the_tests_pass(name):
    assert check_own(ModelSpec(f"tests.models.zoo:{name}"), (4,), 3)["tree"]


def test_a_module_with_a_fault_in_its_syntax_is_refused_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "brokenfile.py").write_text("def Net(:\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(
        InputError, match="brokenfile:Net fails when it is imported; correct it: SyntaxError"
    ) as refused:
        make_model(ModelSpec("brokenfile:Net"), (4,), 3)
    assert not re.search("\n", str(refused.value))
