"""Which labels look wrong, in which order, and in which words."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

import memjax
from memjax import run
from memjax.runs.suspects import lines, looks_wrong, sentence, suspect_columns


def test_a_label_looks_wrong_where_models_are_as_sure_of_another_class_as_of_its_members():
    held_out = np.array(
        [
            [0.9, 0.1],  # label 0: sure of it
            [0.7, 0.3],  # label 0: class 0 has mean (0.9 + 0.7 + 0.2) / 3 = 0.6 among its members
            [0.2, 0.8],  # label 0, and 0.8 >= (0.7 + 0.9) / 2 of class 1: wrong
            [0.3, 0.7],  # label 1
            [0.1, 0.9],  # label 1
            [0.55, 0.45],  # label 1, undecided: 0.55 < 0.6
            [np.nan, np.nan],  # in every model
        ]
    )
    held_out[5, 1] = np.nan  # counts in no mean
    labels = np.array([0, 0, 0, 1, 1, 1, 1])

    assert looks_wrong(held_out, labels).tolist() == [False, False, True, False, False, False, False]
    held_out[5] = [0.55, 0.45]
    assert not looks_wrong(held_out, labels)[5]
    held_out[5] = [0.65, 0.35]
    assert looks_wrong(held_out, labels)[5]


def columns() -> dict[str, np.ndarray]:
    return {
        "id": np.array(["a", "b\x1b[31m", "c"]),
        "row": np.arange(3),
        "label": np.array(["x", "y", "x"]),
        "looks_wrong": np.array([False, True, True]),
        "preferred": np.array(["x", "x", "y"], object),
        "probability_out": np.array([0.01, 0.3, 0.2]),
        "correct_out": np.array([0.0, 0.2, 0.1]),
        "preferred_probability": np.array([0.5, 0.7, 0.8]),
        "memorization": np.array([0.9, 0.7, 0.8]),
        "low": np.array([0.8, 0.6, 0.7]),
        "high": np.array([1.0, 0.8, 0.9]),
    }


def test_the_least_probable_labels_come_first_whether_they_look_wrong_or_not():
    assert suspect_columns(columns(), 9)["id"].tolist() == ["a", "c", "b\x1b[31m"]
    assert suspect_columns(columns(), 1)["probability"].tolist() == [0.01]


def test_the_sentence_counts_them_and_the_table_has_no_letters_that_a_terminal_acts_on():
    found = columns()

    assert sentence(found).startswith("2 of 3 training labels look wrong: models")
    assert sentence(found | {"looks_wrong": np.array([True, False, False])}).startswith("1 of 3 training label looks")
    assert sentence(found | {"looks_wrong": np.zeros(3, bool)}).startswith("None of 3 training labels looks wrong")
    table = lines(suspect_columns(found, 9))
    assert table[0].split() == ["id", "label", "models", "say", "probability", "looks", "wrong", "memorization"]
    assert table[2].split() == ["c", "x", "y", "0.2", "yes", "0.80", "(0.70", "to", "0.90)"]
    assert "yes" not in table[1]
    assert "\x1b" not in "".join(table)
    without = lines(suspect_columns(found | {"low": np.full(3, np.nan), "high": np.full(3, np.nan)}, 9))
    assert without[2].split()[-1] == "0.80"  # one model on a side has no interval


@pytest.fixture(scope="module")
def corrupted(tmp_path_factory):
    """Two clouds of points with names, of which three have the other cloud's label, in a file."""
    rng = np.random.default_rng(0)
    number = np.arange(120)
    label = number % 2
    table = pd.DataFrame(rng.normal(size=(120, 3)) + 8 * label[:, None], columns=list("abc"))
    table["kind"], table["who"] = np.array(["ant", "bee"])[label], [f"N{row:03d}" for row in number]
    wrong = [10, 31, 77]
    table.loc[wrong, "kind"] = np.array(["ant", "bee"])[1 - label[wrong]]
    folder = tmp_path_factory.mktemp("corrupted")
    table.to_csv(folder / "bugs.csv", index=False)
    return folder, {f"N{row:03d}" for row in wrong}


