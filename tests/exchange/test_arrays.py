"""Predictions trained elsewhere: the names people use, the mistakes they make, and the same numbers in the end."""

import numpy as np
import pytest

from memjax import run
from memjax.errors import InputError
from memjax.estimators import complementary_memorization
from memjax.exchange import outcomes_of
from tests import reference


def world(seed=0, models=30, train=12, test=8):
    rng = np.random.default_rng(seed)
    return {
        "masks": np.stack([rng.permutation(train) < 8 for _ in range(models)]),
        "train_correct": rng.random((models, train)) < 0.7,
        "test_correct": rng.random((models, test)) < 0.6,
        "train_labels": np.arange(train) % 3,
        "test_labels": np.arange(test) % 3,
    }


def test_a_file_gives_what_the_loops_give(tmp_path, capsys):
    arrays = world()
    np.savez(tmp_path / "a.npz", **arrays)

    command = ["estimate", "--arrays", str(tmp_path / "a.npz"), "--out", str(tmp_path / "out"), "--influence", "all"]
    assert run.main(command) == 0

    assert "30 models" in capsys.readouterr().out
    found = np.load(tmp_path / "out" / "estimates.npz")
    memorization = np.diag(reference.mean_difference(arrays["masks"], arrays["train_correct"]))
    np.testing.assert_allclose(found["tr_mem"], memorization, atol=1e-6)
    influence = reference.mean_difference(arrays["masks"], arrays["test_correct"])
    np.testing.assert_allclose(np.load(tmp_path / "out" / "influence.npy"), influence, atol=1e-6)


def test_complementary_pairs_are_recognised_and_pairs_have_their_p_values(tmp_path):
    arrays = world()
    arrays["masks"][1::2] = ~arrays["masks"][::2]
    arrays["train_correct"] |= arrays["masks"]  # so that some are memorized
    arrays["test_correct"][:, 0] = arrays["masks"][:, 0]  # the one pair that is surely there
    arrays["train_correct"][:, 0] = arrays["masks"][:, 0]
    np.savez(tmp_path / "a.npz", **arrays)

    assert run.main(["estimate", "--arrays", str(tmp_path / "a.npz"), "--out", str(tmp_path / "out")]) == 0

    found, pairs = np.load(tmp_path / "out" / "estimates.npz"), np.load(tmp_path / "out" / "pairs.npz")
    paired = complementary_memorization(arrays["masks"], arrays["train_correct"])
    np.testing.assert_array_equal(found["tr_mem_stderr"], paired.stderr)
    assert (pairs["tr_idx"][0], pairs["tt_idx"][0]) == (0, 0)
    np.testing.assert_allclose(pairs["p_value"][0], 0.5**15)
    np.testing.assert_allclose(pairs["q_value"][0], 0.5**15 * pairs["num_candidates"])
    classes, test_classes = arrays["train_labels"], arrays["test_labels"]
    memorized = found["tr_mem"] >= 0.25
    assert pairs["num_candidates"] == (memorized[:, None] & (classes[:, None] == test_classes)).sum()


@pytest.mark.parametrize(
    "names",
    [
        {"keep": "masks", "correctness": "train_correct", "correct_test": "test_correct", "y_train": "train_labels"},
        {"trainset_mask": "masks", "trainset_correctness": "train_correct", "testset_correctness": "test_correct"},
        {"memberships": "masks", "tr_labels": "train_labels", "tt_labels": "test_labels"},
    ],
)
def test_the_names_of_others_mean_the_same(names):
    arrays = world()
    renamed = arrays | {name: arrays[meaning] for name, meaning in names.items()}
    for meaning in names.values():
        del renamed[meaning]

    for got, expected in zip(outcomes_of(renamed)[1], outcomes_of(arrays)[1], strict=True):
        np.testing.assert_equal(got, expected)


def test_lists_of_rows_are_masks():
    arrays = world()
    lists = {"subset_ids": np.stack([np.flatnonzero(mask) for mask in arrays.pop("masks")])}

    np.testing.assert_array_equal(outcomes_of(arrays | lists)[1].masks, world()["masks"])


