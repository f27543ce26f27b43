"""Sequences of tokens: from arrays and from text."""

import numpy as np
import pytest

from memjax.config.specs import DataSpec, TableSpec
from memjax.data import load_dataset
from memjax.data.in_memory import from_arrays
from memjax.data.readers.text import load_text
from memjax.data.tokens import sequence_texts
from memjax.errors import InputError

ROWS = np.array([[1, 2, 3, 0], [4, 4, -1, -1], [2, 0, 1, -1]])


def loaded(inputs, targets=None, *test, **options):
    given = from_arrays(inputs, targets, *test, task="tokens")
    return load_dataset(DataSpec("saved:x", task="tokens", **options), given.dataset)


def test_targets_are_the_inputs_moved_by_one_and_padding_does_not_count():
    found = loaded(ROWS, None, ROWS[:1])

    np.testing.assert_array_equal(found.train_inputs, [[1, 2, 3], [4, 4, 0], [2, 0, 1]])
    np.testing.assert_array_equal(found.train_targets, [[2, 3, 0], [4, -1, -1], [0, 1, -1]])
    assert found.train_inputs.dtype == found.train_targets.dtype == np.int32
    assert len(found.tokens) == 5
    assert found.num_test == 1
    assert found.kinds == "sequences (vocabulary 5)"


def test_padding_that_is_an_id_stays_in_the_inputs():
    found = loaded(np.where(ROWS < 0, 5, ROWS), padding=5, vocabulary=9)

    np.testing.assert_array_equal(found.train_inputs[1], [4, 4, 5])
    np.testing.assert_array_equal(found.train_targets[1], [4, -1, -1])
    assert len(found.tokens) == 9


def test_a_target_for_each_sequence_is_that_of_its_last_token():
    found = loaded(np.array([[0, 1], [1, 1]]), np.array([1, 2]))

    np.testing.assert_array_equal(found.train_targets, [[-1, 1], [-1, 2]])
    assert len(found.tokens) == 3


def test_moved_rows_are_guessed_to_be_tokens_and_others_are_not():
    assert from_arrays(ROWS[:, :-1], ROWS[:, 1:]).dataset.task == "tokens"
    with pytest.raises(InputError, match="one label per example"):
        from_arrays(ROWS[:, :-1], ROWS[:, :-1])


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        ([[1, 2], [3]], {}, "train sequences have 1 to 2 tokens; expected one length"),
        (ROWS - 1, {}, "inputs of row 1 hold -2; expected ids from 0 to 3, or -1 for padding"),
        (ROWS, {"vocabulary": 4}, "inputs of row 1 hold 4; expected ids from 0 to 3"),
        (ROWS * 1.0, {}, r"are float64 \(3, 4\); expected whole numbers"),
        (ROWS[:, ::-1], {}, "padding before a token; move it to the end"),
        ([[1, -1, -1], [1, 2, 3]], {}, r"targets of row 0 have no token \(1 such rows\)"),
        ([[2**30, 1], [1, 2]], {}, "expected ids below"),
        (ROWS[:, :1], {}, "expected rows of two tokens or more"),
        (ROWS, {"corrupt": ("random-inputs=0.5",)}, "--corrupt does not take sequences .vocabulary 5"),
    ],
)
def test_bad_tokens_are_refused_in_words(inputs, options, words):
    with pytest.raises(InputError, match=words):
        loaded(inputs, **options)


def test_targets_of_another_length_are_refused():
    with pytest.raises(InputError, match="expected a target for each token, or for each sequence"):
        loaded(ROWS[:, :3] % 5, ROWS[:, :2] % 5)


LINES = ["abba", "", "cab", "a much longer line \u00e9", "b"]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "some.txt").write_text("\n".join(LINES), encoding="utf-8")
    return tmp_path / "some.txt"


@pytest.mark.parametrize("tokens", ["characters", "bytes"])
def test_lines_come_back_as_texts(file, tokens):
    found = load_text(str(file), DataSpec(f"text:{file}", tokens=tokens), TableSpec(test_fraction=0.0))

    dataset = load_dataset(DataSpec(f"text:{file}", tokens=tokens), found.dataset)
    texts = sequence_texts(dataset, "train").tolist()
    assert texts[:2] == ["abba", "cab"]
    assert texts[2].startswith("a much longer line ")
    assert found.own_ids.tolist() == ["1", "3", "4", "5"]
    assert (dataset.train_inputs[:, 0] == 0).all()  # the line break before the line, and after it
    assert dataset.train_targets[0].tolist()[4:6] == [0, -1]
    assert not found.notices


def test_word_pieces_are_whole_words_where_their_number_allows_it(tmp_path):
    pytest.importorskip("tokenizers")
    (tmp_path / "cats.txt").write_text("the cat sat on the mat\nthe dog sat\nthe cat\n" * 3)

    def lengths_and_first(count):
        spec = DataSpec(f"text:{tmp_path / 'cats.txt'}", tokens=f"pieces:{count}")
        dataset = load_dataset(spec, load_text(str(tmp_path / "cats.txt"), spec, TableSpec(test_fraction=0.0)).dataset)
        assert sequence_texts(dataset, "train").tolist()[:2] == ["the cat sat on the mat", "the dog sat"]
        return (dataset.train_targets >= 0).sum(1)[:3].tolist()

    assert lengths_and_first(100) == [6 + 1, 3 + 1, 2 + 1]  # and the line break that ends the line
    assert lengths_and_first(2) == [23 + 1, 12 + 1, 8 + 1]  # letters and spaces, one before the line


def test_cut_lines_are_told(file):
    found = load_text(str(file), DataSpec(f"text:{file}", length=4), TableSpec(test_fraction=0.25))

    assert "1 of 4 lines are cut off after 4 tokens; --length" in found.notices[0]
    assert found.dataset.train_inputs.shape == (3, 5)
    assert found.dataset.num_test == 1


def test_a_folder_has_its_test_lines_in_files_of_that_name(file):
    (file.parent / "test-1.txt").write_text("abc\ncba\n")

    found = load_text(str(file.parent), DataSpec(f"text:{file.parent}"), TableSpec())

    assert found.own_test_ids.tolist() == ["test-1:1", "test-1:2"]
    assert found.dataset.num_train == 4


def test_text_that_cannot_be_read_is_refused(tmp_path, file):
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfa")
    for place, options, words in [
        ("none.txt", {}, "does not exist; give a file of text"),
        ("bytes.txt", {}, "no UTF-8 text"),
        ("some.txt", {"tokens": "words"}, "--tokens is 'words'; give characters"),
    ]:
        with pytest.raises(InputError, match=words):
            load_text(str(tmp_path / place), DataSpec(f"text:{place}", **options), TableSpec())
    with pytest.raises(InputError, match="--split are for tables"):
        load_text(str(file), DataSpec(f"text:{file}"), TableSpec(split="x"))
    with pytest.raises(InputError, match="are for text:FILE; leave them out for digits"):
        DataSpec("digits", length=3)


def test_word_pieces(file):
    pytest.importorskip("tokenizers")
    found = load_text(str(file), DataSpec(f"text:{file}", tokens="pieces:30"), TableSpec(test_fraction=0.0))

    assert sequence_texts(found.dataset, "train").tolist()[:2] == ["abba", "cab"]


def test_text_is_for_no_other_task(file):
    spec = DataSpec(f"text:{file}", task="regression")

    with pytest.raises(InputError, match=r"has sequences .*; --task regression needs numbers"):
        load_dataset(spec, load_text(str(file), spec, TableSpec()).dataset)
