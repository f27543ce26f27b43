"""Runs of other tasks than classification, through `memjax.fit` and the command line."""

import json
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes
from sklearn.metrics import average_precision_score

import memjax
from memjax import run
from memjax.errors import InputError
from memjax.metrics import tasks
from memjax.runs.judge import judge
from memjax.runs.of_some_runs import OfSomeRuns
from memjax.runs.publish import dictionary, export, tables_of

SMALL = {"num_models": 16, "epochs": 4, "pack_size": 8, "model": "mlp:8", "progress": False}


def planted(seed: int = 0):
    """400 rows of diabetes, of which twenty have a target moved by 250 to 350, up or down."""
    inputs, targets = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(targets))[:400]
    corrupted, targets = np.arange(400) < 20, targets[rows]
    targets[:20] += rng.uniform(250, 350, 20) * rng.choice([-1, 1], 20)
    return inputs[rows].astype(np.float32), targets, corrupted


def made(targets, seed: int = 1, count: int = 60, columns: int = 3):
    """Inputs and what a function makes of them, for training and testing."""
    inputs = np.random.default_rng(seed).normal(size=(count, columns)).astype(np.float32)
    labels = targets(inputs)
    return inputs[:40], labels[:40], inputs[40:], labels[40:]


@pytest.fixture(scope="module")
def numbers():
    """A small run of regression, with test examples and targets in units of their own."""
    data = made(lambda x: 100 + 30 * x[:, 0] + 3 * x[:, 1] * x[:, 2])
    return memjax.fit(*data, keep=("minus_squared_error", "outputs"), record=("squared_error",), **SMALL)


def test_targets_that_are_no_whole_numbers_are_regression_and_that_is_said(numbers):
    assert numbers.config.data.task == "regression"
    assert any("the labels look like regression" in notice for notice in numbers.run.notices)
    assert numbers.dataset.num_train == 40


def test_memorization_of_a_target_is_the_rise_of_the_squared_error_without_it(numbers):
    """By the definition, in NumPy, from the predictions that were stored."""
    found, targets = numbers.outcomes, numbers.dataset.train_targets
    predicted = found.train["outputs"][:, :, 0].astype(float) * targets.std() + targets.mean()
    errors = (predicted - targets) ** 2 / targets.var()

    out, inside = (np.ma.array(errors, mask=side).mean(0) for side in (found.masks, ~found.masks))

    np.testing.assert_allclose(numbers.memorization.value, out - inside, rtol=0.01, atol=0.004)
    np.testing.assert_allclose(
        numbers.held_out_probabilities[:, 0], np.ma.array(predicted, mask=found.masks).mean(0), rtol=0.01, atol=0.2
    )


def test_influence_on_a_target_is_the_fall_of_its_squared_error(numbers):
    found, test = numbers.outcomes, numbers.outcomes.test["minus_squared_error"].astype(float)

    expected = [test[mask].mean(0) - test[~mask].mean(0) for mask in found.masks.T]

    np.testing.assert_allclose(numbers.influence.value, expected, rtol=1e-3, atol=1e-3)


def test_tables_and_report_show_targets_and_predictions(numbers, tmp_path):
    frame = numbers.dataframe()

    np.testing.assert_allclose(frame["label"], numbers.dataset.train_targets)
    assert {"predicted", "score_out"} <= {*frame}
    assert not {"correct_out", "looks_wrong", "preferred"} & {*frame}
    assert numbers.suspects(3)["score_out"].is_monotonic_increasing
    assert "predict worst" in repr(numbers)
    page = numbers.report().path.read_text()
    assert "target" in page
    assert "In-sample minus_squared_error" in page
    assert '"shares":false' in page.replace(" ", "")
    assert "accuracy" not in page.split("Distribution of memorization")[0]
    for command in ("status", "verify", "suspects", "report"):
        assert run.main([command, str(numbers.folder)]) == 0
    for kind in ("arrays", "csv"):
        assert run.main(["export", str(numbers.folder), "--out", str(tmp_path / kind), "--format", kind]) == 0
    np.testing.assert_allclose(pd.read_csv(tmp_path / "csv" / "examples.csv")["label"], frame["label"])
    assert run.main(["estimate", "--arrays", str(tmp_path / "arrays"), "--out", str(tmp_path / "again"),
                     "--score", "minus_squared_error"]) == 0  # fmt: skip
    with np.load(tmp_path / "again" / "estimates.npz") as arrays:
        np.testing.assert_allclose(arrays["tr_mem"], numbers.memorization.value, rtol=1e-6)
    assert run.main(["publish", str(numbers.folder), "--out", str(tmp_path / "published")]) == 0


def test_it_is_opened_extended_and_not_mixed_with_another_task(numbers, capsys):
    opened = memjax.open(numbers.folder)

    np.testing.assert_array_equal(opened.memorization.value, numbers.memorization.value)
    assert opened.config.score == "minus_squared_error"
    assert opened.config.settings() == numbers.config.settings()
    assert run.main(["--run", str(numbers.folder), "--task", "counts"]) == 2
    assert "--score 'minus_squared_error' is not known; choose one of: log_likelihood" in capsys.readouterr().err


