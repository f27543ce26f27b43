"""Runs whose models begin with trained parameters."""

import numpy as np
import pytest

import memjax
from memjax.config.from_keywords import run_config
from memjax.errors import InputError
from memjax.runs.initial import initial
from memjax.training.single import initial_of
from tests.conftest import make_dataset

NET = {"layers/0/kernel": (4, 5), "layers/0/bias": (5,), "layers/1/kernel": (5, 3), "layers/1/bias": (3,)}


def arrays(seed=0, count=None, **shapes):
    """Parameters of mlp:5 for four features and three classes; a shape of None leaves one out."""
    rng, axis = np.random.default_rng(seed), () if count is None else (count,)
    found = {name: shapes.get(name.replace("/", "_"), shape) for name, shape in NET.items()}
    return {
        name: rng.normal(size=(*axis, *shape)).astype(np.float32) for name, shape in found.items() if shape is not None
    }


def read(path, **options):
    config = run_config(init=str(path), model="mlp:5", **options)
    return initial(config, make_dataset())


def saved(path, found):
    np.savez(path, **found)
    return path


def test_parameters_are_taken_by_name(tmp_path):
    given = arrays()
    found = read(saved(tmp_path / "a.npz", {f"params.{name.replace('/', '.')}": each for name, each in given.items()}))

    assert (found.count, found.fresh) == (1, ())
    for name, array in given.items():
        np.testing.assert_array_equal(found.arrays[name], array[None])
        assert initial_of(found.arrays, np.arange(6).reshape(2, 3))[name].shape == (2, 3, *array.shape)


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({"layers_0_kernel": (4, 6)}, r"layers/0/kernel is \(4, 6\) there, \(4, 5\) in the network"),
        ({"layers_0_bias": None}, r"layers/0/bias is nothing there, \(5,\) in the network"),
    ],
)
def test_other_shapes_and_names_are_refused(tmp_path, shapes, words):
    with pytest.raises(InputError, match=words):
        read(saved(tmp_path / "a.npz", arrays(**shapes)))


def test_an_array_that_the_network_lacks_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"layers/7/kernel is \(2,\) there, nothing in the network"):
        read(saved(tmp_path / "a.npz", arrays() | {"layers/7/kernel": np.zeros(2, np.float32)}))
    with pytest.raises(InputError, match="nothing in the network"):
        read(saved(tmp_path / "b.npz", {"weight": np.zeros(2, np.float32)}))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1])
def test_parameters_must_be_finite_floats(tmp_path, value):
    with pytest.raises(InputError, match=r"layers/0/bias is .* expected finite floats"):
        read(saved(tmp_path / "a.npz", arrays() | {"layers/0/bias": np.full(5, value)}))


@pytest.mark.parametrize("shapes", [{"layers_1_kernel": (5, 7), "layers_1_bias": (7,)}, {"layers_1_kernel": None}])
@pytest.mark.parametrize("count", [None, 4])
def test_only_the_last_layer_may_be_another(tmp_path, shapes, count):
    found = read(saved(tmp_path / "a.npz", arrays(count=count, **shapes)), num_models=4)

    assert found.fresh == ("layers/1/bias", "layers/1/kernel")
    assert found.arrays.keys() == {"layers/0/bias", "layers/0/kernel"}


def test_each_model_has_its_own_in_a_stack_or_a_folder(tmp_path):
    stack = arrays(count=11)
    (tmp_path / "each").mkdir()
    for number in range(11):
        saved(tmp_path / "each" / f"net-{number}.npz", {name: array[number] for name, array in stack.items()})
    for place in (saved(tmp_path / "a.npz", stack), tmp_path / "each"):  # net-10 is after net-9
        found = read(place)
        assert found.count == 11
        np.testing.assert_array_equal(found.arrays["layers/0/bias"], stack["layers/0/bias"])
        given = initial_of(found.arrays, np.array([[3, 10], [11, 0]]))["layers/0/bias"]
        np.testing.assert_array_equal(given[1], stack["layers/0/bias"][[0, 0]])  # past the end: for a batch's last rows


def test_dropout_does_not_go_with_frozen_parameters(tmp_path, clouds):
    for given in ({"train": ("head",)}, {"train": ("layers/0",)}):
        with pytest.raises(InputError, match="where nothing is dropped; leave --dropout out"):
            memjax.fit(clouds, model="mlp:5", dropout=0.5, run=tmp_path / "run", progress=False, **given)
    assert not (tmp_path / "run").exists()


@pytest.mark.ci
def test_the_run_folder_keeps_the_parameters_and_refuses_others(tmp_path, clouds):
    one, other = saved(tmp_path / "one.npz", arrays()), saved(tmp_path / "other.npz", arrays(seed=1))
    options = {"model": "mlp:5", "num_models": 4, "epochs": 1, "progress": False, "train": ("head",), "seed": 3}
    options |= {"keep": ("correct", "probability", "parameters"), "run": tmp_path / "run"}

    first = memjax.fit(clouds, init=str(one), **options)
    with pytest.raises(InputError, match="init_sha256"):
        memjax.fit(clouds, init=str(other), **options)
    with pytest.raises(InputError, match="init_sha256"):
        memjax.fit(clouds, **options)
    again = memjax.fit(clouds, init=str(saved(tmp_path / "copy.npz", arrays())), **options)
    one.unlink()
    opened = memjax.open(tmp_path / "run")

    assert len(opened.models) == 4
    assert opened.models[2].arrays.keys() == {"params/layers/1/bias", "params/layers/1/kernel"}
    np.testing.assert_array_equal(again.memorization.value, first.memorization.value)
    begun = {name: array.astype(np.float64) for name, array in arrays().items()}
    trained = opened.models[2].arrays
    hidden = np.maximum(opened.models.scaled(clouds.test_inputs) @ begun["layers/0/kernel"] + begun["layers/0/bias"], 0)
    logits = hidden @ trained["params/layers/1/kernel"] + trained["params/layers/1/bias"]
    np.testing.assert_allclose(opened.models[2](clouds.test_inputs), logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(logits.argmax(1) == clouds.test_labels, opened.outcomes.test["correct"][2])


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"input_noise": 1e-6}, {"stream": True, "scaling": "unit"}], ids=str)
def test_models_begin_where_those_of_another_run_ended(tmp_path, clouds, more):
    """Without a step that moves anything, each model is the one of its number."""
    options = {"model": "mlp:5", "epochs": 1, "progress": False, "keep": ("correct", "probability", "parameters")}
    options |= more
    before = memjax.fit(clouds, num_models=5, run=tmp_path / "one", pack_size=2, **options)
    options |= {"init": str(tmp_path / "one"), "learning_rate": 1e-30, "train": ("head",)}
    after = memjax.fit(clouds, num_models=4, run=tmp_path / "two", pack_size=3, **options)

    for number in range(4):
        old, new = before.models[number].arrays, after.models[number].arrays
        for name, array in old.items():
            plain = name.removesuffix("/value")
            found = new.get(plain, new.get(f"state/frozen/{plain.removeprefix('params/')}"))
            np.testing.assert_array_equal(found, array)
    with pytest.raises(InputError, match="--num-models is 9, and --init holds parameters of 6 models"):
        memjax.fit(clouds, num_models=9, run=tmp_path / "three", **options)
    with pytest.raises(InputError, match="there are only 6"):
        after.extend(num_models=9)
