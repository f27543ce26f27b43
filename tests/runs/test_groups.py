"""Runs whose subsets are drawn by group: from arrays, tables and files, opened again, extended and exported."""

import numpy as np
import pandas
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import of_groups

QUICK = {"num_models": 12, "epochs": 2, "model": "mlp:8", "subset_fraction": 0.5, "pack_size": 6, "progress": False}


def examples(seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(60, 4)).astype(np.float32)
    return inputs, (inputs[:, 0] > 0).astype(int), np.repeat([f"w{number:02}" for number in range(20)], 3)


def frame():
    inputs, labels, writers = examples()
    return pandas.DataFrame(inputs, columns=list("abcd")).assign(label=labels, writer=writers)


def test_arrays_are_trained_by_group_opened_and_extended(tmp_path):
    inputs, labels, writers = examples()

    result = memjax.fit(inputs, labels, inputs[:9], labels[:9], groups=writers, run=tmp_path / "run", **QUICK)

    outcomes = result.outcomes
    expected = of_groups(writers, outcomes.masks, outcomes.train["correct"])
    assert result.groups["group"].tolist() == sorted(set(writers))
    np.testing.assert_array_equal(result.groups["memorization"], expected.columns()["memorization"])
    influence = memjax.influence(expected.masks, outcomes.test["correct"])
    np.testing.assert_array_equal(result.group_influence.value, influence.value)
    again = memjax.open(tmp_path / "run")
    pandas.testing.assert_frame_equal(again.groups, result.groups)
    more = again.extend(18, progress=False)
    assert (more.groups["num_in"] + more.groups["num_out"] == 18).all()


def test_the_groups_are_a_part_of_the_run(tmp_path):
    inputs, labels, writers = examples()
    memjax.fit(inputs, labels, groups=writers, run=tmp_path / "run", **QUICK)

    for other in ({}, {"groups": np.roll(writers, 1)}):
        with pytest.raises(InputError, match=r"made for another run.*groups_sha256"):
            memjax.fit(inputs, labels, run=tmp_path / "run", **QUICK, **other)
    memjax.fit(inputs, labels, groups=writers, run=tmp_path / "run", **QUICK)


@pytest.mark.parametrize("apart", [False, True])
def test_a_column_is_no_feature(apart):
    table = frame()
    given = (table.drop(columns="label"), table["label"]) if apart else (table,)
    how = {} if apart else {"target": "label", "test_fraction": 0.0}

    result = memjax.fit(*given, groups="writer", **QUICK, **how)

    assert result.dataset.input_shape == (4,)
    assert result.groups["size"].tolist() == [3] * 20


@pytest.mark.ci
def test_a_file_has_the_groups_of_a_named_data_set(tmp_path):
    np.save(tmp_path / "groups.npy", np.arange(1437) // 2)
    few = QUICK | {"per_class": 6, "run": tmp_path / "run"}

    result = memjax.fit("digits", groups=str(tmp_path / "groups.npy"), **few)

    assert result.groups["group"].tolist() == np.unique(result.dataset.train_ids // 2).tolist()
    (tmp_path / "groups.npy").unlink()
    assert len(memjax.open(tmp_path / "run").groups) == len(result.groups)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (["a"] * 59, r"groups have shape \(59,\); expected one for each of 60"),
        ([None, *["a", "b"] * 29, "c"], "groups lack 1 of 60 values, the first in row 0"),
        ("nowhere.npy", "nowhere.npy does not exist"),
        (["a"] * 60, "puts all 60 training examples into one group"),
    ],
)
def test_groups_that_cannot_be_used_are_refused(groups, words):
    inputs, labels, _ = examples()

    with pytest.raises(InputError, match=words):
        memjax.fit(inputs, labels, groups=groups, **QUICK)


def test_a_run_by_example_says_that_it_has_no_groups():
    inputs, labels, _ = examples()

    with pytest.raises(InputError, match="subsets of this run were drawn by example; give groups="):
        memjax.fit(inputs, labels, **QUICK).groups  # noqa: B018


def test_groups_beside_a_table_are_named_by_their_column():
    with pytest.raises(InputError, match="give the name of a column"):
        memjax.fit(frame(), target="label", groups=frame()["writer"], **QUICK)
    with pytest.raises(InputError, match="--groups"):
        memjax.fit(frame(), target="label", groups="author", **QUICK)


@pytest.mark.ci
def test_the_exported_tables_have_the_groups(tmp_path):
    from memjax.runs.publish import export

    result = memjax.fit(frame(), target="label", groups="writer", test_fraction=0.2, **QUICK)
    export(result, tmp_path / "out", "csv")

    table = pandas.read_csv(tmp_path / "out" / "groups.csv")
    np.testing.assert_allclose(table["memorization"], result.groups["memorization"])
    columns = pandas.read_csv(tmp_path / "out" / "columns.csv")
    assert set(columns[columns["table"] == "groups"]["column"]) == set(table.columns)