def test_scores_of_others_are_judged_by_the_squared_error(numbers):
    values = np.random.default_rng(3).normal(size=numbers.influence.value.shape)

    verdict = judge(values, numbers)

    assert verdict.measures[0].name == "LDS"
    assert abs(verdict.measures[0].value) < 0.5
    with pytest.raises(InputError, match="brittleness is of right and wrong predictions"):
        judge(values, numbers, brittleness=2)


@pytest.mark.ci
def test_runs_of_two_tasks_are_not_compared(numbers, small_run):
    with pytest.raises(InputError, match="the task of A is regression, that of B classification"):
        memjax.compare(numbers, small_run)


@pytest.mark.parametrize("kind", ["feldman-zhang", "lira"])
def test_a_format_for_classes_is_refused_by_name(numbers, tmp_path, kind):
    with pytest.raises(InputError, match=f"{kind} is for classes; arrays has targets of regression"):
        export(numbers, tmp_path, kind)


@pytest.mark.ci
def test_wrong_targets_of_diabetes_are_the_most_memorized():
    inputs, targets, corrupted = planted()

    result = memjax.fit(inputs, targets, task="regression", num_models=32, progress=False)

    assert average_precision_score(corrupted, result.memorization.value) > 0.5


@pytest.mark.slow
def test_the_same_through_the_command_line(tmp_path, capsys):
    inputs, targets, corrupted = planted(1)
    table = pd.DataFrame(inputs, columns=[f"x{number}" for number in range(10)]).assign(progression=targets)
    table.to_csv(tmp_path / "diabetes.csv", index=False)
    place = str(tmp_path / "run")

    code = run.main([
        "--dataset", f"csv:{tmp_path / 'diabetes.csv'}", "--target", "progression", "--task", "regression",
        "--test-fraction", "0", "--num-models", "48", "--run", place,
    ])  # fmt: skip
    assert code == 0
    assert "predict worst" in capsys.readouterr().out
    assert run.main(["suspects", place, "--count", "400", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 400
    assert average_precision_score(corrupted[[row["id"] for row in rows]], [row["memorization"] for row in rows]) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "targets", "score"),
    [
        ("binary", lambda x: np.where(x[:, 0] > 0, "yes", "no"), "correct"),
        ("counts", lambda x: np.floor(np.exp(1 + x[:, 0])), "log_likelihood"),
        ("multi_label", lambda x: (x > 0).astype(int), "label_accuracy"),
        ("regression", lambda x: x[:, :2] * [1, 50] + 0.5, "minus_squared_error"),
    ],
)
def test_every_task_trains_estimates_reports_and_opens(task, targets, score):
    result = memjax.fit(*made(targets), task=task, **SMALL | {"epochs": 100, "learning_rate": 0.02})

    assert result.config.score == score
    assert np.isfinite(result.memorization.value).all()
    assert result.influence.value.shape == (40, 20)
    assert result.report().path.stat().st_size > 10_000
    assert len(result.dataframe()) == 40
    np.testing.assert_array_equal(memjax.open(result.folder).memorization.value, result.memorization.value)
    inside, outside = (np.nanmean(side) for side in result.estimates.scores[score][:2])
    assert inside > outside


def absolute(outputs, targets):
    return jnp.abs(outputs[:, 0] - targets)


OWN = memjax.Task(loss=absolute, scores={"closeness": lambda outputs, targets: -absolute(outputs, targets)})


def test_a_task_of_ones_own_by_the_name_of_its_module(tmp_path):
    data, place = made(lambda x: x[:, 0] + 0.5), tmp_path / "run"

    result = memjax.fit(*data, task="tests.runs.test_tasks:OWN", run=place, **SMALL)

    assert result.config.score == "closeness"
    errors, found = -result.outcomes.train["closeness"].astype(float), result.outcomes
    out, inside = (np.ma.array(errors, mask=side).mean(0) for side in (found.masks, ~found.masks))
    np.testing.assert_allclose(result.memorization.value, out - inside, atol=1e-3)
    assert "closeness" in result.report().path.read_text()
    assert len(memjax.fit(*data, task="tests.runs.test_tasks:OWN", run=place, **SMALL).outcomes.masks) == 16


@pytest.mark.slow
def test_another_loss_under_the_same_name_is_refused(tmp_path, monkeypatch):
    data, place, name = made(lambda x: x[:, 0] + 0.5), tmp_path / "run", "tests.runs.test_tasks:OWN"
    memjax.fit(*data, task=name, run=place, **SMALL)
    squared = memjax.Task(loss=lambda outputs, targets: absolute(outputs, targets) ** 2, scores=OWN.scores)

    monkeypatch.setitem(tasks.TASKS, name, squared)

    with pytest.raises(InputError, match="differs in the program of task loss"):
        memjax.fit(*data, task=name, run=place, **SMALL | {"num_models": 24})


