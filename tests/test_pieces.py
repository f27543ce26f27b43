"""Work in pieces: each done by whoever comes to it, and read by all."""

import numpy as np
import pytest

from memjax.pieces import FOLDER, Pieces
from memjax.workers import Worker

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


def test_clearing_leaves_the_run_alone(tmp_path):
    pieces = Pieces(tmp_path, "a", Worker(0, 2))
    found(pieces, [])
    (tmp_path / "plan.json").write_text("{}")

    pieces.clear()
    pieces.clear()

    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
