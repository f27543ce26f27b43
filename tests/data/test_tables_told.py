"""What is said of a table's columns that may not be what they are taken for, and of how its file is read."""

import numpy as np
import pandas as pd
import pytest

import memjax
from memjax.config.specs import TableSpec
from memjax.data.sources import examples_given
from memjax.data.tables.files import read_table
from memjax.data.tables.take import from_table
from memjax.errors import InputError

RNG = np.random.default_rng(0)
N = 30
LABELS = np.where(RNG.random(N) < 0.5, "yes", "no")


def table(**columns):
    return pd.DataFrame({"a": RNG.normal(size=N), **columns, "y": LABELS})


def told(frame):
    return from_table(frame, TableSpec(target="y", test_fraction=0.0)).notices


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"Unnamed: 0": np.arange(N)}, "column 'Unnamed: 0' has another whole number in each row"),
        ({"id": 2**53 + np.arange(N)}, "if it names the rows, give --id id"),
        ({"share": np.where(np.arange(N) % 2, "10%", "20 %")}, "texts that look like numbers, such as '10%'"),
        ({"cells": [*["?"] * 3, *map(str, range(9)), *["5"] * 18]}, "texts that look like numbers, such as '0'"),
        ({"copy": np.char.upper(LABELS)}, "column 'copy' alone tells the class of each row"),
        ({"code": (LABELS == "yes") * 7}, "column 'code' alone tells the class of each row"),
    ],
)
def test_a_column_that_may_be_something_else_is_told(columns, words):
    said = told(table(**columns))

    assert len(said) == 1
    assert words in said[0]


@pytest.mark.parametrize(
    "columns", [{"n": RNG.integers(0, 9, N)}, {"c": np.resize(["red", "7up", "blue"], N)}, {"x": RNG.normal(size=N)}]
)
def test_usual_columns_are_not_remarked_on(columns):
    assert told(table(**columns)) == ()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            [f"${1000 + row:,}.50" for row in range(N)],
            "30 of its 30 texts look like numbers, such as '$1,000.50'. Write",
        ),
        (
            ["n/k", *(f"{row}.5" for row in range(N - 1))],
            "29 of its 30 texts look like numbers, such as '0.5'; 'n/k' does",
        ),
        ([f"{row} Elm Street" for row in range(N)], "has 30 different texts in 30 rows, more than 20"),
    ],
)
def test_numbers_written_as_many_texts_are_refused_as_such(texts, words):
    with pytest.raises(InputError) as refusal:
        told(table(price=texts))
    assert words in str(refusal.value)


def test_decimal_commas_are_numbers_and_told(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a;b;y\n1,5;x,y;p\n-2,25;z;q\n3;x,y;p\n")

    frame = read_table(f"csv:{path}")

    assert frame["a"].tolist() == [1.5, -2.25, 3]
    assert frame["b"].tolist() == ["x,y", "z", "x,y"]
    assert told(frame)[0] == "commas are decimal points: 1,5 is 1.5"
    assert read_table(f"csv:{path}", as_text=True)["a"].tolist() == ["1,5", "-2,25", "3"]


def test_commas_between_fields_are_no_decimals(tmp_path):
    (tmp_path / "in.csv").write_text("a,b,y\n1,5,p\n2,6,q\n")

    assert read_table(f"csv:{tmp_path / 'in.csv'}")["a"].tolist() == [1, 2]


def test_a_file_in_another_encoding_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "in.csv").write_bytes("a,y\n1,für\n2,wäre\n".encode("latin-1"))

    with pytest.raises(InputError, match=r"in\.csv is not in UTF-8 .*; save it as UTF-8"):
        read_table(f"csv:{tmp_path / 'in.csv'}")


def given(x, y, **more):
    arguments = {"ids": None, "class_names": (), "name": "n", "table": TableSpec(), "seed": 0} | more
    return examples_given(x, y, None, None, **arguments)


def test_labels_with_the_same_index_in_another_order_are_refused():
    frame = table()[["a"]]
    turned = pd.Series(LABELS).iloc[::-1]

    with pytest.raises(InputError, match=r"give y_train\.loc\[x_train\.index\], or y_train\.to_numpy\(\)"):
        given(frame, turned)
    for labels in (turned.loc[frame.index], turned.to_numpy(), turned.set_axis(range(100, 100 + N)), list(LABELS)):
        assert given(frame, labels).dataset.num_train == N


def test_ids_that_name_two_rows_are_refused_and_a_repeated_index_is_no_name():
    with pytest.raises(InputError, match="ids name two training rows b; expected a name for each row"):
        given(np.zeros((3, 2)), [0, 1, 0], ids=["a", "b", "b"])
    with pytest.raises(InputError, match="ids name two training rows 7"):
        given(np.zeros((3, 2)), [0, 1, 0], ids=[7, 7, 5])

    twice = pd.concat([table()[["a"]]] * 2)

    assert given(twice, np.tile(LABELS, 2)).own_ids is None


@pytest.mark.ci
def test_features_far_below_one_are_scaled_like_others():
    x = RNG.normal(size=(N, 3))
    fast = {"num_models": 4, "epochs": 2, "model": "linear", "progress": False}

    plain, small = (memjax.fit(x * size, LABELS, **fast).estimates.mem for size in (1.0, 1e-40))

    np.testing.assert_array_equal(plain, small)
