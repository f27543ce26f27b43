"""Work in pieces: each done by whoever comes to it, and read by all."""

import fsspec
import numpy as np
import pytest

from memjax import store
from memjax.machine.workers import Worker
from memjax.runs.shared_work import FOLDER, Pieces

COUNT = 5


def maker(made):
    def make(number):
        made.append(number)
        return {"squares": np.arange(number) ** 2}

    return make


def found(pieces, made, count=COUNT):
    return [arrays["squares"].tolist() for arrays in pieces.done("squares", count, maker(made))]


EXPECTED = [[], [0], [0, 1], [0, 1, 4], [0, 1, 4, 9]]


def test_alone_nothing_is_laid_down(tmp_path):
    made = []

    assert found(Pieces(tmp_path), made) == EXPECTED
    assert made == list(range(COUNT))
    assert not list(tmp_path.iterdir())


def test_a_piece_is_made_once_its_own_first(tmp_path):
    first, second = [], []

    assert found(Pieces(tmp_path, "a", Worker(1, 2)), first) == EXPECTED
    assert found(Pieces(tmp_path, "a", Worker(0, 2)), second) == EXPECTED
    assert first[:2] == [1, 3]
    assert sorted(first) == list(range(COUNT))
    assert second == []


@pytest.mark.parametrize("of", ["b", "a-2"])
def test_pieces_of_something_else_are_not_looked_at(tmp_path, of):
    made = []
    found(Pieces(tmp_path, "a", Worker(0, 2)), [])

    assert found(Pieces(tmp_path, of, Worker(0, 2)), made) == EXPECTED
    assert sorted(made) == list(range(COUNT))


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-30])])
def test_what_is_gone_or_broken_when_it_is_read_is_made_again(tmp_path, damage):
    pieces, made = Pieces(tmp_path, "a", Worker(0, 2)), []
    found(pieces, [])
    results = pieces.done("squares", COUNT, maker(made))
    first = next(results)
    (path,) = (tmp_path / FOLDER).glob("*-3-5.npz")

    damage(path)

    assert [arrays["squares"].tolist() for arrays in (first, *results)] == EXPECTED
    assert made == [3]


def test_on_an_object_store_another_machine_reads_what_one_has_made(tmp_path, monkeypatch):
    fsspec.filesystem("memory").store.clear()
    made, where = [], "memory://bucket/pieces-of-a-run"
    for number, machine in enumerate(("a", "b")):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / machine))
        assert found(Pieces(store.place(where), "a", Worker(number, 2)), made) == EXPECTED

    assert sorted(made) == list(range(COUNT))


def test_who_may_not_delete_does_without(tmp_path, monkeypatch):
    fsspec.filesystem("memory").store.clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pieces = Pieces(store.place("memory://bucket/pieces-to-clear"), "a", Worker(0, 2))
    pieces.clear()
    found(pieces, [])
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "rm", refuse)

    pieces.clear()

    monkeypatch.undo()
    assert fsspec.filesystem("memory").find("/bucket/pieces-to-clear")


def refuse(*arguments, **options):
    raise PermissionError("not allowed")


def test_clearing_leaves_the_run_alone(tmp_path):
    pieces = Pieces(tmp_path, "a", Worker(0, 2))
    found(pieces, [])
    (tmp_path / "plan.json").write_text("{}")

    pieces.clear()
    pieces.clear()

    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
