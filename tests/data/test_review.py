"""A review becomes a corrected table: only what was decided changes, and only in the table that was reviewed."""

import json

import pandas as pd
import pytest

from memjax import run
from memjax.config.specs import TableSpec
from memjax.data.tables.review import apply_review, read_review
from memjax.errors import InputError

TABLE = "id;x;y\n007;1.50;=a\n008;2.0;b\n009; 3;b\n010;4e0;=a\n"
REVIEW = "id,label,decision,new_label\r\n007,'=a,relabel,b\r\n008,b,drop,\r\n009,b,keep,\r\n010,'=a,unsure,\r\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "review.csv").write_text(REVIEW)
    return tmp_path


def test_labels_change_rows_go_and_every_other_cell_stays_as_it_was(files):
    done = apply_review(
        read_review(files / "review.csv"),
        f"csv:{files / 't.csv'}",
        TableSpec(target="y", id="id"),
        files / "out" / "c.csv",
    )

    assert done == {"relabel": 1, "drop": 1, "keep": 1, "unsure": 1}
    assert (files / "out" / "c.csv").read_text() == "id,x,y\n007,1.50,b\n009, 3,b\n010,4e0,=a\n"
    assert (files / "t.csv").read_text() == TABLE


def test_json_and_row_numbers_say_the_same(files):
    decisions = [{"id": 0, "label": "=a", "decision": "relabel", "new_label": "b"}]
    (files / "review.json").write_text(json.dumps({"memjax_review": 1, "decisions": decisions}))

    apply_review(read_review(files / "review.json"), f"csv:{files / 't.csv'}", TableSpec(target="y"), files / "c.csv")

    assert pd.read_csv(files / "c.csv")["y"].tolist() == ["b", "b", "b", "=a"]


def test_numbers_of_a_parquet_file_stay_numbers(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [1.5, 2.5], "y": [3, 4]}).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "r.csv").write_text("id,label,decision,new_label\n1,4,relabel,3\n")

    source, out = f"parquet:{tmp_path / 't.parquet'}", tmp_path / "c.parquet"
    apply_review(read_review(tmp_path / "r.csv"), source, TableSpec(target="y"), out)

    assert pd.read_parquet(out)["y"].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("review", "words"),
    [
        ("id,label\n1,a\n", "is no review"),
        ("id,label,decision,new_label\n007,=a,burn,\n", "decision 'burn' is not known"),
        ("id,label,decision,new_label\n007,=a,relabel,\n", "has no new_label"),
        ("id,label,decision,new_label\n007,=a,keep,\n007,=a,drop,\n", "decides twice about row '007'"),
        ("id,label,decision,new_label\n7,=a,drop,\n", "has no row '7'"),
        ("id,label,decision,new_label\n007,b,drop,\n", "has label '=a', but the review saw 'b'"),
        ('{"decisions": 3}', "is no review"),
        ('{"decisions": ', "cannot be read"),
    ],
)
def test_what_is_no_review_of_this_table_is_refused(files, review, words, capsys):
    (files / "r").write_text(review)
    command = ["apply", str(files / "r"), "--dataset", f"csv:{files / 't.csv'}", "--target", "y", "--id", "id"]

    assert run.main([*command, "--out", str(files / "c.csv")]) == 2

    assert words in " ".join(capsys.readouterr().err.split())
    assert not (files / "c.csv").exists()


def test_the_original_is_never_written_over(files):
    with pytest.raises(InputError, match="is the original"):
        apply_review([], f"csv:{files / 't.csv'}", TableSpec(target="y"), files / "t.csv")


def test_the_command_says_what_it_did_and_what_comes_next(files, capsys):
    command = ["apply", str(files / "review.csv"), "--dataset", f"csv:{files / 't.csv'}", "--target", "y", "--id", "id"]

    assert run.main([*command, "--out", str(files / "c.csv")]) == 0

    said = capsys.readouterr().out
    assert "1 labels changed, 1 rows left out, 2 left as they were" in said
    assert f"memjax --dataset csv:{files / 'c.csv'} --target y --id id" in said


def test_labels_that_are_read_as_booleans_or_numbers_are_written_as_the_table_writes_them(tmp_path):
    (tmp_path / "t.csv").write_text("x,y,n\n1,true,07\n2,false,3\n3,true,3\n")
    (tmp_path / "r.csv").write_text("id,label,decision,new_label\n0,True,relabel,False\n2,True,keep,\n")
    (tmp_path / "n.csv").write_text("id,label,decision,new_label\n1,3,relabel,7\n")

    apply_review(
        read_review(tmp_path / "r.csv"), f"csv:{tmp_path / 't.csv'}", TableSpec(target="y"), tmp_path / "y.csv"
    )
    apply_review(
        read_review(tmp_path / "n.csv"), f"csv:{tmp_path / 't.csv'}", TableSpec(target="n"), tmp_path / "n2.csv"
    )

    assert (tmp_path / "y.csv").read_text() == "x,y,n\n1,false,07\n2,false,3\n3,true,3\n"
    assert (tmp_path / "n2.csv").read_text() == "x,y,n\n1,true,07\n2,false,07\n3,true,3\n"


def test_booleans_of_a_parquet_file_stay_booleans(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [1, 2], "y": [True, False]}).to_parquet(tmp_path / "t.parquet")
    source, spec = f"parquet:{tmp_path / 't.parquet'}", TableSpec(target="y")
    (tmp_path / "r.csv").write_text("id,label,decision,new_label\n0,True,relabel,False\n")
    (tmp_path / "bad.csv").write_text("id,label,decision,new_label\n0,True,relabel,maybe\n")

    apply_review(read_review(tmp_path / "r.csv"), source, spec, tmp_path / "c.parquet")

    assert pd.read_parquet(tmp_path / "c.parquet")["y"].tolist() == [False, False]
    with pytest.raises(InputError, match="new label 'maybe' is not known"):
        apply_review(read_review(tmp_path / "bad.csv"), source, spec, tmp_path / "d.parquet")
