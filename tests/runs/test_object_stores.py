"""Whole runs on an object store: fsspec's memory by default, S3 and Google's protocols where their servers are here."""

import itertools
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pytest

from memjax import run
from memjax.store import objects
from tests.conftest import SMALL_RUN


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    monkeypatch.setattr(objects, "WAITS", ())
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(scope="module")
def s3():
    """A server of Amazon's protocol on loopback; what a process has to know of it."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    pytest.importorskip("s3fs")
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    yield {
        "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    server.stop()


@pytest.fixture(scope="module")
def gs():
    """A server of Google's protocol, likewise."""
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    pytest.importorskip("gcsfs")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = emulator.create_server("127.0.0.1", port, in_memory=True)
    server.start()
    yield {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
    server.stop()


@pytest.fixture(params=["s3", "gs"])
def bucket(request, monkeypatch):
    """The URL of a new bucket on one of the servers."""
    for name, value in request.getfixturevalue(request.param).items():
        monkeypatch.setenv(name, value)
    url = f"{request.param}://memjax-{next(_BUCKETS)}"
    fsspec.filesystem(request.param, use_listings_cache=False).mkdir(url)
    return url


_BUCKETS = itertools.count()


def begin(url, tmp_path, name, *options):
    """A process that trains the small run, on a machine of this name."""
    command = [sys.executable, "-m", "memjax.run", "--run", url, *SMALL_RUN, *options]
    there = os.environ | {"XDG_CACHE_HOME": str(tmp_path / name)}
    return subprocess.Popen(command, env=there, stdout=subprocess.DEVNULL)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return lambda name: monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))


def assert_same_run(url, small_run):
    """All bytes of blocks and estimates under the names that they always had, as they are on the store; and no more."""
    system, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    files = [
        file for file in sorted(small_run.glob("*")) if file.suffix in (".npz", ".npy") and file.name != "index.npz"
    ] + sorted((small_run / "blocks").glob("*"))
    assert len(files) == 11
    for file in files:
        assert system.cat_file(f"{path}/{file.relative_to(small_run)}") == file.read_bytes(), file
    assert system.isfile(f"{path}/report.html")
    assert not system.isfile(f"{path}/index.npz")
    notes = system.glob(f"{path}/results/*.json")
    sets = {name.split("/")[-2] for name in system.find(f"{path}/results") if not name.endswith(".json")}
    assert (len(notes), len(sets)) == (1, 1)


@pytest.mark.slow
def test_a_run_that_lost_its_store_twice_ends_as_the_one_that_was_left_alone(small_run, machine, monkeypatch, capsys):
    url, cls, puts = "memory://bucket/run", type(fsspec.filesystem("memory")), itertools.count()
    pipe = cls.pipe_file

    def put(self, path, value, mode="overwrite"):
        if (number := next(puts)) in (4, 7) or number == 5:  # plan, block, record, block ...
            raise OSError("503 slow down")
        pipe(self, path, value, mode)

    monkeypatch.setattr(cls, "pipe_file", put)
    machine("a")
    assert run.main(["--run", url, *SMALL_RUN]) == 2
    assert "finished work is saved on this machine" in capsys.readouterr().err
    assert run.main(["--run", url]) == 2  # it cannot even put what was kept
    assert run.main(["--run", url]) == 2
    machine("b")
    assert run.main(["--run", url, "--worker", "1/2"]) == 0
    machine("a")
    assert run.main(["--run", url]) == 0

    assert_same_run(url, small_run)
    out = capsys.readouterr().out
    assert f"{url}/report.html" in out
    assert run.main(["verify", url]) == 0
    assert "4 complete; 12 models need 4" in capsys.readouterr().out


@pytest.mark.slow
def test_commands_that_look_and_the_second_time_nothing_is_downloaded(small_run, machine, monkeypatch, capsys):
    url = "memory://bucket/run"
    system = fsspec.filesystem("memory")
    for file in sorted(path for path in small_run.rglob("*") if path.is_file() and path.name != "index.npz"):
        system.pipe_file(f"/bucket/run/{file.relative_to(small_run)}", file.read_bytes())
    machine("a")

    assert run.main(["status", url]) == 0
    assert "12 of 12 trained" in capsys.readouterr().out
    assert run.main(["report", url]) == 0
    assert capsys.readouterr().out == f"{url}/report.html\n"
    assert run.main(["--run", url]) == 0
    got = []
    real = objects.get_file
    monkeypatch.setattr(objects, "get_file", lambda url, target: got.append(url) or real(url, target))
    assert run.main(["--run", url]) == 0
    assert got == []
    system.rm("/bucket/run/results", recursive=True)
    assert run.main(["--run", url]) == 0
    assert got == []  # the closing table has read the blocks
    assert_same_run(url, small_run)


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

    assert run.main(["--run", "memory://bucket/other", *SMALL_RUN]) == 2

    assert "memory://bucket/other is not empty" in capsys.readouterr().err
    assert fsspec.filesystem("memory").find("/bucket/other") == ["/bucket/other/notes.txt"]


