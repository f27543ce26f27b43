"""Damage is what a checksum says: a block that cannot be read stays where it is.  And what the index may say of it."""

import builtins
import errno
import os
from dataclasses import replace

import numpy as np
import pytest

from memjax import store
from memjax.errors import InputError
from memjax.store.blocks import block_path
from memjax.store.files import LOST
from memjax.store.records import record_path
from tests.faults.folder import begin, make_block, make_plan, same, write

PLAN = make_plan(1).fingerprint


@pytest.fixture
def folder(tmp_path):
    begin(tmp_path / "run", 3)
    for number in range(3):
        write(tmp_path / "run", number)
    return tmp_path / "run"


def failing(monkeypatch, path, number, calls=1):
    """The next opening of this file fails."""
    left, (opened, low) = [calls], (builtins.open, os.open)

    def wrap(real):
        def act(name, *arguments, **options):
            if str(name) == str(path) and left[0]:
                left[0] -= 1
                raise OSError(number, os.strerror(number), str(name))
            return real(name, *arguments, **options)

        return act

    monkeypatch.setattr(builtins, "open", wrap(opened))
    monkeypatch.setattr("io.open", wrap(opened))
    monkeypatch.setattr(os, "open", wrap(low))


@pytest.mark.parametrize("path", [block_path, record_path])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOMEM])
def test_what_cannot_be_read_is_not_damaged_and_stays(folder, monkeypatch, path, number):
    before = sorted(os.listdir(folder / "blocks"))
    for act in (
        lambda: store.read_block(folder, 1),
        lambda: begin(folder, 3),
        lambda: list(store.changed_blocks(folder, store.take_stock(folder, PLAN), range(3))),
        lambda: write(folder, 1),
    ):
        with monkeypatch.context() as patch:
            failing(patch, path(folder, 1), number)
            try:
                act()
            except InputError as problem:
                assert "It may be whole, and stays where it is" in str(problem)  # noqa: PT017
            except OSError as problem:
                assert problem.errno == number  # noqa: PT017
        assert sorted(os.listdir(folder / "blocks")) == before
    assert same(store.read_block(folder, 1), make_block(1))


def test_memory_that_runs_out_while_a_block_is_parsed_is_no_damage(folder, monkeypatch):
    def full(path, check, packed=True):
        raise InputError("cannot be read") from MemoryError()

    monkeypatch.setattr(store.blocks, "read_npz", full)

    with pytest.raises(InputError):
        store.read_block(folder, 1)


def test_the_index_says_what_the_records_say_and_is_not_believed_after_a_change(folder):
    first = store.take_stock(folder, PLAN)
    assert not list(store.changed_blocks(folder, first, range(3)))
    store.write_index(folder, first, PLAN)
    again = store.take_stock(folder, PLAN)
    assert np.array_equal(again.table, first.table)
    assert checked(again) == [0, 1, 2]
    assert again.counts == (9, 0)

    path = block_path(folder, 1)
    content, status = bytearray(path.read_bytes()), path.stat()
    content[100] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # a copy with the old times

    changed = store.take_stock(folder, PLAN)
    assert checked(changed) == [0, 2]
    assert [number for number, _ in store.changed_blocks(folder, changed, range(3))] == [1]
    record_path(folder, 2).unlink()
    assert store.take_stock(folder, PLAN).missing(range(3)) == [2]


def test_an_index_of_another_plan_or_damaged_is_not_used(folder):
    truth = store.take_stock(folder, PLAN)
    forged = replace(truth, table=truth.table.copy())
    forged.table["sha256"][1] = 0
    store.write_index(folder, forged, PLAN)
    assert np.array_equal(store.take_stock(folder, PLAN).table, forged.table)  # it counts while the files are unchanged
    assert len(store.take_stock(folder, "another").table) == 0

    for content in (b"", b"?", (folder / "index.npz").read_bytes()[:-40]):
        (folder / "index.npz").write_bytes(content)
        assert np.array_equal(store.take_stock(folder, PLAN).table, truth.table)
    for rows in ([0, 0, 1], [2, 1, 0]):
        store.write_index(folder, replace(forged, table=forged.table[rows]), PLAN)
        assert np.array_equal(store.take_stock(folder, PLAN).table, truth.table)
    absent = forged.table[[2]]
    absent["number"], absent["stamps"] = 7, [*LOST, *LOST]  # as if the sizes of files that are missing agreed
    store.write_index(folder, replace(forged, table=np.concatenate([truth.table, absent])), PLAN)
    assert np.array_equal(store.take_stock(folder, PLAN).table, truth.table)
    np.savez(folder / "index.npz", plan=np.array(PLAN), number=np.zeros((2, 5)))
    assert np.array_equal(store.take_stock(folder, PLAN).table, truth.table)


def test_what_is_listed_once_is_not_listed_again(folder, monkeypatch):
    store.write_index(folder, store.take_stock(folder, PLAN), PLAN)
    scan, scanned = os.scandir, []
    monkeypatch.setattr(os, "scandir", lambda path: scanned.append(path) or scan(path))
    monkeypatch.setattr("memjax.store.stock.read_record", lambda *_: pytest.fail("a record was read"))

    assert store.take_stock(folder, PLAN).missing(range(4)) == [3]
    assert scanned == [folder / "blocks"]


def checked(stock):
    return stock.table["number"][stock.table["checked"]].tolist()
