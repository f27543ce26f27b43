"""A run folder on an object store: fsspec's memory file system is the store; each machine has a cache folder."""

from dataclasses import replace

import fsspec
import numpy as np
import pytest

from memjax import store
from memjax.errors import InputError
from memjax.store import objects
from memjax.store.blocks import block_path
from tests.store.test_blocks import assert_same, make_block

URL = "memory://bucket/run"


class Killed(BaseException):
    """The process is killed."""


@pytest.fixture(autouse=True)
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    return system


@pytest.fixture
def waited(monkeypatch):
    seconds = []
    monkeypatch.setattr(objects.time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that switches to a machine and returns the run's staging folder there."""

    def go(name):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        return store.place(URL)

    return go


def there(memory):
    return {path.removeprefix("/bucket/run/"): memory.cat_file(path) for path in memory.find("/bucket")}


def failing(monkeypatch, name, problem, *calls):
    """Makes these calls of an operation of the store fail, counted from 1; without numbers, all calls."""
    cls, count = type(fsspec.filesystem("memory")), iter(range(1, 1000))
    real = getattr(cls, name)

    def act(*args, **kwargs):
        number = next(count)
        if not calls or number in calls:
            raise problem
        return real(*args, **kwargs)

    monkeypatch.setattr(cls, name, act)


def test_a_block_of_another_machine_is_downloaded_once(machine, memory, monkeypatch):
    block = make_block()
    assert store.write_block(machine("a"), 7, block, "plan", {})
    assert {*there(memory)} == {"blocks/000007.npz", "blocks/000007.json"}

    folder = machine("b")
    assert store.finished_blocks(folder) == {7}
    assert store.is_finished(folder, 7)
    assert not store.is_finished(folder, 8)
    assert_same(store.read_block(folder, 7), block)
    failing(monkeypatch, "get_file", OSError("a second download"))
    assert_same(store.read_block(folder, 7), block)


def test_failed_requests_are_repeated(machine, memory, monkeypatch, waited):
    folder = machine("a")
    failing(monkeypatch, "pipe_file", OSError("503 slow down"), 1, 2, 3, 5)

    assert store.write_block(folder, 0, make_block(), "plan", {})

    assert waited == [1, 2, 4, 1]
    assert store.finished_blocks(folder) == {0}


def test_an_upload_that_succeeds_with_an_error_is_not_taken_for_another_block(machine, memory, monkeypatch, waited):
    folder, cls = machine("a"), type(memory)
    pipe, answers = cls.pipe_file, iter([TimeoutError("no answer"), None, None, None])

    def put(*args, **kwargs):
        pipe(*args, **kwargs)
        if problem := next(answers):
            raise problem

    monkeypatch.setattr(cls, "pipe_file", put)

    assert store.write_block(folder, 0, make_block(), "plan", {})
    assert store.finished_blocks(folder) == {0}


def test_a_block_that_cannot_be_uploaded_is_uploaded_by_the_next_process(machine, memory, monkeypatch, waited):
    folder, block = machine("a"), make_block()
    with monkeypatch.context() as patch:
        failing(patch, "pipe_file", OSError("503 slow down"))
        with pytest.raises(InputError, match=r"000000.npz cannot be reached: 503 slow down; finished work is saved on"):
            store.write_block(folder, 0, block, "plan", {})
    assert len(waited) == len(objects.WAITS)
    assert store.finished_blocks(folder) == set()

    assert store.commit_staged(folder, "another plan") == 0
    assert store.commit_staged(folder, "plan") == 1
    assert store.commit_staged(folder, "plan") == 0
    assert_same(store.read_block(machine("b"), 0), block)


@pytest.mark.parametrize("put", [1, 2])
def test_a_block_of_a_process_killed_before_the_upload_is_uploaded_later(machine, memory, monkeypatch, put):
    folder, block = machine("a"), make_block()
    with monkeypatch.context() as patch:
        failing(patch, "pipe_file", Killed(), put)
        with pytest.raises(Killed):
            store.write_block(folder, 0, block, "plan", {})
    assert store.finished_blocks(machine("b")) == set()

    assert store.commit_staged(machine("a"), "plan") == 1
    assert_same(store.read_block(machine("b"), 0), block)


def test_half_a_block_of_a_killed_process_is_completed_by_another_machine(machine, memory, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, "pipe_file", Killed(), 2)
        with pytest.raises(Killed):
            store.write_block(machine("a"), 0, make_block(), "plan", {})
    assert {*there(memory)} == {"blocks/000000.npz"}

    assert store.write_block(machine("b"), 0, make_block(), "plan", {})
    assert {*there(memory)} == {"blocks/000000.npz", "blocks/000000.json"}


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:99] + b"?" + data[100:], lambda _: b""])
@pytest.mark.parametrize("where", ["a", "b"])
def test_a_damaged_object_is_set_aside_and_written_again(machine, memory, damage, where):
    block = make_block()
    store.write_block(machine("a"), 0, block, "plan", {})
    whole = there(memory)
    damaged = damage(whole["blocks/000000.npz"])
    memory.pipe_file("/bucket/run/blocks/000000.npz", damaged)

    folder = machine(where)
    found = store.take_stock(folder, "plan").damaged
    assert list(found) == [0] * (len(damaged) != len(whole["blocks/000000.npz"]))
    with store.afresh(URL) as clean, pytest.raises(store.CorruptBlock):
        store.read_block(clean, 0)
    store.set_aside(folder, 0)
    assert store.finished_blocks(folder) == set()
    assert there(memory)["blocks/000000.npz.bad-0"] == damaged

    assert store.write_block(folder, 0, block, "plan", {})
    assert whole.items() <= there(memory).items()
    assert_same(store.read_block(machine("c"), 0), block)


