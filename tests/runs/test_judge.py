"""Scores before a run: noise, good scores, the wrong sign, the run's own scores, and those of its twin."""

import json
import math

import numpy as np
import pytest

import memjax
from memjax import run
from memjax.errors import InputError
from memjax.runs.verdict import Measure, Verdict
from tests.conftest import make_dataset

SETTINGS = {
    "model": "linear",
    "epochs": 40,
    "pack_size": 64,
    "learning_rate": 0.04,
    "keep": ("correct", "margin", "probability"),
}
SETTINGS |= {"progress": False}


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    """The judging run, its twin on the same subsets, a run of other subsets, and models without one example each."""
    folder, data = tmp_path_factory.mktemp("court"), make_dataset(num_train=40, num_test=24)
    flipped = np.arange(40) % 8 == 0
    labels = np.where(flipped, (data.train_labels + 1) % 3, data.train_labels)
    object.__setattr__(data, "train_labels", labels.astype(np.int32))
    object.__setattr__(data, "mislabelled", flipped)
    judging = memjax.fit(data, run=folder / "judging", num_models=128, subset_fraction=0.5, **SETTINGS)
    np.save(folder / "masks.npy", judging.outcomes.masks)
    same = {"design": "masks-file", "masks_file": str(folder / "masks.npy")}
    twin = memjax.fit(data, run=folder / "twin", num_models=128, seed=1, **same, **SETTINGS)
    other = memjax.fit(data, run=folder / "other", num_models=256, seed=2, subset_fraction=0.5, **SETTINGS)
    alone = memjax.fit(data, run=folder / "alone", num_models=160, seed=3, design="leave-one-out", **SETTINGS)
    return judging, twin, other, alone


def influence_of(result, score="margin"):
    return np.asarray(memjax.influence(result.outcomes.masks, result.outcomes.test[score].astype(np.float32)).value)


def ridge_of(result):
    masks, outputs = (each.astype(float) for each in (result.outcomes.masks, result.outcomes.test["margin"]))
    masks, outputs = masks - masks.mean(0), outputs - outputs.mean(0)
    return np.linalg.solve(masks.T @ masks + np.eye(40), masks.T @ outputs)


@pytest.mark.slow
def test_noise_holds_zero_and_good_scores_do_not(court):
    judging, twin, other, alone = court
    noise = np.random.default_rng(0).normal(size=(40, 24))

    of_noise, good = (
        memjax.judge(scores, judging, twin=twin, left_out=alone) for scores in (noise, influence_of(other))
    )

    for name in ("LDS", "influence", "twin", "left out"):
        assert of_noise[name].low <= 0 <= of_noise[name].high
        assert good[name].low > 0
        assert good[name].value < good[name].ceiling + 0.1
    assert "cannot be told from noise" in of_noise.answer()
    assert "of what a perfect score reaches" in good.answer()
    for name in ("strong pairs", "wrong labels"):
        assert of_noise[name].low <= of_noise[name].chance <= of_noise[name].high
        assert good[name].value > good[name].chance
    assert [each.name for each in good.by_class] == list(judging.dataset.class_names)
    weights = [int((judging.dataset.test_labels == label).sum()) for label in range(3)]
    mean = np.average([each.value for each in good.by_class], weights=weights)
    assert mean == pytest.approx(good["LDS"].value)


@pytest.mark.slow
def test_what_another_run_estimates_agrees_as_far_as_both_are_reliable(court):
    """Influence from as many models as the twin has: the expected agreement is the square of the ceiling."""
    judging, twin, other, _ = court
    first = np.asarray(
        memjax.influence(other.outcomes.masks[:128], other.outcomes.test["margin"][:128].astype(np.float32)).value
    )

    found = memjax.judge(first, judging, twin=twin)["twin"]

    assert abs(found.value - found.ceiling**2) < 1.6 * (found.high - found.low) / 2


@pytest.mark.slow
def test_turned_scores_are_negative_and_that_is_said(court):
    judging, twin, other, _ = court

    found = memjax.judge(-influence_of(other), judging, twin=twin)

    assert found["LDS"].high < 0
    assert "the scores point the wrong way" in found.answer()
    assert "change of the loss have the other sign" in found.notices[0]


@pytest.mark.slow
@pytest.mark.parametrize("score", ["margin", "probability", "correct"])
def test_the_influence_of_the_judging_models_is_refused(court, score):
    with pytest.raises(InputError, match=rf"that the judging models give \({score}\)"):
        memjax.judge(3 * influence_of(court[0], score) + 1, court[0])


