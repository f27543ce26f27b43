"""Scores of other programs: which way round they are, whose they are, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from memjax.errors import InputError
from memjax.exchange.score_files import read_scores

SCORES = np.arange(12.0).reshape(4, 3)
IDS, TEST_IDS = np.array(["a", "b", "c", "d"]), np.array([10, 20, 30])


def read(source):
    return read_scores(source, IDS, TEST_IDS)


@pytest.mark.parametrize("kind", ["npy", "npz", "csv", "parquet", "npz by name"])
def test_every_kind_of_file_gives_the_same(tmp_path, kind):
    path, order = tmp_path / f"scores.{kind.split()[0]}", [2, 0, 3, 1]
    frame = pd.DataFrame(SCORES[order], columns=["10", "20", "30"]).assign(id=IDS[order])
    if kind == "npy":
        np.save(path, SCORES)
    elif kind == "npz":
        np.savez(path, influence=SCORES)
    elif kind == "npz by name":
        own = np.array([1.0, 2, 3, 4])
        np.savez(path, scores=SCORES[order][:, ::-1], train_ids=IDS[order], test_ids=TEST_IDS[::-1], self_influence=own)
        found = read(path)
        np.testing.assert_array_equal(found.self_influence, [2, 4, 1, 3])
        np.testing.assert_array_equal(found.tests, [2, 1, 0])
        np.testing.assert_array_equal(found.values[:, ::-1], SCORES)
        return
    else:
        getattr(frame, f"to_{kind}")(path, index=False)

    found = read(str(path))

    np.testing.assert_array_equal(found.values, SCORES)
    np.testing.assert_array_equal(found.tests, [0, 1, 2])
    assert ("name" in found.said) == (kind in ("csv", "parquet"))


def test_a_matrix_the_other_way_round_is_turned_and_that_is_said():
    found = read(SCORES.T)

    np.testing.assert_array_equal(found.values, SCORES)
    assert "(test, train), turned" in found.said
    square = read_scores(np.ones((3, 3)), np.arange(3), np.arange(3))
    assert "square, so rows are taken for training examples" in square.said


def test_some_test_examples_by_name():
    found = read({"scores": SCORES[:, [2]], "test_ids": np.array([30])})

    np.testing.assert_array_equal(found.tests, [2])
    np.testing.assert_array_equal(found.values, SCORES[:, [2]])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SCORES[:, :2], r"shape \(4, 2\); expected \(4, 3\)"),
        (SCORES[0], "expected numbers"),
        (np.where(SCORES == 5, np.nan, SCORES), "not finite"),
        ({"a": SCORES, "b": SCORES}, "expected one named scores"),
        ({"scores": SCORES, "train_ids": np.array(list("abcx"))}, "does not have, such as 'x'"),
        ({"scores": SCORES, "train_ids": np.array(list("abcc"))}, "1 training examples more than once"),
        ({"scores": SCORES[:2], "train_ids": np.array(list("ab"))}, "of 2 training examples, the run has 4"),
        ({"scores": SCORES, "self_influence": np.ones(3)}, r"shape \(3,\); expected \(4,\)"),
        ("scores.pt", r"np.save\(FILE, scores.numpy\(\)\)"),
        ("missing.npy", "does not exist"),
    ],
)
def test_what_cannot_be_used_is_refused_with_words(source, words):
    with pytest.raises(InputError, match=words):
        read(source)