@pytest.mark.slow
def test_the_store_decides_who_is_first(bucket, tmp_path):
    assert objects.put_new(f"{bucket}/a/b", b"first")
    assert not objects.put_new(f"{bucket}/a/b", b"second")
    objects.put_new(f"{bucket}/a/c", b"")

    assert objects.get_all([f"{bucket}/a/b", f"{bucket}/a/c", f"{bucket}/a/d"]) == {
        f"{bucket}/a/b": b"first", f"{bucket}/a/c": b"",
    }  # fmt: skip
    assert objects.listing(f"{bucket}/a") == {"b": 5, "c": 0}
    assert objects.listing(bucket) == {"a": None}
    assert objects.total_size(bucket) == 5
    objects.move(f"{bucket}/a/b", f"{bucket}/a/b.bad-0")
    objects.move(f"{bucket}/a/b", f"{bucket}/a/b.bad-0")
    assert not objects.exists(f"{bucket}/a/b")
    assert objects.exists(f"{bucket}/a/b.bad-0")
    with pytest.raises(FileNotFoundError):
        objects.get_file(f"{bucket}/a/b", str(tmp_path / "b"))  # a back end may remove what it had begun


@pytest.mark.slow
def test_many_put_one_object_at_once_and_one_succeeds(bucket):
    if bucket.startswith("gs:"):
        pytest.skip("the emulator does not heed ifGenerationMatch")
    contents = [bytes([number]) * 1000 for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        first = list(pool.map(lambda content: objects.put_new(f"{bucket}/a", content), contents))

    assert sum(first) == 1
    assert objects.get_all([f"{bucket}/a"]) == {f"{bucket}/a": contents[first.index(True)]}


@pytest.mark.slow
def test_a_bucket_that_does_not_exist(bucket, machine, capsys):
    machine("a")

    assert run.main(["--run", f"{bucket}-not/run", *SMALL_RUN]) == 2

    assert f"there is no bucket {bucket.partition('//')[2]}-not" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_and_taken_up_on_another_machine(bucket, small_run, tmp_path):
    url = f"{bucket}/some/run"
    process = begin(url, tmp_path, "a")
    while process.poll() is None and not objects.exists(f"{url}/blocks/000000.npz"):
        time.sleep(0.05)
    process.kill()
    process.wait()
    committed = len(objects.listing(f"{url}/blocks"))
    assert 0 < committed <= 8

    assert begin(url, tmp_path, "b").wait() == 0

    assert_same_run(url, small_run)
    check = [sys.executable, "-m", "memjax.run", "verify", url]
    assert subprocess.run(check, stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.slow
def test_two_workers_on_two_machines(bucket, small_run, tmp_path):
    url = f"{bucket}/run"
    workers = [begin(url, tmp_path, str(index), "--worker", f"{index}/2") for index in (0, 1)]

    assert [worker.wait() for worker in workers] == [0, 0]
    assert_same_run(url, small_run)


@pytest.mark.slow
def test_a_damaged_object_is_made_again(bucket, small_run, tmp_path):
    url = f"{bucket}/run"
    for file in sorted(
        path for path in small_run.rglob("*") if path.is_file() and not {"results", "index.npz"} & {*path.parts}
    ):
        objects.put_file(f"{url}/{file.relative_to(small_run)}", file)
    short = tmp_path / "short"
    short.write_bytes((small_run / "blocks" / "000002.npz").read_bytes()[:-9])
    objects.put_file(f"{url}/blocks/000002.npz", short)

    assert begin(url, tmp_path, "a").wait() == 0

    assert_same_run(url, small_run)
    assert objects.get_all([f"{url}/blocks/000002.npz.bad-0"]) == {f"{url}/blocks/000002.npz.bad-0": short.read_bytes()}


@pytest.mark.slow
def test_what_one_machine_has_compiled_the_next_finds_in_the_bucket(gs, monkeypatch):
    for name, value in gs.items():
        monkeypatch.setenv(name, value)
    url = f"gs://memjax-{next(_BUCKETS)}"
    system = fsspec.filesystem("gs", use_listings_cache=False)
    system.mkdir(url)
    code = """
import logging, sys
logging.getLogger("jax._src.compiler").setLevel(logging.DEBUG)
logging.basicConfig(stream=sys.stdout)
from memjax.machine import environment
environment.start_jax()
import jax
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
jax.jit(lambda number: number * 3 + 1)(2.0)
"""
    there = os.environ | {"JAX_COMPILATION_CACHE_DIR": f"{url}/compiled"}
    said = [
        subprocess.run([sys.executable, "-c", code], env=there, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]

    assert any("jit__lambda" in name for name in system.find(url))
    assert ["cache hit for 'jit__lambda" in text for text in said] == [False, True]