def test_kinds_of_zero_and_one_and_other_outcomes():
    arrays = world()
    margins = np.random.default_rng(1).normal(size=(30, 12)).astype(np.float16)
    given = {name: array.astype(np.uint8) for name, array in arrays.items()} | {"margins": margins}

    _, outcomes = outcomes_of(given)

    assert outcomes.train["correct"].dtype == bool
    np.testing.assert_array_equal(outcomes.train["margin"], margins.astype(np.float32))


def test_without_labels_and_without_test_examples(tmp_path):
    arrays = world()
    np.savez(tmp_path / "a.npz", masks=arrays["masks"], correct=arrays["train_correct"])

    assert run.main(["estimate", "--arrays", str(tmp_path / "a.npz"), "--out", str(tmp_path / "out")]) == 0

    assert np.load(tmp_path / "out" / "estimates.npz")["infl_matrix_class0"].shape == (12, 0)
    assert "30, trained elsewhere" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"masks": None}, "there is no masks; give it under one of the names: masks, mask, keep"),
        ({"train_correct": None}, "there is no train_correct"),
        ({"keep": np.ones((30, 12), bool)}, "masks and keep both mean masks"),
        ({"masks": np.ones((12, 30), bool)}, "one of them transposed"),
        ({"masks": np.full((30, 12), 2)}, "other than 0 and 1"),
        ({"test_correct": np.ones((29, 8))}, r"expected \(30, examples\)"),
        ({"test_probability": np.ones((30, 9))}, "different lengths"),
        ({"train_probability": np.ones((30, 11))}, "expected the same"),
        ({"train_labels": np.arange(11)}, "train has 12 inputs and 11 labels; expected one label per input"),
        ({"train_labels": np.full(12, 0.5)}, "train label 0.5 of row 0 is no class; expected text, whole numbers or"),
        ({"test_labels": np.array(["a"] * 8)}, "train labels are int64 and test labels are <U1; give both the same"),
        ({"test_labels": None}, "train_labels are given without test_labels; give both, or neither"),
        ({"indices": np.ones((30, 3), int)}, "masks and indices both say what a model trained on"),
        ({"train_correct": np.full((30, 12), np.nan)}, "not finite"),
        ({"masks": None, "indices": np.full((30, 3), 12)}, "expected rows 0 to 11"),
        ({"masks": None, "indices": np.ones((30, 3))}, "expected whole numbers"),
    ],
)
def test_what_does_not_fit_is_named(change, words, tmp_path, capsys):
    arrays = {name: array for name, array in (world() | change).items() if array is not None}
    with pytest.raises(InputError, match=words):
        outcomes_of(arrays)
    np.savez(tmp_path / "a.npz", **arrays)

    assert run.main(["estimate", "--arrays", str(tmp_path / "a.npz"), "--out", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("train_correct", [-1.0, 1.0], "from -1 to 1; expected only 0 and 1; for -1 and [+]1 give values > 0"),
        ("train_correct", [0.2, 0.9], "if these are probabilities of the label, call the array train_probability"),
        ("train_correct", [-0.4, 1.7], "from -0.4 to 1.7; expected only 0 and 1; give True where the model is right"),
        ("test_probability", [0.0, 1.7], "test_probability holds numbers from 0 to 1.7; expected the probability"),
        ("train_correct", [3, 7], "whole numbers from 3 to 7; expected 0 and 1 for correctness. For predicted classes"),
    ],
)
def test_scores_out_of_their_range_are_refused(name, values, words):
    masks = np.random.default_rng(0).random((10, 4)) < 0.5
    arrays = {"masks": masks, "train_correct": masks}
    arrays[name] = np.resize(np.array(values), (10, 4))

    with pytest.raises(InputError, match=words):
        outcomes_of(arrays)


def test_rounding_beyond_a_range_is_no_error():
    masks = np.random.default_rng(0).random((10, 4)) < 0.5
    probability = np.where(masks, 1.0002, 0.3)

    _, found = outcomes_of({"masks": masks, "train_correct": masks, "train_probability": probability})

    np.testing.assert_allclose(found.train["probability"], probability, rtol=1e-6)


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (np.ones((6, 4), bool), "is true everywhere"),
        (np.zeros((6, 4), bool), "is false everywhere"),
        (np.tile([True, True, False, True], (6, 1)), "is the same in every row"),
    ],
)
def test_subsets_that_compare_nothing_are_refused(masks, words):
    with pytest.raises(InputError, match=words):
        outcomes_of({"masks": masks, "train_correct": masks})
