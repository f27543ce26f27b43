"""Memorization and influence of another score than correctness: in the files, on the command line, in the report."""

from dataclasses import replace

import numpy as np
import pytest

from memjax import run, store
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, SubsetSpec
from memjax.errors import InputError
from memjax.runs import decisions, open_folder, stages
from memjax.runs.from_arrays import report_arrays
from tests import reference

MODELS, TRAIN, TEST, PACK = 40, 12, 6, 8
SCORES = ("correct", "probability", "margin")


@pytest.fixture(autouse=True)
def _quiet_jax(monkeypatch):
    monkeypatch.setattr("memjax.machine.environment.start_jax", lambda devices=None: "")


def made_up(folder, design="fixed-size"):
    """A run of models that were never trained, one of which diverged; each example helps itself in both sets."""
    path = folder / "data.npz"
    sides = {"train": TRAIN, "test": TEST}
    inputs = {f"x_{side}": np.arange(count, dtype=np.float32)[:, None] for side, count in sides.items()}
    np.savez(path, **inputs, **{f"y_{side}": np.arange(count) % 3 for side, count in sides.items()})
    config = RunConfig(
        run=str(folder / "run"), num_models=MODELS, data=DataSpec(f"npz:{path}"), subset=SubsetSpec(design),
        pack_size=PACK, keep=SCORES,
    )  # fmt: skip
    opened, rng = open_folder.open_run(config), np.random.default_rng(0)
    for number in opened.plan.blocks:
        ids = np.arange(number * PACK, (number + 1) * PACK)
        masks, found = opened.design.masks(ids), []
        for helped in (masks, masks[:, :TEST]):
            margin = (rng.normal(size=helped.shape) + 2 * helped - 1).astype(np.float16)
            probability = (1 / (1 + np.exp(-margin.astype(float)))).astype(np.float16)
            found.append({"correct": margin > 0, "probability": probability, "margin": margin})
        store.write_block(
            opened.folder, number, store.Block(ids, masks, ids != 5, *found), opened.plan.fingerprint, {"made": "up"}
        )
    return opened


def files(folder):
    return {name: dict(np.load(folder / f"{name}.npz")) for name in ("estimates", "pairs")}


def begin(folder, *options):
    return run.main(["--run", str(folder), "--quiet", *options])


def oracle_stderr(masks, scores):
    value = np.empty((masks.shape[1], scores.shape[1]))
    for i, j in np.ndindex(*value.shape):
        value[i, j] = reference.sample_stderr(*(scores[side, j].astype(float) for side in (masks[:, i], ~masks[:, i])))
    return value


