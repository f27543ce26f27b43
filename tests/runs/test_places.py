"""A run knows its data by their content, wherever they lie; and its results need no inputs."""

import json
import shutil

import numpy as np
import pytest

import memjax
from memjax import run, store
from memjax.errors import InputError
from memjax.store.sealed import seal

OPTIONS = ["--num-models", "6", "--epochs", "2", "--pack-size", "3", "--model", "mlp:8"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder `project` with mine.npz, the same content in folders of npy files, and a run that was begun there."""
    home = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(0)
    arrays = {"x_train": rng.normal(size=(24, 3)).astype(np.float32), "y_train": np.arange(24) % 2}
    arrays |= {"x_test": arrays["x_train"][:6] + 1, "y_test": arrays["y_train"][:6]}
    (home / "project").mkdir()
    np.savez(home / "project" / "mine.npz", **arrays)
    (home / "project" / "arrays").mkdir()
    for name, array in arrays.items():
        np.save(home / "project" / "arrays" / f"{name}.npy", array)
    np.save(home / "project" / "masks.npy", rng.random((6, 24)) < 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home / "project")
        patch.setenv("JAX_NUM_CPU_DEVICES", "2")
        assert run.main(["--dataset", "npz:mine.npz", "--run", "run", *OPTIONS]) == 0
        masks = ["--design", "masks-file", "--masks-file", "masks.npy"]
        assert run.main(["--dataset", "npy:arrays", "--run", "masked", *OPTIONS, *masks]) == 0
    return home


@pytest.fixture
def project(world, tmp_path, monkeypatch):
    """A copy of the project, which nobody works in; the copy's plans say where the original was, which is renamed."""
    copy = shutil.copytree(world / "project", tmp_path / "project")
    for name in ("run", "masked"):
        plan = json.loads((copy / name / "plan.json").read_text())
        del plan["sha256_of_the_above"]
        plan["places"] = {key: text.replace(str(world), str(tmp_path)) for key, text in plan["places"].items()}
        (copy / name / "plan.json").write_bytes(seal(plan))
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    monkeypatch.chdir(tmp_path)
    return copy


@pytest.mark.ci
def test_the_plan_has_absolute_places_and_what_the_user_wrote(world):
    plan = store.read_plan(world / "project" / "run")

    assert plan.config["data"]["dataset"] == "npz:mine.npz"
    assert plan.places == {"dataset": f"npz:{world / 'project' / 'mine.npz'}"}


def test_from_another_folder_everything_works(project):
    for folder in ("run", "masked"):
        assert run.main(["--run", f"project/{folder}", "--num-models", "6"]) == 0
        assert run.main(["report", f"project/{folder}"]) == 0
    assert run.main(["--run", "project/run", "--num-models", "9"]) == 0
    assert memjax.open("project/run").num_models == 9


@pytest.mark.parametrize("moved", ["npz:elsewhere.npz", "npy:arrays"])
def test_the_same_content_at_another_place_or_in_another_format_is_taken_and_remembered(project, moved, capsys):
    (project / "mine.npz").rename("elsewhere.npz")
    shutil.copytree(project / "arrays", "arrays")
    before = {path.name: path.read_bytes() for path in (project / "run" / "blocks").iterdir()}

    assert run.main(["report", "project/run"]) == 2
    error = capsys.readouterr().err
    assert (
        f"{project / 'mine.npz'} does not exist; if it has moved, give its new place with --dataset npz:PATH" in error
    )
    assert run.main(["report", "project/run", "--dataset", moved]) == 0
    assert run.main(["report", "project/run"]) == 0
    assert run.main(["--run", "project/run", "--num-models", "9"]) == 0
    after = {path.name: path.read_bytes() for path in (project / "run" / "blocks").iterdir()}
    assert before.items() <= after.items()
    assert {finding.kind for finding in store.verify(project / "run")} == {"ok"}


def test_resume_at_another_place(project, capsys):
    (project / "mine.npz").rename("elsewhere.npz")
    (project / "masks.npy").rename("elsewhere.npy")
    more = ["--num-models", "9"]

    assert run.main(["--run", "project/run", *more]) == 2
    assert "if it has moved, give its new place with --dataset npz:PATH" in capsys.readouterr().err
    assert run.main(["--run", "project/run", "--dataset", "npz:elsewhere.npz", *more]) == 0
    assert memjax.open("project/run").num_models == 9
    assert run.main(["--run", "project/masked"]) == 2
    assert "give its new place with --masks-file PATH" in capsys.readouterr().err
    assert run.main(["--run", "project/masked", "--masks-file", "elsewhere.npy"]) == 0
    assert run.main(["report", "project/masked"]) == 0


def test_the_same_arrays_in_memory_are_taken_too(project):
    with np.load(project / "mine.npz") as arrays:
        given = {name: arrays[name] for name in arrays}
    (project / "mine.npz").unlink()
    options = {"num_models": 6, "epochs": 2, "model": "mlp:8"}

    result = memjax.fit(*given.values(), run="project/run", progress=False, **options)

    assert result.trained == 0
    assert memjax.open("project/run").report().path.exists()


def test_other_content_is_refused_at_any_place(project, capsys):
    with np.load(project / "mine.npz") as arrays:
        given = {name: arrays[name] for name in arrays}
    np.savez("other.npz", **given | {"x_train": given["x_train"] + 1})

    assert run.main(["--run", "project/run", "--dataset", "npz:other.npz"]) == 2
    error = capsys.readouterr().err
    assert f"'npz:{project / 'mine.npz'}' in the folder, 'npz:other.npz' requested" in error
    shutil.move("other.npz", project / "mine.npz")
    assert run.main(["--run", "project/run"]) == 2
    assert "It differs in data.sha256" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["arrays", "feldman-zhang", "csv"])
def test_export_needs_no_inputs(project, kind):
    assert run.main(["export", "project/run", "--out", "before", "--format", kind]) == 0
    (project / "mine.npz").unlink()

    assert run.main(["export", "project/run", "--out", "after", "--format", kind]) == 0

    before, after = project.parent / "before", project.parent / "after"
    for path in before.glob("**/*.*"):
        assert path.read_bytes() == (after / path.relative_to(before)).read_bytes()


def test_arrays_are_exported_without_estimates_too_and_then_without_labels(project):
    (project / "mine.npz").unlink()
    shutil.copytree(project / "run" / "blocks", project / "bare" / "blocks")
    shutil.copy(project / "run" / "plan.json", project / "bare")

    assert run.main(["export", "project/bare", "--out", "out"]) == 0

    names = {path.name for path in (project.parent / "out").iterdir()}
    assert {"masks.npy", "train_correct.npy"} <= names
    assert not {"train_labels.npy", "test_labels.npy"} & names
    with pytest.raises(InputError, match=r"mine\.npz does not exist"):
        memjax.open("project/bare").estimates  # noqa: B018


def test_results_are_read_without_inputs_and_more_models_ask_for_them(project):
    before = memjax.open("project/run").columns
    (project / "mine.npz").unlink()

    result = memjax.open("project/run")

    for name, values in result.columns.items():
        np.testing.assert_array_equal(values, before[name])
    assert run.main(["report", "project/run", "--no-examples"]) == 0
    with pytest.raises(InputError, match="does not exist; if it has moved"):
        result.extend(9, progress=False)
    assert store.read_plan(project / "run").num_models == 6
