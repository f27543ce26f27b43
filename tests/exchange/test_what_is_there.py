"""Estimates from the arrays that are there: unknown names are told, missing ones are not made up."""

import json
import logging

import numpy as np
import pytest

import memjax
from memjax import run
from memjax.errors import InputError
from memjax.exchange import lira, outcomes_of, read_predictions

RNG = np.random.default_rng(0)
MASKS = RNG.random((30, 12)) < 0.5
PROBABILITY = np.where(MASKS, 0.9, 0.4) + RNG.uniform(-0.05, 0.05, (30, 12))
TEST = RNG.random((30, 8))
LABELS = {"train_labels": np.arange(12) % 3, "test_labels": np.arange(8) % 3}


def estimate(path, out, *options):
    return run.main(["estimate", "--arrays", str(path), "--out", str(out), *options])


def test_probabilities_alone_are_enough_and_nothing_else_is_made_up(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", masks=MASKS, train_probability=PROBABILITY, test_probability=TEST)

    assert estimate(tmp_path / "a.npz", tmp_path / "out", "--score", "probability") == 0

    found = np.load(tmp_path / "out" / "estimates.npz")
    np.testing.assert_allclose(found["tr_mem"], memjax.memorization(MASKS, PROBABILITY).value, rtol=1e-6)
    np.testing.assert_allclose(found["infl_matrix_class0"], memjax.influence(MASKS, TEST).value, rtol=1e-4, atol=1e-6)
    for name in ("tr_correct_in", "tr_correct_out", "tt_correct", "test_accuracy", "in_sample_accuracy"):
        assert np.isnan(found[name]).all(), name
    out = capsys.readouterr().out
    assert "nan" not in out
    assert "accuracy" not in out
    assert "probability out" in out


def test_correctness_of_the_test_examples_is_not_made_up_either():
    _, outcomes = outcomes_of({"masks": MASKS, "train_correct": MASKS, "test_probability": TEST})

    assert set(outcomes.test) == {"probability"}


@pytest.fixture
def experiments(tmp_path):
    log_odds = np.log(PROBABILITY / (1 - PROBABILITY))
    for number in range(30):
        place = tmp_path / "lira" / f"experiment-{number}_30"
        (place / "scores").mkdir(parents=True)
        np.save(place / "keep.npy", MASKS[number])
        np.save(place / "scores" / "0000000001.npy", log_odds[number, :, None])
    return tmp_path / "lira"


@pytest.mark.parametrize("score", ["log_odds", "probability"])
def test_scores_of_lira_alone_are_enough(score, experiments, tmp_path):
    assert estimate(experiments, tmp_path / "out", "--score", score) == 0

    expected = PROBABILITY if score == "probability" else np.log(PROBABILITY / (1 - PROBABILITY))
    np.testing.assert_allclose(
        np.load(tmp_path / "out" / "estimates.npz")["tr_mem"], memjax.memorization(MASKS, expected).value, rtol=1e-4
    )


def test_a_missing_score_names_those_that_are_there(experiments, tmp_path, capsys):
    assert estimate(experiments, tmp_path / "out") == 2

    error = capsys.readouterr().err
    assert "there is no train_correct" in error
    assert "give --score probability or log_odds" in error
    assert estimate(experiments, tmp_path / "out", "--score", "log_odds") == 0


def test_labels_of_lira_are_read_without_logits(experiments):
    np.save(experiments / "y_train.npy", np.array(["cat", "dog"] * 6))

    dataset, _ = outcomes_of(read_predictions(experiments))

    assert dataset.class_names == ("cat", "dog")
    assert lira.read(experiments)["train_labels"].tolist() == ["cat", "dog"] * 6


def test_unknown_names_are_told_with_what_was_expected_and_no_label_is_printed(tmp_path, capsys, caplog):
    np.savez(tmp_path / "a.npz", masks=MASKS, train_correct=MASKS, y=np.arange(12), train_lables=np.arange(12))
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("masks", "train_correct", "model_ids", "train_lables"):
        np.save(folder / f"{name}.npy", MASKS)

    for source in (tmp_path / "a.npz", folder):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "memjax"):
            assert estimate(source, tmp_path / "out") == 0
        words = [record.message for record in caplog.records]
        assert len(words) == 1
        assert "train_lables (did you mean train_labels?)" in words[0]
        assert "expected are masks, indices, train_correct" in words[0]
        assert "model_ids" not in words[0]
        assert "10  not given  " in capsys.readouterr().out
    assert "test nan" not in (tmp_path / "out" / "report.html").read_text()


