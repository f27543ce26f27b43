"""A folder goes on with the network that it was made with, and refuses another one under the same name."""

import json
import shutil
import sys

import pytest
from flax import nnx

import memjax
from memjax import run, store
from memjax.errors import InputError
from tests.conftest import make_dataset

NET = """
import jax
from flax import nnx

class Net(nnx.Module):
    def __init__(self, input_shape, num_classes, rngs):
        self.hidden = nnx.Linear(input_shape[0], 6, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.out = nnx.Linear(6, num_classes, rngs=rngs)

    def __call__(self, x):
        hidden = jax.nn.relu(self.hidden(x))  # the hidden layer
        return self.out(self.dropout(hidden))
"""
SETTINGS = {"num_models": 4, "pack_size": 2, "epochs": 2, "progress": False}
HARMLESS = {
    "a comment": lambda text: text.replace("# the hidden layer", "# another word\n\n"),
    "a variable": lambda text: text.replace("hidden = jax", "units = jax").replace("(hidden)", "(units)"),
    "a method": lambda text: text.replace("return self.out", "return self.last(self.dropout(hidden))\n\n"
                                          "    def last(self, x):\n        return self.out").replace(
        "self.out(self.dropout(hidden))", "self.out(x)"),
}  # fmt: skip
CHANGES = {
    "a width": (lambda text: text.replace("6", "2"), r"hidden.kernel: float32\[4,6\] in the folder, float32\[4,2\]"),
    "an activation": (lambda text: text.replace("relu", "tanh"), "the program of apply"),
    "a dropout rate": (lambda text: text.replace("0.1", "0.2"), "the program of apply"),
    "an initialisation": (
        lambda text: text.replace("6, rngs", "6, kernel_init=nnx.initializers.he_normal(), rngs"), "the program of init"
    ),
    "a layer more": (
        lambda text: text.replace("self.out =", "self.more = nnx.Linear(6, 6, rngs=rngs)\n        self.out ="),
        r"more.bias: nothing in the folder, float32\[6\] now",
    ),
}  # fmt: skip


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes the module of the network anew, and forgets the old one."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text):
        (tmp_path / "ownnets.py").write_text(text)
        sys.modules.pop("ownnets", None)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)

    write(NET)
    yield write
    sys.modules.pop("ownnets", None)


def fit(folder, model="ownnets:Net", **options):
    return memjax.fit(make_dataset(), run=folder, model=model, **SETTINGS | options)


@pytest.fixture(scope="module")
def trained():
    """The first run that a test trained; others copy it."""
    return []


@pytest.fixture
def folder(tmp_path, written, trained, tmp_path_factory):
    if not trained:
        trained.append(fit(tmp_path_factory.mktemp("trained") / "run").folder)
    return shutil.copytree(trained[0], tmp_path / "run")


@pytest.mark.parametrize("change", HARMLESS)
def test_names_and_comments_change_nothing(folder, written, change):
    written(HARMLESS[change](NET))
    assert HARMLESS[change](NET) != NET

    assert fit(folder, num_models=6).trained == 2


@pytest.mark.parametrize("change", CHANGES)
def test_another_network_under_the_same_name_is_refused_in_every_entry(folder, written, change):
    edit, words = CHANGES[change]
    written(edit(NET))
    plan = (folder / "plan.json").read_bytes()

    for entry in (lambda: fit(folder, num_models=6), lambda: fit(folder),
                  lambda: memjax.open(folder).extend(6, progress=False)):  # fmt: skip
        with pytest.raises(InputError, match=f"another network of the name ownnets:Net. It differs in .*{words}"):
            entry()
    assert run.main(["--run", str(folder), "--num-models", "6"]) == 2
    assert (folder / "plan.json").read_bytes() == plan
    assert memjax.open(folder).memorization.value.shape == (60,)  # reading needs no network


def test_after_a_refusal_the_restored_code_goes_on(folder, written):
    written(CHANGES["a width"][0](NET))
    with pytest.raises(InputError, match="another network"):
        fit(folder, num_models=6)

    written(NET)
    assert fit(folder, num_models=6).trained == 2


def test_a_finished_folder_is_read_without_the_code(folder, tmp_path):
    (tmp_path / "ownnets.py").unlink()
    sys.modules.pop("ownnets", None)

    assert run.main(["--run", str(folder), "--quiet"]) == 0
    with pytest.raises(InputError, match="cannot be imported"):
        memjax.open(folder).extend(6, progress=False)


def edited(folder, change):
    plan = json.loads((folder / "plan.json").read_text())
    del plan["sha256_of_the_above"]
    change(plan)
    (folder / "plan.json").write_bytes(store.sealed.seal(plan))


def test_an_older_folder_goes_on_and_knows_its_network_from_then_on(folder, written, caplog):
    edited(folder, lambda plan: plan.pop("network"))

    with caplog.at_level("INFO", "memjax"):
        assert fit(folder, num_models=6).trained == 2
    assert "no checksum of ownnets:Net for these versions and device: nothing was compared" in caplog.text
    written(CHANGES["an activation"][0](NET))
    with pytest.raises(InputError, match="another network"):
        fit(folder, num_models=8)


def test_with_other_versions_shapes_are_compared_and_the_rest_is_said(folder, written, caplog):
    def change(plan):
        plan["network"]["programs"] = {"jax 0.1": {"init": "one", "apply": "other"}}

    edited(folder, change)
    written(CHANGES["a width"][0](NET))
    with pytest.raises(InputError, match=r"hidden.kernel: float32\[4,6\]"):
        fit(folder, num_models=6)
    written(NET)
    with caplog.at_level("INFO", "memjax"):
        assert fit(folder, num_models=6).trained == 2
    assert "only names and shapes of its arrays were compared" in caplog.text
    assert len(store.read_plan(folder).network["programs"]) == 2


def test_a_network_given_as_an_object_is_compared_too(tmp_path):
    def network(width):
        class Given(nnx.Module):
            def __init__(self, input_shape, num_classes, rngs):
                self.hidden = nnx.Linear(input_shape[0], width, rngs=rngs)
                self.out = nnx.Linear(width, num_classes, rngs=rngs)

            def __call__(self, x):
                return self.out(nnx.relu(self.hidden(x)))

        return Given

    folder = fit(tmp_path / "run", network(6)).folder
    assert fit(folder, network(6), num_models=6).trained == 2
    with pytest.raises(InputError, match=r"given:Given. It differs in hidden.bias: float32\[6\]"):
        fit(folder, network(5), num_models=8)


def test_a_built_in_network_has_no_checksum(tmp_path):
    assert not store.read_plan(fit(tmp_path / "run", "mlp:4").folder).network


def test_a_file_named_like_a_built_in_network_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "mlp.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    fit(tmp_path / "run", "mlp:4")

    assert fit(tmp_path / "run", "mlp:4").trained == 0
    assert not (tmp_path / "trace").exists()


def test_a_plan_with_a_wrong_network_is_refused(folder):
    edited(folder, lambda plan: plan.update(network={"programs": 3}))

    with pytest.raises(InputError, match=r"plan\.json is damaged"):
        memjax.open(folder)