def test_a_damaged_record_is_noticed_although_the_local_copy_is_good(machine, memory):
    store.write_block(machine("a"), 0, make_block(), "plan", {})
    memory.pipe_file("/bucket/run/blocks/000000.json", b"{}")

    assert list(store.take_stock(machine("a"), "plan").damaged) == [0]


def test_a_damaged_local_copy_is_downloaded_again(machine):
    folder, block = machine("a"), make_block()
    store.write_block(folder, 0, block, "plan", {})
    block_path(folder, 0).write_bytes(b"something else")

    assert_same(store.read_block(folder, 0), block)


def test_an_unreachable_store_does_not_count_as_a_damaged_block(machine, monkeypatch, waited):
    store.write_block(machine("a"), 0, make_block(), "plan", {})
    folder = machine("b")
    failing(monkeypatch, "get_file", OSError("503"))

    with pytest.raises(InputError, match="cannot be reached"):
        store.read_block(folder, 0)


@pytest.mark.parametrize("case", ["one after the other", "not listed yet", "at the same moment"])
def test_a_second_block_does_not_replace_the_first(machine, memory, monkeypatch, case):
    assert store.write_block(machine("a"), 0, make_block(), "plan", {})
    before = there(memory)
    if case == "not listed yet":  # the block is trained twice, which does no harm
        monkeypatch.setattr(objects, "listing", lambda url: {})
    if case == "at the same moment":
        monkeypatch.setattr(type(memory), "isfile", lambda self, path: False)

    assert store.write_block(machine("b"), 0, make_block(), "plan", {})
    assert not store.write_block(machine("c"), 0, make_block(seed=1), "plan", {})

    assert there(memory) == before
    assert_same(store.read_block(machine("c"), 0), make_block())


def test_the_first_block_stays_on_a_store_without_conditional_writes(machine, memory, monkeypatch):
    cls = type(memory)
    pipe = cls.pipe_file

    def put(self, path, value, mode="overwrite"):
        if mode == "create":
            raise NotImplementedError
        pipe(self, path, value)

    monkeypatch.setattr(cls, "pipe_file", put)

    assert store.write_block(machine("a"), 0, make_block(), "plan", {})
    assert store.write_block(machine("b"), 0, make_block(), "plan", {})
    assert not store.write_block(machine("c"), 0, make_block(seed=1), "plan", {})
    assert_same(store.read_block(machine("d"), 0), make_block())


def test_newer_estimates_of_another_machine_replace_the_local_copies(machine, memory):
    for name, value in (("a", 1.0), ("b", 2.0), ("a", 2.0)):
        folder = machine(name)
        if name == "b" or value == 1:
            place = store.new_set(folder)
            store.write_arrays(place / "estimates.npz", [("mem", np.array(value))])
            assert store.publish_set(folder, place, store.ResultsNote("plan", 3, {}), ["estimates.npz"], str)
        for checked in (False, True):
            found = store.read_results(folder, "estimates.npz", checked)
            assert found is not None
            assert found["mem"] == value
    assert store.total_size(folder) > 0
    assert there(memory)["estimates.npz"] == (place / "estimates.npz").read_bytes()
    assert {name.count("/") for name in there(memory)} == {0, 1, 2}
    assert sorted(name.partition("/")[2][:6] for name in there(memory) if name.endswith("json")) == ["000002"]
    assert len(there(memory)) == 3  # the first set and its note are removed


def test_the_plan_is_always_that_of_the_store(machine, memory):
    data = {"name": "clouds", "sha256": "0", "num_train": 13, "num_test": 5}
    plan = store.Plan({"model": {"model": "mlp"}}, data, 3, 12, {})
    assert store.new_plan(machine("a"), plan)
    assert not store.new_plan(machine("b"), replace(plan, num_models=9))
    assert store.read_plan(machine("b")) == plan
    store.extend_plan(machine("b"), plan, 15)
    assert store.read_plan(machine("a")) == replace(plan, num_models=15)

    memory.rm_file("/bucket/run/plan.json")

    assert store.read_plan(machine("a")) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///tmp/run", "give it without file://"),
        ("nothing://bucket/run", "give gs://, s3:// or a folder"),
    ],
)
def test_unusable_urls_are_refused(url, words):
    with pytest.raises(InputError, match=words):
        store.place(url)


@pytest.mark.parametrize(("url", "extra"), [("gs://bucket/run", "gs"), ("s3://bucket/run", "s3")])
def test_a_missing_back_end_is_refused_with_its_install_command(monkeypatch, url, extra):
    def missing(*_, **__):
        raise ImportError

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)

    with pytest.raises(InputError, match=rf"pip install 'memjax\[{extra}\]'"):
        store.place(url)


def test_a_missing_permission_is_reported_without_repeating_the_request(machine, monkeypatch, waited):
    folder = machine("a")
    failing(monkeypatch, "pipe_file", PermissionError("AccessDenied"))

    with pytest.raises(InputError, match="no permission: AccessDenied"):
        store.write_block(folder, 0, make_block(), "plan", {})
    assert not waited


def test_a_folder_outside_the_cache_uploads_nothing(tmp_path, memory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / ".url").write_text(URL)

    store.write_block(tmp_path, 0, make_block(), "plan", {})

    assert store.url_of(tmp_path) is None
    assert there(memory) == {}
