"""Whole runs on an object store: fsspec's memory by default, S3 and Google's protocols where their servers are here."""

import itertools
import os
import signal
import subprocess
import sys
import time

import fsspec
import numpy as np
import pytest

from memjax import run, store
from memjax.store import objects

SMALL = ["--num-models", "12", "--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16"]
SMALL += ["--pack-size", "3"]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    monkeypatch.setattr(objects, "WAITS", ())
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_NUM_CPU_DEVICES", "2")
        assert run.main(["--run", str(folder), *SMALL]) == 0
    return folder


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return lambda name: monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))


def assert_same_run(url, whole):
    """All bytes of blocks and estimates, as they are on the store."""
    system, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    files = [
        file for file in sorted(whole.rglob("*")) if file.suffix in (".npz", ".npy") or file.parent.name == "blocks"
    ]
    assert len(files) == 11
    for file in files:
        assert system.cat_file(f"{path}/{file.relative_to(whole)}") == file.read_bytes(), file
    assert system.isfile(f"{path}/report.html")


def test_a_run_that_lost_its_store_twice_ends_as_the_one_that_was_left_alone(whole, machine, monkeypatch, capsys):
    url, cls, puts = "memory://bucket/run", type(fsspec.filesystem("memory")), itertools.count()
    pipe = cls.pipe_file

    def put(self, path, value, mode="overwrite"):
        if (number := next(puts)) in (4, 7) or number == 5:  # plan, block, record, block ...
            raise OSError("503 slow down")
        pipe(self, path, value, mode)

    monkeypatch.setattr(cls, "pipe_file", put)
    machine("a")
    assert run.main(["--run", url, *SMALL]) == 2
    assert "what was computed is kept on this machine" in capsys.readouterr().err
    assert run.main(["--run", url]) == 2  # it cannot even put what was kept
    assert run.main(["--run", url]) == 2
    machine("b")
    assert run.main(["--run", url, "--worker", "1/2"]) == 0
    machine("a")
    assert run.main(["--run", url]) == 0

    assert_same_run(url, whole)
    out = capsys.readouterr().out
    assert f"{url}/report.html" in out
    assert run.main(["verify", url]) == 0
    assert "4 are whole, of 4 that 12 models need" in capsys.readouterr().out


def test_commands_that_look_and_the_second_time_nothing_is_downloaded(whole, machine, monkeypatch, capsys):
    url = "memory://bucket/run"
    system = fsspec.filesystem("memory")
    for file in sorted(path for path in whole.rglob("*") if path.is_file()):
        system.pipe_file(f"/bucket/run/{file.relative_to(whole)}", file.read_bytes())
    machine("a")

    assert run.main(["status", url]) == 0
    assert "12 of 12 trained" in capsys.readouterr().out
    assert run.main(["report", url]) == 0
    assert capsys.readouterr().out == f"{url}/report.html\n"
    assert run.main(["--run", url]) == 0
    assert store.verify
    got = []
    real = objects.get_file
    monkeypatch.setattr(objects, "get_file", lambda url, target: got.append(url) or real(url, target))
    assert run.main(["--run", url]) == 0
    assert got == []
    system.rm_file("/bucket/run/results.json")
    assert run.main(["--run", url]) == 0
    assert sorted(got) == [f"{url}/blocks/{number:06d}.npz" for number in range(4)]
    del got[:]
    system.rm_file("/bucket/run/results.json")
    assert run.main(["--run", url]) == 0
    assert got == []
    assert_same_run(url, whole)


def test_estimates_of_predictions_from_elsewhere(machine, tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", masks=rng.random((20, 9)) < 0.5, train_correct=rng.random((20, 9)) < 0.5)
    machine("a")

    assert run.main(["estimate", "--arrays", str(tmp_path / "a.npz"), "--out", "memory://bucket/found"]) == 0

    assert "memory://bucket/found/report.html" in capsys.readouterr().out
    assert fsspec.filesystem("memory").isfile("/bucket/found/estimates.npz")


@pytest.mark.parametrize("command", ["status", "verify", "report"])
def test_where_there_is_no_run(machine, capsys, command):
    machine("a")

    assert run.main([command, "memory://bucket/nothing"]) == 2

    assert "memory://bucket/nothing holds no run" in capsys.readouterr().err


def test_what_is_there_and_is_no_run_is_left_alone(machine, capsys):
    fsspec.filesystem("memory").pipe_file("/bucket/other/notes.txt", b"mine")
    machine("a")

    assert run.main(["--run", "memory://bucket/other", *SMALL]) == 2

    assert "memory://bucket/other is not empty" in capsys.readouterr().err
    assert fsspec.filesystem("memory").find("/bucket/other") == ["/bucket/other/notes.txt"]
