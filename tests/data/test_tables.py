"""Tables: what each kind of column becomes, which rows are for testing, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import memjax
from memjax import run
from memjax.config.specs import TableSpec
from memjax.data.in_memory import read, save
from memjax.data.tables.columns import encode, understand
from memjax.data.tables.files import read_table
from memjax.data.tables.take import drawn, drawn_groups, from_table, named
from memjax.errors import InputError

TARGET = TableSpec(target="y", test_fraction=0.0)
CSV = """id;age;colour;member;seen;y
007;1,5;red;true;2020-01-01;yes
008;2;blue;false;2020-01-03;no
009;3;red;true;2020-01-02;yes
010;4;;false;2020-01-11;no
"""


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "y": ["no", "yes", "no", "yes"]} | columns)


def test_each_kind_of_column_becomes_the_numbers_it_should(tmp_path):
    (tmp_path / "t.csv").write_text(CSV.replace("1,5", "1.5"))

    data = from_table(read_table(f"csv:{tmp_path / 't.csv'}", "id"), TableSpec(target="y", id="id", test_fraction=0.0))

    assert data.own_ids.tolist() == ["007", "008", "009", "010"]
    assert data.classes.tolist() == ["no", "yes"]
    assert data.table.names == ["age", "colour", "member", "seen"]
    np.testing.assert_array_equal(
        data.dataset.train_inputs,
        [  # age, colour: (missing), blue, red; member; days since the first
            [1.5, 0, 0, 1, 1, 0],
            [2.0, 0, 1, 0, 0, 2],
            [3.0, 0, 0, 1, 1, 1],
            [4.0, 1, 0, 0, 0, 10],
        ],
    )
    assert data.table.train[1].tolist() == ["red", "blue", "red", "(missing)"]


def test_whole_numbers_stay_whole_numbers():
    data = from_table(frame(a=[1, 2, 3, 4]), TARGET)

    assert data.dataset.train_inputs.dtype.kind == "i"


def test_test_rows_are_encoded_as_the_training_rows_say():
    train = pd.DataFrame({"c": ["x", "y", "x"]})

    np.testing.assert_array_equal(
        encode(understand(train), pd.DataFrame({"c": ["y", "new"]}), "test"), [[0, 1], [0, 0]]
    )


@pytest.mark.parametrize(
    ("table", "spec", "words"),
    [
        (frame(), TableSpec(), r"give --target COLUMN, one of: a, y"),
        (frame(), TableSpec(target="b"), r"--target 'b' is not known; choose one of: a, y"),
        (frame(), TableSpec(target="y", drop=("b",)), "--drop 'b' is not known"),
        (frame(i=[1, 1, 2, 3]), TableSpec(target="y", id="i"), "names two rows '1'"),
        (frame(a=[1.0, np.nan, 3, np.nan]), TARGET, r"column 'a' of the train inputs lacks 2 of 4 values.*--drop a"),
        (
            frame(d=["2020-01-01", None, "2020-01-02", "2020-01-03"]),
            TARGET,
            "'d' of the train inputs lacks 1 of 4",
        ),
        (frame(y=["no", None, "no", "yes"]), TARGET, "column 'y' lacks 1 of 4 labels"),
        (frame(y=[0.5, 1.5, 2.5, np.inf]), TARGET, "regression"),
        (frame(n=[[1], [2], [3], [4]]), TARGET, "column 'n' of the train inputs holds a list"),
        (frame().drop(columns="a"), TARGET, "have no column"),
        (
            pd.DataFrame({"name": [f"n{row}" for row in range(30)], "y": [0, 1] * 15}),
            TARGET,
            "has 30 different texts in 30 rows.*--drop name.*--id name",
        ),
        (frame(s=["train", "train", "testing", "maybe"]), TableSpec(target="y", split="s"), "says 'maybe'"),
        (frame(s=["test"] * 4), TableSpec(target="y", split="s"), "some must say train"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(table, spec, words):
    with pytest.raises(InputError, match=words):
        from_table(table, spec)


def test_what_tells_nothing_twice_or_in_time_is_said():
    table = frame(b=[1.0, 2.0, 3.0, 4.0], c=[5, 5, 5, 5], seen=pd.to_datetime(["2020-01-01"] * 3 + ["2020-02-01"]))

    said = " ".join(from_table(table, TARGET).notices)

    assert "column 'c' has one value" in said
    assert "'b' = 'a'" in said
    assert "column 'seen' became days" in said


def test_the_drawn_rows_are_a_share_of_each_class_and_leave_one_of_each():
    labels = np.repeat([0, 1, 2], [50, 10, 1])

    test, words = drawn(labels, 0.2, 3, range(61))

    assert np.bincount(labels[test], minlength=3).tolist() == [10, 2, 0]
    assert words.startswith("12 of 61 rows were drawn for testing, 20% of each class")
    assert np.array_equal(test, drawn(labels, 0.2, 3, range(61))[0])
    assert not np.array_equal(test, drawn(labels, 0.2, 4, range(61))[0])


def test_corrected_and_left_out_rows_leave_the_other_rows_on_their_sides():
    labels, names = np.arange(400) % 2, np.array([f"P{row}" for row in range(400)])
    corrected, left = labels.copy(), np.arange(400) % 50 != 7
    corrected[:6] = 1 - corrected[:6]

    before, after = (drawn(given, 0.2, 0, names)[0] for given in (labels, corrected))
    fewer, _ = drawn(labels[left], 0.2, 0, names[left])

    # A correction moves at most the row itself and one other of each class; so does a row that is left out.
    assert (before != after).sum() <= 3 * 6
    assert (before[left] != fewer).sum() <= 2 * 8
    assert before.sum() == after.sum() == 80


def test_a_column_splits_the_rows():
    assert named(pd.Series([0.0, 1.0, 0.0], name="s")).tolist() == [False, True, False]
    data = from_table(frame(s=["train", "Train", "test", "valid"]), TableSpec(target="y", split="s"))

    assert (data.dataset.num_train, data.dataset.num_test) == (2, 2)
    assert "2 for training, 2 for testing" in data.notices[0]


def test_the_run_folder_gives_the_table_back(tmp_path):
    data = from_table(frame(c=list("pqpq")), TableSpec(target="y", split=""))
    save(tmp_path, data)

    found = read(tmp_path)

    assert found.table.names == ["a", "c"]
    for side in ("train", "test"):
        for now, before in zip(getattr(found.table, side), getattr(data.table, side), strict=True):
            np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,y\n", "0 rows below its header"),
        (b"PK\x03\x04rest", "is no text"),
        (b"a,y\n\xff\xfe,1\n2,3\n", "is not in UTF-8"),
        (b"", "cannot be read"),
        (b"a,b,y\n1,2,3\n1,2,3,4,5\n", "cannot be read"),
    ],
)
def test_files_that_are_no_table_are_refused(tmp_path, content, words):
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(InputError, match=words):
        read_table(f"csv:{tmp_path / 't.csv'}")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_none_is_a_word(tmp_path, delimiter):
    (tmp_path / "t.csv").write_text("\n".join(delimiter.join(row) for row in [["a", "y"], ["1", "None"], ["2", "b"]]))

    assert read_table(f"csv:{tmp_path / 't.csv'}")["y"].tolist() == ["None", "b"]


@pytest.mark.ci
def test_parquet_pandas_polars_and_pyarrow_are_one_run(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc")).assign(y=rng.choice(["p", "q"], 60))
    table.to_parquet(tmp_path / "t.parquet")
    quick = {"target": "y", "num_models": 8, "epochs": 2, "model": "mlp:4", "progress": False}

    first = memjax.fit(table, run=tmp_path / "run", name="t.parquet", **quick)
    again = [
        memjax.fit(pyarrow.Table.from_pandas(table), run=tmp_path / "run", name="t.parquet", **quick),
        memjax.fit(f"parquet:{tmp_path / 't.parquet'}", run=tmp_path / "run", **quick),
    ]

    assert first.trained == 8
    assert [result.trained for result in again] == [0, 0]
    assert memjax.open(first.folder).ids.tolist() == first.ids.tolist()


def test_describe_says_what_is_understood_and_trains_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    rows = [f"n{row},{row % 7},{'p' if row % 2 else 'q'}" for row in range(50)]
    (tmp_path / "t.csv").write_text("\n".join(["name,size,kind", *rows]))
    named = ["--target", "kind", "--id", "name", "--run", str(tmp_path / "run")]

    command = ["describe", f"csv:{tmp_path / 't.csv'}", *named, "--plan", "--models-per-second", "5"]
    assert run.main(command) == 0

    said = capsys.readouterr().out
    for words in ("t.csv: 40 training and 10 test examples", "2: p 20, q 20", "1: size", "10 of 50 rows were drawn"):
        assert words in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((frame()[["a"]], [0, 1, 0, 1]), {"drop": ("a",)}, "for a table that holds its labels"),
        ((np.zeros((4, 2)), [0, 1, 0, 1]), {"target": "y"}, "for a table that holds its labels"),
        ((frame(),), {"target": "y", "ids": [1, 2, 3, 4]}, "give id=COLUMN instead of ids"),
        ((frame(s=["train"] * 4), None, frame()), {"target": "y", "split": "s"}, "is given beside x_test"),
    ],
)
def test_no_option_of_a_table_is_left_out_in_silence(arguments, options, words):
    with pytest.raises(InputError, match=words):
        memjax.fit(*arguments, **options)


def test_texts_that_only_test_rows_have_are_told():
    table = frame(c=["p", "q", "p", "new"], s=["train", "train", "train", "test"], y=["no", "yes", "no", "yes"])

    said = " ".join(from_table(table, TableSpec(target="y", split="s")).notices)

    assert "1 test rows have a text in column 'c' that no training row has" in said


def of_patients(seed=0):
    """Twelve rows of six patients, in no order of theirs."""
    patients = np.array(["b", "a", "c", "a", "f", "d", "b", "e", "c", "d", "f", "e"])
    return pd.DataFrame({"a": np.arange(12.0), "patient": patients, "y": ["no", "yes"] * 6})


@pytest.mark.parametrize("seed", range(5))
def test_the_rows_of_a_group_are_all_for_training_or_all_for_testing(seed):
    data = from_table(of_patients(), TableSpec(target="y", test_fraction=0.4), seed, groups="patient")
    patients = of_patients()["patient"].to_numpy()

    train, test = (set(patients[side]) for side in (data.own_ids, data.own_test_ids))
    assert not train & test
    assert data.dataset.num_test == 4  # two patients of two rows: round(.4 x 12) is 5, and there is no patient of one
    assert any("4 of 12 rows, all of 2 of 6 groups, were drawn for testing" in said for said in data.notices)
    assert data.groups.tolist() == patients[data.own_ids].tolist()
    assert data.table.names == ["a"]


def test_a_group_with_the_last_rows_of_a_class_stays_for_training():
    groups, labels = np.array([0, 0, 1, 1, 2, 2]), np.array(["x", "x", "y", "y", "y", "y"])

    for seed in range(6):
        test, _ = drawn_groups(labels, 0.9, seed, groups)
        assert test.tolist() in ([False] * 4 + [True] * 2, [False] * 2 + [True] * 2 + [False] * 2)


def test_other_groups_leave_the_order_of_those_that_stay():
    few, _ = drawn_groups(np.zeros(8), 0.5, 3, np.arange(8) // 2)
    more, _ = drawn_groups(np.zeros(16), 0.5, 3, np.arange(16) // 2)

    order = [few[2 * number] for number in range(4)]
    assert sum(order) == 2
    assert more.sum() == 8


def test_a_column_that_splits_a_group_is_told():
    table = of_patients().assign(side=["train"] * 10 + ["test"] * 2)
    data = from_table(table, TableSpec(target="y", split="side"), groups="patient")

    assert any("2 groups have rows for training and rows for testing" in said for said in data.notices)