def test_a_folder_of_ones_own_task_is_read_without_its_code(tmp_path, monkeypatch):
    result = memjax.fit(*made(lambda x: x[:, 0] + 0.5), task=OWN, run=tmp_path / "run", **SMALL)
    monkeypatch.delitem(tasks.TASKS, "given:own")

    opened = memjax.open(tmp_path / "run")

    np.testing.assert_array_equal(opened.memorization.value, result.memorization.value)
    assert opened.report().path.exists()
    with pytest.raises(InputError, match="in Python; give it again"):
        opened.extend(24, progress=False)


@pytest.mark.parametrize(
    ("targets", "options", "words"),
    [
        (lambda x: x[:, 0], {"task": "counts"}, "train targets hold .*; expected whole numbers from 0"),
        (lambda x: x[:, 0], {"task": "multi_label"}, "have shape .*a column for each label"),
        (lambda x: x + 1, {"task": "multi_label"}, "hold .*expected 0 and 1"),
        (lambda x: np.full(len(x), 0.5), {}, "are all 0.5: there is nothing to predict"),
        (lambda x: np.where(x[:, 0] > 0, x[:, 0], np.inf), {"task": "regression"}, "target of row .* is infinite"),
        (lambda x: np.where(x[:, 0] > 0, x[:, 0], np.nan), {"task": "regression"}, "label of row .* is missing"),
        (lambda x: np.full(len(x), "a"), {"task": "regression"}, "not all numbers, which regression needs"),
        (lambda x: np.arange(len(x)) % 3, {"task": "binary"}, "are of 3 classes; expected 2"),
        (
            lambda x: x[:, 0],
            {"keep": ("correct", "margin")},
            "--keep 'correct' is not known; choose",
        ),
        (
            lambda x: x[:, 0],
            {"purpose": "membership"},
            "--for membership and --keep log_odds are for classes, not for reg",
        ),
        (lambda x: x[:, 0], {"label_noise": 0.1}, "--label-noise and corrupted labels are for classes"),
        (lambda x: x[:, 0], {"class_names": ["a", "b"]}, "class names are given, and --task regression has no classes"),
        (lambda x: x[:, 0], {"label_smoothing": 0.1}, "--label-smoothing is for classes"),
        (lambda x: x[:, 0], {"task": "nothing"}, "task 'nothing' is not known; choose one of"),
    ],
)
def test_what_a_task_cannot_use_is_refused_in_words(targets, options, words):
    with pytest.raises(InputError, match=words):
        memjax.fit(*made(targets), **SMALL | options)


def test_a_data_set_of_classes_is_no_regression():
    with pytest.raises(InputError, match="digits has classes; --task regression needs numbers"):
        memjax.fit("digits", task="regression", **SMALL)


def test_scores_of_single_labels_by_hand():
    """Two examples of two labels; the first model trained on the first example, the second on the other."""
    masks = np.array([[True, False], [False, True]])
    right = np.array([[[1, 0], [1, 1]], [[0, 0], [1, 0]]], np.float16)  # (models, examples, labels)
    made = OfSomeRuns()
    made.ids = np.array(["one", "two"])
    made.outcomes = SimpleNamespace(masks=masks, train={"right_labels": right})
    made.run = SimpleNamespace(dataset=SimpleNamespace(targets=lambda side: np.array([[1.0, 0], [0, 1]])))

    found = made.label_scores

    assert found["id"].tolist() == ["one", "one", "two", "two"]
    assert found["label"].tolist() == [0, 1, 0, 1]
    assert found["given"].tolist() == [1, 0, 0, 1]
    assert found["right_in"].tolist() == [1, 0, 1, 0]
    assert found["right_out"].tolist() == [0, 0, 1, 1]
    assert found["memorization"].tolist() == [1, 0, 0, -1]


@pytest.mark.slow
def test_scores_of_single_labels_are_exported_and_their_mean_is_that_of_the_example(tmp_path):
    targets = made(lambda x: (x > 0).astype(int))
    result = memjax.fit(*targets, task="multi_label", keep=("label_accuracy", "right_labels"), **SMALL)

    table = tables_of(result)["labels"]
    assert len(dictionary({"labels": table})["meaning"]) == len(table)
    np.testing.assert_allclose(
        table["memorization"].reshape(40, 3).mean(1), result.memorization.value, rtol=0, atol=2e-3
    )
    with pytest.raises(InputError, match="--keep label_accuracy right_labels"):
        memjax.fit(*targets, task="multi_label", **SMALL).label_scores  # noqa: B018


def test_scores_of_another_task_may_be_named_before_it_is_guessed(tmp_path):
    labels = np.stack([np.arange(20) % 2, np.arange(20) % 3 > 0], 1).astype(int)
    options = {"model": "linear", "num_models": 4, "epochs": 1, "design": "balanced", "progress": False}

    found = memjax.fit(np.eye(20, 4), labels, run=tmp_path / "run", score="exact_match",
                       keep=("label_accuracy", "exact_match"), record=["log_likelihood"], **options)  # fmt: skip
    assert found.config.data.task == "multi_label"
    assert found.estimates.score == "exact_match"
    for words, asked in [("score 'exact'", {"score": "exact"}), ("record 'los'", {"record": ["los"]})]:
        with pytest.raises(InputError, match=f"--{words} is not known"):
            memjax.fit(np.eye(20, 4), labels, **options, **asked)