@pytest.mark.slow
def test_scores_made_from_the_judging_models_or_their_twin_are_refused(court):
    judging, twin, other, _ = court
    masks, (ridge, of_twin) = judging.outcomes.masks, map(ridge_of, (judging, twin))

    with pytest.raises(InputError, match="predict the judging models better than other models of the same subsets"):
        memjax.judge(ridge, judging, twin=twin)
    with pytest.raises(InputError, match="predict the twin better"):
        memjax.judge(of_twin, judging, twin=twin)
    with pytest.raises(InputError, match="128 of the 128 subsets"):
        memjax.judge(ridge, judging, fitted_masks=masks)
    with pytest.raises(InputError, match="128 of the 128 subsets"):
        memjax.judge({"scores": ridge, "fitted_masks": masks}, judging)
    assert memjax.judge(ridge, other)["LDS"].low > 0


@pytest.mark.slow
def test_a_run_of_left_out_examples_judges_by_them_alone(court):
    found = memjax.judge(influence_of(court[2]), court[3])

    assert [each.name for each in found.measures] == ["left out", "wrong labels"]
    assert "40 examples left out, 160 models" in found["left out"].about


@pytest.mark.slow
def test_brittleness_trains_without_the_highest_scores(court):
    judging = court[0]
    ideal = np.where(judging.dataset.train_labels[:, None] == judging.dataset.test_labels, 1.0, 0.0)

    found = memjax.judge(ideal, judging, brittleness=4, remove=12, repeats=2)["brittleness"]

    assert found.value > found.chance - 0.5
    assert found.value > 0.4  # most of the class is gone
    assert "4 test examples after 12 training examples are removed, 2 models each" in found.about


@pytest.mark.slow
def test_the_command_prints_the_verdict_and_writes_the_page(court, tmp_path, capsys):
    judging, twin, other, _ = court
    file, page = tmp_path / "scores.npy", tmp_path / "page.html"
    np.save(file, influence_of(other).T)

    how = ["judge", str(file), "--run", str(judging.folder), "--twin", str(twin.folder)]
    assert run.main([*how, "--page", str(page)]) == 0
    text = capsys.readouterr().out
    assert run.main([*how, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert "(test, train), turned" in " ".join(text.split())
    assert "under the null; ceiling" in " ".join(text.split())
    assert said["measures"][0]["name"] == "LDS"
    assert said["measures"][0]["value"] == memjax.judge(file, judging, twin=twin)["LDS"].value
    assert "class 2" in page.read_text()
    assert run.main(["judge", str(file), "--run", str(tmp_path)]) == 2


@pytest.mark.slow
def test_other_outputs_and_runs_of_other_examples_are_refused_with_words(court, small_run):
    scores = influence_of(court[2])

    with pytest.raises(InputError, match="has not saved log_odds; choose one of: correct, margin, probability"):
        memjax.judge(scores, court[0], score="log_odds")
    with pytest.raises(InputError, match="has other examples than"):
        memjax.judge(scores, court[0], twin=small_run)
    with pytest.raises(InputError, match="--remove is 40"):
        memjax.judge(scores, court[0], brittleness=2, remove=40)
    assert memjax.judge(scores, court[0], score="correct")["LDS"].value > 0


def test_noise_before_a_small_run_on_the_command_line(small_run, tmp_path, capsys):
    result, page = memjax.open(small_run), tmp_path / "page.html"
    scores = np.random.default_rng(0).normal(size=(80, 30))
    np.savez(tmp_path / "scores.npz", scores=scores[::-1], train_ids=result.ids[::-1])

    how = ["judge", str(tmp_path / "scores.npz"), "--run", str(small_run)]
    assert run.main([*how, "--page", str(page), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)

    measures = {each["name"]: each for each in said["measures"]}
    assert measures["LDS"]["low"] <= 0 <= measures["LDS"]["high"]
    assert measures["LDS"]["ceiling"] is None
    assert measures["LDS"]["value"] == memjax.judge(scores, result)["LDS"].value
    assert "needs a twin" in said["notices"][0]
    assert "cannot be told from noise" in page.read_text()
    with pytest.raises(InputError, match=r"that the judging models give \(correct\)"):
        memjax.judge(influence_of(result, "correct"), result)
    assert run.main(["judge", str(tmp_path / "scores.npz"), "--run", str(tmp_path)]) == 2
    assert "all the same" in memjax.judge(np.ones((80, 30)), result).answer()


@pytest.mark.parametrize(
    ("value", "half", "words"),
    [
        (0.01, 0.02, "the interval holds 0"),
        (0.01, 0.009, "may be noise"),
        (-0.01, 0.009, "may be noise"),
        (-0.01, 0.004, "the wrong way"),
        (0.01, 0.004, "say which training examples help"),
        (math.nan, math.nan, "is not defined"),
    ],
)
def test_one_interval_of_noise_in_twenty_leaves_out_0_and_is_not_called_more_than_that(value, half, words):
    measure = Measure("LDS", value, value - half, value + half, 0, math.nan, "", "")

    assert words in Verdict([measure], [], [], []).answer()