def test_masks_of_two_fractions_in_a_folder_are_refused(tmp_path):
    for name in ("train_masks_10pct", "train_masks_50pct", "train_margins"):
        np.save(tmp_path / f"{name}.npy", MASKS)

    with pytest.raises(InputError, match=r"train_masks_10pct.npy and .*50pct.npy are both train_masks"):
        read_predictions(tmp_path)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array(["b", "a", "b"]), ("a", "b")),
        (np.array([2**32 + 1, 5, 2**32 + 1]), ("5", "4294967297")),
        (np.array([3_000_000_000, 7, 7], np.uint32), ("7", "3000000000")),
        (np.array([-1, 1, 1]), ("-1", "1")),
        (np.array([False, True, True]), ("False", "True")),
        (np.array([1.0, 2.0, 1.0]), ("0", "1", "2")),  # class numbers: class 0 has no example
        (np.array([1, 2, 1]), ("0", "1", "2")),
    ],
)
def test_labels_of_any_kind_keep_their_meaning(labels, names):
    given = {"train_labels": np.tile(labels, 4), "test_labels": labels[:2]}

    dataset, _ = outcomes_of({"masks": MASKS, "train_correct": MASKS, "test_correct": TEST[:, :2] < 0.5, **given})

    assert dataset.class_names == names
    shown = np.array(names)[dataset.train_labels].tolist()
    assert shown == np.tile(labels if labels.dtype.kind != "f" else labels.astype(int), 4).astype(str).tolist()
    assert np.array(names)[dataset.test_labels].tolist() == shown[:2]


@pytest.mark.parametrize("side", ["train", "test"])
def test_labels_of_one_side_are_refused(side):
    arrays = {"masks": MASKS, "train_correct": MASKS, "test_correct": TEST < 0.5}

    with pytest.raises(InputError, match=f"{side}_labels are given without .*; give both, or neither"):
        outcomes_of(arrays | {f"{side}_labels": LABELS[f"{side}_labels"]})
    outcomes_of(arrays)
    outcomes_of(arrays | LABELS)


def test_a_run_folder_is_recognised_and_the_advice_works(small_run, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    assert estimate(small_run, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert f"{small_run} is a run folder" in error
    assert f"memjax export {small_run} --out FOLDER" in error

    assert run.main(["export", str(small_run), "--out", str(tmp_path / "arrays")]) == 0
    assert estimate(tmp_path / "arrays", tmp_path / "out", "--json") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["num_models"] == 12


def test_a_single_array_is_recognised_and_the_advice_works(tmp_path, capsys):
    np.save(tmp_path / "masks.npy", MASKS)

    assert estimate(tmp_path / "masks.npy", tmp_path / "out") == 2
    assert "is a single array; write all arrays into one npz file with numpy.savez" in capsys.readouterr().err
    assert run.main(["--dataset", f"npz:{tmp_path / 'masks.npy'}", "--run", str(tmp_path / "run")]) == 2
    assert "is a single array; write all arrays into one npz file with numpy.savez" in capsys.readouterr().err

    np.savez(tmp_path / "all.npz", masks=MASKS, train_correct=MASKS)
    assert estimate(tmp_path / "all.npz", tmp_path / "out") == 0


def test_correctness_in_published_files_is_0_or_1_too(tmp_path):
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        np.savez(
            tmp_path / str(number) / "aux_arrays.npz", index_train=np.arange(2), index_removed=np.arange(2, 4),
            index_test=np.arange(1), correctness_train=np.array([1.0, 0.5]), correctness_removed=np.ones(2),
            correctness_test=np.ones(1),
        )  # fmt: skip

    with pytest.raises(InputError, match=r"train_correct holds numbers from 0.5 to 1; expected only 0 and 1"):
        outcomes_of(read_predictions(tmp_path) | {"masks": np.array([[1, 0, 1, 0], [0, 1, 0, 1]])})