@pytest.mark.parametrize("score", ["probability", "margin"])
def test_the_files_hold_differences_of_the_score_of_the_stored_models(tmp_path, score):
    opened = made_up(tmp_path)

    assert begin(opened.folder, "--score", score) == 0

    outcomes, _ = store.read_outcomes(opened.folder, opened.plan.blocks, MODELS)
    masks, train, test = outcomes.masks, outcomes.train[score], outcomes.test[score]
    estimates, pairs = files(opened.folder).values()
    assert str(estimates["score"]) == str(pairs["score"]) == store.read_note(opened.folder).score == score
    mem, infl = np.diag(reference.mean_difference(masks, train)), reference.mean_difference(masks, test)
    np.testing.assert_allclose(estimates["tr_mem"], mem, atol=1e-5)
    np.testing.assert_allclose(estimates["tr_mem_stderr"], np.diag(oracle_stderr(masks, train)), rtol=1e-4)
    np.testing.assert_allclose(np.load(opened.folder / "influence.npy"), infl, atol=1e-5)
    found = {(i, j) for i, j in np.ndindex(TRAIN, TEST) if i % 3 == j % 3 and mem[i] >= 0.25 and infl[i, j] >= 0.15}
    assert found == set(zip(pairs["tr_idx"].tolist(), pairs["tt_idx"].tolist(), strict=True))
    assert len(found) >= 4
    chosen = pairs["tr_idx"], pairs["tt_idx"]
    np.testing.assert_allclose(pairs["infl_stderr"], oracle_stderr(masks, test)[chosen], rtol=1e-4)
    assert not {"p_value", "q_value"} & pairs.keys()
    assert "tr_mem_stderr_plug_in" not in estimates
    right = np.diag(reference.mean_difference(masks, outcomes.train["correct"]))
    np.testing.assert_allclose(estimates["tr_mem_correct"], right, atol=1e-6)
    halves = [np.flatnonzero((outcomes.model_ids // 2 % 2 == 0) == half) for half in (True, False)]
    reliability = reference.split_halves(masks, train, halves)
    np.testing.assert_allclose(estimates["reliability_halves"], reliability["halves"], rtol=1e-4)


def test_another_score_is_estimated_anew_from_the_same_models_and_stays(tmp_path, capsys):
    opened = made_up(tmp_path)
    assert begin(opened.folder) == 0
    before = files(opened.folder)
    blocks = {path: path.stat().st_mtime_ns for path in (opened.folder / "blocks").iterdir()}

    assert begin(opened.folder, "--score", "probability") == 0
    noted = store.as_noted(opened.folder)
    assert begin(opened.folder) == 0  # it goes on with what the folder has

    assert str(files(opened.folder)["pairs"]["score"]) == "probability"
    assert store.as_noted(opened.folder) == noted
    assert begin(opened.folder, "--score", "correct") == 0
    for name, arrays in files(opened.folder).items():
        assert arrays.keys() == before[name].keys()
        for key, values in arrays.items():
            np.testing.assert_array_equal(values, before[name][key])
    assert blocks == {path: path.stat().st_mtime_ns for path in (opened.folder / "blocks").iterdir()}


def test_the_summary_and_the_report_say_of_which_score(tmp_path, capsys):
    opened = made_up(tmp_path)
    assert run.main(["--run", str(opened.folder), "--score", "margin"]) == 0

    text, page = capsys.readouterr().out, (opened.folder / "report.html").read_text()

    assert "(of margin)" in text
    assert "in units of logits" in " ".join(text.split())
    assert "mean margin(i) of models that trained on i" in page
    assert "Any number" in page
    assert begin(opened.folder, "--score", "correct") == 0
    page = (opened.folder / "report.html").read_text()
    assert "mean correct(i) of models that trained on i" in page
    assert "units of logits" not in page


def test_the_standard_error_asked_for_is_of_the_score(tmp_path):
    opened = made_up(tmp_path)
    needed = []
    for score in ("correct", "probability"):
        config = RunConfig(**(vars(opened.config) | {"score": score, "until_stderr": 0.05}))
        asked = replace(opened, config=config)
        assert stages.estimate(asked, print, print)
        typical = store.read_estimates(opened.folder).typical_stderr
        needed.append(decisions.models_until(asked))
        assert needed[-1] == min(4 * MODELS, PACK * int(np.ceil(np.ceil(MODELS * (typical / 0.05) ** 2) / PACK)))

    assert needed[1] < needed[0]


@pytest.fixture
def arrays():
    rng = np.random.default_rng(1)
    masks = rng.random((30, 5)) < 0.5
    train = rng.random((30, 5)) * 0.5 + 0.5 * masks
    test = rng.random((30, 3)) * 0.5 + 0.5 * masks[:, :3]
    return {"masks": masks, "train_correct": train > 0.5, "test_correct": test > 0.5,
            "train_probability": train, "test_probability": test}  # fmt: skip


def test_estimate_from_arrays_of_elsewhere(tmp_path, arrays):
    np.savez(tmp_path / "arrays.npz", **arrays)
    asked = ["--arrays", str(tmp_path / "arrays.npz"), "--out", str(tmp_path / "out"), "--influence", "all"]

    assert run.main(["estimate", *asked, "--score", "probability", "--quiet"]) == 0

    own = np.diag(reference.mean_difference(arrays["masks"], arrays["train_probability"]))
    np.testing.assert_allclose(files(tmp_path / "out")["estimates"]["tr_mem"], own, atol=1e-6)
    expected = reference.mean_difference(arrays["masks"], arrays["test_probability"])
    np.testing.assert_allclose(np.load(tmp_path / "out" / "influence.npy"), expected, atol=1e-6)


def test_a_score_that_is_not_there_is_asked_for(tmp_path, arrays, capsys):
    opened = made_up(tmp_path)
    assert begin(opened.folder, "--score", "log_odds") == 2
    assert "--keep correct log_odds" in capsys.readouterr().err

    del arrays["test_probability"]
    with pytest.raises(InputError, match="no test_probability"):
        report_arrays(arrays, tmp_path / "out", score="probability")
    with pytest.raises(InputError, match="no train_margin"):
        report_arrays(arrays, tmp_path / "out", score="margin")
    assert not (tmp_path / "out").exists()
    without_test = {name: values for name, values in arrays.items() if not name.startswith("test")}
    assert report_arrays(without_test, tmp_path / "out", score="probability").exists()
