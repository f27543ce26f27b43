"""File systems that fail or lack something in mid-run: words or an OSError, nothing lost, and the next command goes on.

Training is replaced by made-up models, as in `histories.py`.  A failure is raised before a call of the file system, at
each call of a run in turn.
"""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from memjax import run as command_line
from memjax import store
from memjax.errors import InputError
from memjax.runs import open_folder, train_blocks
from memjax.runs.progress import Silent
from memjax.runs.stages import carry_out
from tests.runs.histories import World, checksums, made_up_blocks
from tests.runs.stopped_process import LONG, Process

MODELS = 4
CHANGES = {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(train_blocks, "_train_blocks", made_up_blocks)
    return World(tmp_path)


def command(world, folder, num_models=MODELS, worker="0/1"):
    return lambda: carry_out(open_folder.open_run(world.config(folder, num_models, worker=worker)), Silent())


def writes(event, arguments):
    """Whether a call changes something; one that removes is possible on a full disk, too."""
    return event in CHANGES or (event == "open" and isinstance(arguments[1], str) and not arguments[1].startswith("r"))


def error(number, arguments):
    return OSError(number, os.strerror(number), str(arguments[0]))


def failed_at(world, folder, call, number, lasting):
    """Runs the command with its writing call of this number failing, or all from it on; whether it came so far."""
    seen = [0]

    def fail(event, arguments):
        if writes(event, arguments) and not (number == errno.ENOSPC and event in ("os.remove", "os.rmdir")):
            seen[0] += 1
            if seen[0] == call or (lasting and seen[0] > call):
                raise error(number, arguments)

    process = Process(folder, command(world, folder), fail)
    process.step(LONG)
    assert process.problem is None or isinstance(process.problem, (OSError, InputError)), process.problem
    assert process.ended
    return seen[0] >= call


def assert_whole(world, folder):
    blocks, results = world.wanted(MODELS, "correct")
    note = store.read_note(folder, checked=True)
    assert note is not None
    assert checksums(note.place(folder)) == results
    assert blocks.items() <= checksums(folder / "blocks").items()
    assert not [finding.text for finding in store.verify(folder) if finding.kind == "problem"]


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("number", "lasting", "step"),
    [(errno.ENOSPC, False, 16), (errno.EROFS, True, 24), slow(errno.ENOSPC, False, 1), slow(errno.ENOSPC, True, 1),
     slow(errno.EROFS, True, 1)],
)  # fmt: skip
def test_a_disk_that_is_full_or_read_only_from_any_write_on(world, number, lasting, step):
    call, there = 0, True
    while there:
        call, folder = call + step, world.folder()
        there = failed_at(world, folder, call, number, lasting)
        if number == errno.ENOSPC:
            assert not [*folder.rglob("*.tmp")], "a half-written file is left"
        command(world, folder)()
        assert_whole(world, folder)
        shutil.rmtree(folder)
    assert call > 15


@pytest.mark.parametrize("step", [slow(1), 40])
def test_a_folder_that_is_removed_in_mid_run(world, step):
    call, ended = 0, False
    while not ended:
        call, folder = call + step, world.folder()
        process = Process(folder, command(world, folder))
        process.step(call)
        ended = process.ended
        shutil.rmtree(folder, ignore_errors=True)
        process.step(LONG)
        assert process.problem is None or isinstance(process.problem, (OSError, InputError)), process.problem
        assert "permission" not in str(process.problem)
        assert process.ended
        command(world, folder)()
        assert_whole(world, folder)
    assert call > 40


@pytest.mark.parametrize("number", [errno.EPERM, *(slow(each) for each in (errno.ENOTSUP, errno.ENOSYS))])
def test_without_hard_links_the_run_says_so_and_ends_with_the_same_bits(world, monkeypatch, caplog, number):
    def no_link(source, target, **_):
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    world.wanted(MODELS, "correct")
    monkeypatch.setattr(os, "link", no_link)
    folder = world.folder()
    workers = [Process(folder, command(world, folder, worker=f"{index}/2")) for index in (0, 1)]
    while not all(worker.ended for worker in workers):
        for worker in workers:
            worker.step(7)

    assert [worker.problem for worker in workers] == [None, None]
    assert_whole(world, folder)
    assert "has no hard links" in caplog.text
    assert not [*folder.rglob("*.tmp")]
    caplog.clear()
    command(world, folder)()
    assert not caplog.text  # nothing is left to train


def test_a_clock_that_is_set_back_an_hour_changes_nothing(world, monkeypatch, capsys):
    folder, now = world.folder(), time.time
    command(world, folder, 2)()
    (folder / "blocks" / ".half.tmp").touch()
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    for path in folder.rglob("*"):
        os.utime(path, (now() + 3600, now() + 3600))
    command(world, folder)()

    assert_whole(world, folder)
    assert (folder / "blocks" / ".half.tmp").exists()  # of a process that may still write it
    assert command_line.main(["status", str(folder)]) == 0
    assert f"{MODELS} of {MODELS} trained, 2 per block; the last 0 s ago" in capsys.readouterr().out


AS_ANOTHER = """
import os, sys
from pathlib import Path
from memjax.errors import InputError
from memjax.runs import train_blocks
from tests.runs.histories import World, made_up_blocks
from tests.runs.test_file_systems import command
place, folder, user, models = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
train_blocks._train_blocks = made_up_blocks
world = World(place)
command(world, place / f"own-{user}")()  # so that everything is imported: this user may not read all modules
os.setgroups([]), os.setgid(user), os.setuid(user), os.umask(0o077)
try:
    command(world, folder, models)()
except (InputError, OSError) as problem:
    sys.exit(str(problem))
"""


@pytest.mark.slow
def test_files_that_another_user_made_unreadable_stay_where_they_are(world):
    if os.geteuid():
        pytest.skip("only root can work as several users")
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        folder = Path(place) / "shared"
        command(world, folder)()
        for path in (folder, *folder.rglob("*")):
            os.chmod(path, 0o777 if path.is_dir() else 0o666)

        def another(user, models):
            arguments = [sys.executable, "-c", AS_ANOTHER, place, folder, user, models]
            variables = os.environ | {"JAX_NUM_CPU_DEVICES": "2"}  # as in the tests
            return subprocess.run([*map(str, arguments)], capture_output=True, text=True, env=variables)

        first = another(65534, 8)
        before = sorted(path.name for path in folder.rglob("*"))
        second = another(65533, 12)

        assert (first.returncode, first.stderr) == (0, "")
        assert second.returncode == 1
        assert "cannot be read: Permission denied; ask its owner for permission to read" in second.stderr
        assert sorted(path.name for path in folder.rglob("*")) == before
        command(world, folder, 12)()
        note = store.read_note(folder, checked=True)
        assert checksums(note.place(folder)) == world.wanted(12, "correct")[1]
