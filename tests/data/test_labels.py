"""Labels of any kind are encoded once, and the user's own values come back."""

import numpy as np
import pandas as pd
import pytest

from memjax.data.targets import encode_labels
from memjax.errors import InputError


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["dog", "cat", "dog"], ["cat", "dog"]),
        (np.array([b"b", b"a", b"b"]), ["a", "b"]),
        ([3, 1, 3], [1, 3]),
        (np.array([7, -1, 7], np.int8), [-1, 7]),
        (np.array([2**32 + 1, 2**32, 2**32 + 1], np.uint64), [2**32, 2**32 + 1]),
        ([True, False, True], [False, True]),
        (np.array([2.0, 1.0, 2.0]), [1, 2]),
        (np.array([[2], [1], [2]]), [1, 2]),
        (np.array(["y", "x", "y"], object), ["x", "y"]),
        (pd.Series([10, 5, 10]), [5, 10]),
        (pd.Series(["lo", "hi", "lo"], dtype="string"), ["hi", "lo"]),
        (pd.Series([True, False, True], dtype="boolean"), [False, True]),
    ],
)
def test_every_kind_comes_back_as_it_was(labels, classes):
    encoded = encode_labels(labels)

    assert encoded.classes.tolist() == classes
    assert encoded.classes[encoded.train].tolist() == np.ravel(pd.Series(np.ravel(labels)).map(_plain)).tolist()
    assert encoded.train.tolist() == [1, 0, 1]
    assert encoded.test.size == 0


def test_categories_keep_their_order_and_unused_ones_are_left_out():
    labels = pd.Categorical(["low", "high", "mid"], categories=["low", "mid", "never", "high"])

    encoded = encode_labels(labels, pd.Series(["high"]))

    assert encoded.classes.tolist() == ["low", "mid", "high"]
    assert encoded.train.tolist() == [0, 2, 1]
    assert encoded.test.tolist() == [2]


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (["a", "b"], ["c"], "test label 'c' of row 0 has no training example"),
        (["a", "b"], [1], "train labels are <U1 and test labels are int64; give both the same type"),
        ([0.5, 1], None, "train label 0.5 of row 0 is no class; expected text"),
        ([1.0, np.nan], None, "train label of row 1 is missing"),
        (np.array(["a", None], object), None, "train label of row 1 is missing"),
        (np.array(["a", 1], object), None, "a mixture of int, str"),
        (np.array([True, 1], object), None, "a mixture of bool, int"),
        (np.eye(3), None, r"give labels.argmax\(1\)"),
        (np.array(["2026-01-01", "2026-01-02"], "datetime64[D]"), None, "expected text, whole numbers or booleans"),
    ],
)
def test_labels_that_are_no_classes_are_refused(train, test, words):
    with pytest.raises(InputError, match=words):
        encode_labels(train, test)


def _plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return int(value) if isinstance(value, float) else value