@pytest.mark.ci
def test_two_commands_from_a_file_to_the_wrong_labels(corrupted, capsys, monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    folder, wrong = corrupted
    options = ["--target", "kind", "--id", "who", "--test-fraction", "0", "--num-models", "40", "--epochs", "60"]

    source = ["--dataset", f"csv:{folder / 'bugs.csv'}", "--model", "mlp:32", "--run", str(folder / "run")]
    assert run.main([*source, *options]) == 0
    said = capsys.readouterr().out
    assert "3 of 120 training labels look wrong" in said
    assert said.index("look wrong") < said.index("standard error")
    assert all(name in said for name in wrong)

    assert run.main(["suspects", str(folder / "run"), "--count", "3", "--csv", str(folder / "out.csv")]) == 0
    with open(folder / "out.csv") as stream:
        assert {row["id"] for row in csv.DictReader(stream)} == wrong
    capsys.readouterr()
    assert run.main(["suspects", str(folder / "run"), "--count", "3", "--json"]) == 0
    assert {json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()} == wrong
    assert set(memjax.open(folder / "run").suspects(3)["id"]) == wrong


def test_a_wrong_count_is_refused(corrupted, capsys):
    assert run.main(["suspects", str(corrupted[0]), "--count", "0"]) == 2
    assert "--count is 0" in capsys.readouterr().err


def test_a_short_table_says_how_to_see_the_labels_that_it_leaves_out(small_run, capsys):
    found = memjax.open(small_run).dataframe().sort_values("probability_out")["looks_wrong"].to_numpy()
    last = int(np.flatnonzero(found).max()) + 1
    assert found.sum() > 16

    assert run.main(["--run", str(small_run)]) == 0
    closing = capsys.readouterr().out
    assert run.main(["suspects", str(small_run), "--count", "4"]) == 0
    short = capsys.readouterr().out
    assert run.main(["suspects", str(small_run), "--count", str(last)]) == 0
    whole = capsys.readouterr().out

    command = f"more look wrong: memjax suspects {small_run} --count {last}"
    assert f"{found[15:].sum()} {command}" in closing
    assert f"{found[4:].sum()} {command}" in short
    assert "wrong: memjax suspects" not in whole


@pytest.mark.ci
@pytest.mark.parametrize("task", ["classification", pytest.param("binary", marks=pytest.mark.slow)])
def test_the_page_and_the_list_need_no_stored_probability(tmp_path, task):
    """The means of each class over held-out models are there whatever --keep says."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(24, 3)).astype(np.float32)
    labels = (inputs[:, 0] > 0).astype(int)
    options = {"task": task, "model": "linear", "design": "balanced", "num_models": 16, "epochs": 1}

    with_it = memjax.fit(inputs, labels, run=tmp_path / "with", **options).columns
    without = memjax.fit(inputs, labels, run=tmp_path / "without", keep=["correct"], **options)

    np.testing.assert_allclose(without.columns["probability_out"], with_it["probability_out"], atol=1e-3)
    assert list(without.suspects(3)["id"]) == list(np.argsort(without.columns["probability_out"])[:3])
    assert "probability" in without.report().path.read_text()


def test_without_any_score_nothing_is_said_to_be_nan(tmp_path, capsys):
    """Eight models of eight sizes: no two subsets of one size to compare."""
    np.savez(tmp_path / "a.npz", x_train=np.eye(24, 3), y_train=np.eye(24, 3) + 0.5, x_test=np.eye(3), y_test=np.eye(3))
    options = ["--task", "regression", "--design", "profile", "--num-models", "8", "--epochs", "1", "--model", "linear"]

    assert run.main(["--dataset", f"npz:{tmp_path / 'a.npz'}", "--run", str(tmp_path / "run"), *options]) == 0
    assert run.main(["suspects", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    assert "memorization    undefined" in out
    assert "nan" not in out
