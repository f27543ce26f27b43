"""The main job as a Python call: what goes in, what comes out, and where it may be called."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from flax import nnx

import memjax
from memjax import store
from memjax.config.specs import TrainSpec
from memjax.estimators import controlled_memorization
from memjax.runs.progress import Silent
from memjax.runs.publish import dictionary, tables_of

WORDS = np.array(["ant", "bee", "cat"])


def blobs(count: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points, class by class in turn."""
    labels = np.arange(count) % 3
    noise = np.random.default_rng(seed).normal(size=(count, 4))
    return (noise + 3 * np.eye(3, 4)[labels]).astype(np.float32), labels


X, Y = blobs()
X_TEST, Y_TEST = blobs(15, 1)
QUICK = {"num_models": 16, "epochs": 6, "model": "mlp:8", "progress": False}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "run"
    return memjax.fit(X, WORDS[Y], X_TEST, WORDS[Y_TEST], run=folder, **QUICK)


@pytest.fixture
def finished(plain, tmp_path):
    return shutil.copytree(plain, tmp_path / "run")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The folder of a run of the arrays alone, for tests to copy."""
    return memjax.fit(X, Y, run=tmp_path_factory.mktemp("plain") / "run", **QUICK).folder


def test_labels_come_back_as_the_users_own_in_every_table(result):
    table = result.dataframe()

    assert table["label"].tolist() == WORDS[Y].tolist()
    assert set(result.suspects(5)["label"]) <= set(WORDS)
    assert set(result.suspects(5)["preferred"]) <= set(WORDS)
    assert result.dataset.class_names == tuple(WORDS)
    assert "ant" in result.report().path.read_text()


def test_a_result_shows_the_labels_that_look_wrong_first(result, tmp_path):
    first, count = result.suspects(1).iloc[0], int(result.dataframe()["looks_wrong"].sum())
    answer = f"{count} of 60 training label" if count else "None of 60 training labels looks wrong"

    lines = repr(result).splitlines()
    assert lines[0].startswith(answer)
    assert lines[3].split()[:2] == [str(first["id"]), first["label"]]
    page = result._repr_html_()
    assert page.startswith(f"<p>{answer}")
    assert page.index(f"<td>{first['id']}</td>") < page.index("run folder") < page.index("accuracy in sample")

    unfinished = memjax.fit(X, WORDS[Y], run=tmp_path / "run", estimate=False, **QUICK)
    shutil.rmtree(unfinished.folder / "blocks")
    (unfinished.folder / "index.npz").unlink(missing_ok=True)
    assert "looks wrong" not in repr(memjax.open(unfinished.folder))
    assert "0 of 16 trained" in memjax.open(unfinished.folder)._repr_html_()


def test_the_numbers_are_those_of_the_estimators_on_the_outcomes(result):
    found = result.outcomes
    mem, infl = (
        memjax.memorization(found.masks, found.train["correct"]),
        memjax.influence(found.masks, found.test["correct"]),
    )

    np.testing.assert_allclose(result.memorization.value, mem.value, atol=1e-6)
    np.testing.assert_allclose(result.memorization.stderr, mem.stderr, atol=1e-6)
    np.testing.assert_array_equal(result.influence.value, infl.value)
    np.testing.assert_array_equal(result.influence_on([3, 1]).value, np.asarray(infl.value)[:, [3, 1]])


def test_integers_with_gaps_stay_integers_and_ids_are_the_data_frames_index(tmp_path):
    index = [f"row-{number}" for number in range(len(X))]
    frame = pd.DataFrame(X, columns=list("abcd"), index=index)

    result = memjax.fit(frame, pd.Series(10 * Y + 5), run=tmp_path / "run", **QUICK)

    table = memjax.open(result.folder).dataframe()
    assert table["id"].tolist() == index
    assert table["label"].tolist() == (10 * Y + 5).tolist()
    assert result.classes == [5, 15, 25]


def test_without_a_test_set_memorization_and_suspects_stay(tmp_path, capfd):
    result = memjax.fit(X, Y == 1, run=tmp_path / "run", **{**QUICK, "progress": True})

    assert "no test examples: memorization is estimated, influence is undefined" in capfd.readouterr().err
    assert np.isfinite(result.memorization.value).all()
    assert result.suspects(3)["label"].dtype == bool
    assert "nan" not in repr(result)
    with pytest.raises(memjax.InputError, match="influence is undefined; give x_test and y_test"):
        result.influence  # noqa: B018
    assert result.report().path.exists()


def test_without_a_bar_notices_go_to_a_logger_and_warnings_stand_in_the_result(tmp_path, caplog):
    result = memjax.fit(X, Y, run=tmp_path / "run", **QUICK)

    assert "there are no test examples" in caplog.text
    assert "Only 16 models" in repr(result)


def test_extending_trains_the_difference_and_opening_reads_the_same(result):
    longer = result.extend(32, progress=False)

    assert (longer.trained, longer.num_models) == (16, 32)
    np.testing.assert_array_equal(memjax.open(result.folder).memorization.value, longer.memorization.value)
    np.testing.assert_array_equal(longer.outcomes.train["correct"][:16], result.outcomes.train["correct"][:16])


def test_the_same_arrays_go_on_and_others_are_refused(finished):
    assert memjax.fit(X, Y, run=finished, **QUICK).trained == 0
    with pytest.raises(memjax.InputError, match=r"was made for another run.*data.sha256"):
        memjax.fit(X + 1, Y, run=finished, **QUICK)


def test_the_same_call_on_a_finished_run_writes_the_examples_only_where_they_are_damaged(finished):
    data = finished / "data.npz"
    content, number = data.read_bytes(), data.stat().st_ino

    memjax.fit(X, Y, run=finished, **QUICK)
    assert data.stat().st_ino == number  # a file that is written again is another one

    data.write_bytes(content[:-9])
    memjax.fit(X, Y, run=finished, **QUICK)
    assert data.read_bytes() == content


def test_a_moved_folder_keeps_its_examples(tmp_path):
    memjax.fit(X, WORDS[Y], run=tmp_path / "here", **QUICK)
    os.rename(tmp_path / "here", tmp_path / "there")

    assert memjax.open(tmp_path / "there").extend(24, progress=False).trained == 8


def test_arrays_of_other_libraries_are_the_same_run(finished):
    torch = pytest.importorskip("torch") if "torch" in sys.modules else None

    for inputs in [jax.numpy.asarray(X), X.astype(np.float64), X.tolist()] + ([torch.tensor(X)] if torch else []):
        assert memjax.fit(inputs, jax.numpy.asarray(Y), run=finished, **QUICK).trained == 0


def test_a_tensor_is_taken_off_its_device_and_its_gradient():
    class Tensor:
        def detach(self):
            return self

        def cpu(self):
            return X

    from memjax.data.adapters import as_inputs

    np.testing.assert_array_equal(as_inputs("train", Tensor()), X)


class Net(nnx.Module):
    def __init__(self, input_shape, num_classes, rngs):
        self.layer = nnx.Linear(input_shape[0], num_classes, rngs=rngs)

    def __call__(self, inputs):
        return self.layer(inputs)


def test_a_network_may_be_a_class_here_or_within_a_function(tmp_path):
    class Inner(Net):
        pass

    quick = {**QUICK, "epochs": 2}
    imported = memjax.fit(X, Y, run=tmp_path / "a", **{**quick, "model": Net})
    inner = memjax.fit(X, Y, run=tmp_path / "b", **{**quick, "model": Inner})

    assert imported.config.model.model == f"{__name__}:Net"
    assert inner.config.model.model == "given:Inner"
    np.testing.assert_array_equal(imported.memorization.value, inner.memorization.value)


def test_a_name_a_config_and_a_dataset_are_ways_to_say_the_same(tmp_path):
    quick = {**QUICK, "per_class": 6, "test_per_class": 2}
    named = memjax.fit("digits", run=tmp_path / "a", **quick)
    config = memjax.RunConfig(
        num_models=16,
        train=TrainSpec(epochs=6),
        model=memjax.ModelSpec("mlp:8"),
        data=memjax.DataSpec(per_class=6, test_per_class=2),
    )

    configured = memjax.fit(config=config, run=tmp_path / "b", progress=Silent())
    in_memory = memjax.fit(named.dataset, run=tmp_path / "c", **QUICK)

    np.testing.assert_array_equal(named.memorization.value, configured.memorization.value)
    np.testing.assert_array_equal(named.memorization.value, in_memory.memorization.value)
    assert configured.config.folder() == str(tmp_path / "b")


def test_a_run_for_memorization_has_the_probability_as_a_control(result, tmp_path, monkeypatch):
    """Beside the plain difference, never in its place."""
    options = {**QUICK, "num_models": 30, "purpose": "memorization"}
    found = memjax.fit(X, Y, X_TEST, Y_TEST, run=tmp_path / "run", **options)
    models = found.outcomes
    expected = controlled_memorization(models.masks, models.train["correct"], models.train["probability"])

    np.testing.assert_array_equal(found.controlled.value, expected.value)
    np.testing.assert_array_equal(found.dataframe()["controlled"], expected.value)
    plain = memjax.memorization(models.masks, models.train["correct"]).value
    np.testing.assert_allclose(found.memorization.value, plain, atol=1e-6)
    assert f"{expected.typical_error:.4f} typical error with the probability as a control" in repr(found)

    assert "controlled" in dictionary(tables_of(found))["column"]
    assert "controlled" not in result.columns
    assert "as a control" not in repr(result)
    assert np.isfinite(result.controlled.value).any()
    monkeypatch.setattr(type(result), "outcomes", models._replace(train={"correct": models.train["correct"]}))
    with pytest.raises(memjax.InputError, match="--keep correct probability"):
        memjax.open(found.folder).controlled  # noqa: B018


def test_only_training_leaves_the_estimates_for_later(tmp_path):
    result = memjax.fit(X, Y, run=tmp_path / "run", estimate=False, **QUICK)

    assert store.read_estimates(result.folder) is None
    assert result.memorization.value.shape == (60,)


def test_an_unfinished_run_says_what_is_missing(tmp_path):
    result = memjax.fit(X, Y, run=tmp_path / "run", estimate=False, **QUICK)
    for path in sorted((result.folder / "blocks").iterdir())[:2]:
        path.unlink()

    opened = memjax.open(result.folder)

    assert "of 16 trained" in repr(opened)
    with pytest.raises(memjax.InputError, match=r"of 16 models are not trained yet in .*; result.extend\(\) trains"):
        opened.memorization  # noqa: B018
    assert np.isfinite(opened.extend(progress=False).memorization.value).any()


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((), {"num_model": 4}, "num_model is no option of a run; did you mean num_models"),
        ((X,), {}, "x_train is a ndarray without y_train"),
        ((None, Y), {}, "labels are given without x_train"),
        ((X, Y, X_TEST), {}, "x_test is given without y_test"),
        ((X, Y[:-1]), {}, "train has 60 inputs and 59 labels"),
        ((X, Y, X_TEST, Y_TEST + 7), {}, "has no training example"),
        ((pd.DataFrame({"words": [["a"], ["b"]]}), [0, 1]), {}, "column 'words' of the train inputs holds a list"),
        ((pd.DataFrame({"size": [1.0, None]}), [0, 1]), {}, "column 'size' of the train inputs lacks 1 of 2 values"),
        ((X, Y), {"ids": [1, 2]}, r"ids have shape \(2,\); expected one for each of 60"),
        ((X, Y), {"class_names": ["a"]}, "1 class names for 3 classes"),
        (("digit",), {}, "did you mean"),
        ((X, Y), {"epochs": 0}, "--epochs is 0; give 1 or more"),
        ((X, Y), {"epochs": "many"}, "epochs"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_and_leaves_no_folder(tmp_path, arguments, options, words):
    with pytest.raises(memjax.InputError, match=words):
        memjax.fit(*arguments, run=tmp_path / "run", progress=False, **options)

    assert not (tmp_path / "run").exists()


def test_in_a_thread_and_under_asyncio(tmp_path):
    found = {}
    thread = threading.Thread(target=lambda: found.update(thread=memjax.fit(X, Y, run=tmp_path / "a", **QUICK)))
    thread.start()
    thread.join()

    async def main():
        return memjax.fit(X, Y, run=tmp_path / "b", checkpoint_minutes=0.001, **QUICK)

    np.testing.assert_array_equal(found["thread"].memorization.value, asyncio.run(main()).memorization.value)


@pytest.mark.ci
def test_where_jax_was_used_before_one_line_says_how_to_use_more_cores(tmp_path):
    code = (
        "import jax; jax.numpy.ones(3)\n"
        "import numpy as np, memjax\n"
        "x = np.random.default_rng(0).normal(size=(30, 4)); y = np.arange(30) % 3\n"
        f"folder = {str(tmp_path / 'run')!r}\n"
        "result = memjax.fit(x, y, run=folder, num_models=4, epochs=1, model='mlp:4', cpu_devices=2)\n"
        "print(result.num_models)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(memjax.__file__).parent.parent)}
    environment.pop("JAX_NUM_CPU_DEVICES", None)

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)

    assert run.stdout.strip() == "4"
    assert 'for all, call jax.config.update("jax_num_cpu_devices", 2) before JAX is first used' in run.stderr


def test_a_precision_that_a_design_cannot_reach_is_refused_in_words(tmp_path):
    quick = {**QUICK, "num_models": len(X), "epochs": 1}

    with pytest.raises(memjax.InputError, match="cannot be reached with --design leave-one-out"):
        memjax.fit(X, Y, run=tmp_path / "run", design="leave-one-out", until_stderr=0.1, **quick)


def test_subsets_that_leave_nobody_out_train_and_say_that_nothing_has_a_score(tmp_path):
    np.save(tmp_path / "masks.npy", np.ones((8, len(X)), bool))

    result = memjax.fit(
        X, Y, run=tmp_path / "run", design="masks-file", masks_file=str(tmp_path / "masks.npy"),
        **{**QUICK, "num_models": 8},
    )  # fmt: skip

    assert np.isnan(result.memorization.value).all()
    assert "60 training examples" in repr(result)
    assert result.outcomes.masks.all()


def test_suspects_of_a_run_that_stores_no_probability_are_ranked_by_the_mean_over_held_out_models(tmp_path):
    suspects = memjax.fit(X, Y, run=tmp_path / "run", keep=["correct"], **QUICK).suspects(5)

    assert suspects["probability"].is_monotonic_increasing
    assert "correct_out" not in suspects
