"""Every way in which a data set cannot be used has its own line."""

import numpy as np
import pytest

from memjax.data.build import check
from memjax.errors import InputError

from .makers import tiny, unchecked


def test_a_good_data_set_passes():
    check(tiny())


def floats(value: float, row: int) -> np.ndarray:
    inputs = np.zeros((6, 2, 2), np.float32)
    inputs[row, 1, 0] = value
    return inputs


TEST_FLOATS = np.zeros((3, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"train_labels": np.array([0, 1], np.int32)}, "train has 6 inputs and 2 labels; expected one label per input"),
        ({"test_labels": np.array([0, 1], np.int32)}, "test has 3 inputs and 2 labels"),
        ({"train_inputs": floats(np.nan, 4), "test_inputs": TEST_FLOATS}, "train example 4 holds NaN or infinity"),
        ({"train_inputs": floats(-np.inf, 0), "test_inputs": TEST_FLOATS}, "train example 0 holds NaN or infinity"),
        ({"train_labels": np.array([0, 1, 2, 3, 1, 2], np.int32)}, "label 3 of train example 3 .* from 0 to 2"),
        ({"test_labels": np.array([0, -1, 2], np.int32)}, "label -1 of test example 1 .* from 0 to 2"),
        ({"train_labels": np.array([0, 1, 0, 0, 1, 0], np.int32)}, r"class 2 \(cat\) has no training example"),
        ({"class_names": ("ant",)}, "tiny has 1 classes; at least 2"),
        ({"train_labels": np.array([0], np.int32)}, "tiny has 1 training examples; at least 2"),
        ({"test_labels": np.array([], np.int32)}, "test has 3 inputs and 0 labels"),
        ({"train_inputs": np.zeros(6)}, r"train inputs have shape \(6,\)"),
        ({"train_inputs": np.zeros((6, 1, 1, 1, 1))}, r"train inputs have shape \(6, 1, 1, 1, 1\)"),
        (
            {"test_inputs": np.zeros((3, 2, 3), np.uint8)},
            r"train inputs are uint8 \(2, 2\), test inputs uint8 \(2, 3\)",
        ),
        ({"test_inputs": np.zeros((3, 2, 2), np.float32)}, "train inputs are uint8 .* test inputs float32"),
        ({"train_inputs": np.zeros((6, 0, 2))}, "nothing in it"),
        ({"train_inputs": np.full((6, 2), "a")}, "train inputs are <U1; expected numbers"),
    ],
)
def test_unusable_data_are_refused_in_one_line(changes, expected):
    with pytest.raises(InputError, match=expected) as caught:
        check(unchecked(tiny(), **changes))
    assert "\n" not in str(caught.value)


def test_an_example_is_named_by_its_row_in_the_source():
    dataset = tiny(train_inputs=floats(np.nan, 4), test_inputs=TEST_FLOATS, train_ids=np.arange(6) * 10)

    with pytest.raises(InputError, match="train example 40 holds NaN"):
        check(dataset)
