"""Run folders that were interrupted, damaged or shared, as a user sees them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple

import fsspec
import numpy as np
import pytest

from memjax import run, store
from memjax.store.blocks import block_path
from tests.conftest import SMALL_RUN


@pytest.fixture(autouse=True)
def _quiet_jax(monkeypatch):
    """The tests' own devices are already there."""
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")


@pytest.fixture
def copy(small_run, tmp_path):
    return shutil.copytree(small_run, tmp_path / "copy")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "blocks").iterdir())}


def lose(folder, *numbers):
    for number in numbers:
        block_path(folder, number).unlink()
        block_path(folder, number).with_suffix(".json").unlink()
    shutil.rmtree(folder / "results")


def test_the_folder_alone_continues_with_its_own_settings(small_run, copy, capsys):
    lose(copy, 1, 3)

    assert run.main(["--run", str(copy)]) == 0
    assert contents(copy) == contents(small_run)
    assert run.main([f"--run={copy}", "--num-models", "15"]) == 0
    assert "15 models" in capsys.readouterr().out


def test_on_an_object_store_another_machine_goes_on_to_the_same_bytes(small_run, copy, tmp_path, monkeypatch):
    system, url = fsspec.filesystem("memory"), "memory://bucket/resumed"
    lose(copy, 1, 3)
    system.put(f"{copy}/", "/bucket/resumed/", recursive=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))

    assert run.main(["--run", url, "--worker", "1/2"]) == 0

    for name, content in contents(small_run).items():
        assert system.cat_file(f"/bucket/resumed/blocks/{name}") == content
    for name in ("estimates.npz", "pairs.npz", "influence.npy"):
        assert system.cat_file(f"/bucket/resumed/{name}") == (small_run / name).read_bytes()
    assert system.isfile("/bucket/resumed/report.html")


def test_a_lost_plan_is_made_again_and_the_blocks_are_taken_up(small_run, copy):
    (copy / "plan.json").unlink()
    lose(copy, 2)

    assert run.main(["--run", str(copy), *SMALL_RUN[:-2]]) == 0  # the pack size is that of the blocks

    assert contents(copy) == contents(small_run)


def test_blocks_without_a_plan_are_not_given_to_another_run(copy, capsys):
    (copy / "plan.json").unlink()
    before = contents(copy)

    assert run.main(["--run", str(copy), *SMALL_RUN, "--seed", "1"]) == 2

    assert "blocks of another run" in capsys.readouterr().err
    assert contents(copy) == before


def test_a_block_found_damaged_while_reading_is_made_again_and_the_others_are_read_once(
    small_run, copy, monkeypatch, capsys
):
    path, read, groups = block_path(copy, 1), store.read_outcomes, []
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # of the same size: nothing but its checksum tells
    path.write_bytes(content)
    shutil.rmtree(copy / "results")

    def reading(folder, blocks, *of):
        groups.append(list(blocks))
        return read(folder, blocks, *of)

    monkeypatch.setattr(store, "read_outcomes", reading)
    assert run.main(["--run", str(copy)]) == 0

    assert groups == [[0, 1], [2, 3], [0, 1]]
    assert "block 1: its checksum differs" in capsys.readouterr().err
    assert contents(small_run).items() <= contents(copy).items()
    for name in ("estimates.npz", "pairs.npz"):
        with np.load(copy / name) as one, np.load(small_run / name) as other:
            for key in one:
                np.testing.assert_array_equal(one[key], other[key])


def test_workers_one_after_the_other_and_each_alone(small_run, tmp_path):
    """The first does the others' share as well, since they do not come."""
    assert run.main(["--run", str(tmp_path / "a"), *SMALL_RUN, "--worker", "1/3"]) == 0
    assert contents(tmp_path / "a") == contents(small_run)


@pytest.mark.slow
def test_two_workers_at_once(small_run, tmp_path):
    command = [sys.executable, "-m", "memjax.run", "--run", str(tmp_path / "a"), *SMALL_RUN]
    workers = [subprocess.Popen([*command, "--worker", f"{index}/2"], stdout=subprocess.DEVNULL) for index in (0, 1)]

    assert [worker.wait() for worker in workers] == [0, 0]
    assert contents(tmp_path / "a") == contents(small_run)
    assert (tmp_path / "a" / "report.html").exists()


def test_checkpoints_change_nothing_and_leave_nothing(small_run, tmp_path):
    assert run.main(["--run", str(tmp_path / "a"), *SMALL_RUN, "--checkpoint-minutes", "0.0001"]) == 0

    assert contents(tmp_path / "a") == contents(small_run)
    assert not (tmp_path / "a" / "midway").exists()


def test_a_full_disk_is_noticed_before_the_start(copy, monkeypatch, capsys):
    lose(copy, 0)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))

    assert run.main(["--run", str(copy)]) == 2

    err = capsys.readouterr().err
    assert re.search(r"needs about [\d,]+ bytes more, and its disk has 1,000 left", err)
    assert store.finished_blocks(copy) == {1, 2, 3}


def test_a_disk_that_fills_up(copy, monkeypatch, capsys):
    lose(copy, 1, 2)

    def full(*_):
        raise OSError(28, "No space left on device", "blocks/000001.npz")

    monkeypatch.setattr(store, "write_block", full)
    assert run.main(["--run", str(copy)]) == 2
    assert "No space left on device; finished models are saved" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    assert run.main(["--run", str(copy)]) == 0


def test_too_many_diverged_models_stop_the_run(tmp_path, capsys):
    options = [*SMALL_RUN, "--num-models", "60", "--optimizer", "sgd", "--learning-rate", "1e30"]

    assert run.main(["--run", str(tmp_path / "a"), *options]) == 2

    err = capsys.readouterr().err
    assert "21 of the first 21 models diverged, more than --max-failed 0.05 allows" in err
    assert len(store.finished_blocks(tmp_path / "a")) == 7


def test_training_continues_until_the_standard_error_is_reached(small_run, copy, capsys):
    assert run.main(["--run", str(copy), "--until-stderr", "0.1"]) == 0

    out = capsys.readouterr().out
    assert "standard error above 0.1: training on to" in out
    assert float(re.search(r"standard error  ([\d.]+)", out)[1]) <= 0.1
    assert contents(small_run).items() <= contents(copy).items()
    before = contents(copy)
    assert run.main(["--run", str(copy), "--until-stderr", "0.1"]) == 0
    assert contents(copy) == before


@pytest.mark.ci
def test_training_continues_until_decisions_are_taken_or_the_models_are_used_up(small_run, copy, capsys):
    goal = ["--until", "threshold=0.25:0.6", "--max-models", "24"]

    assert run.main(["--run", str(copy), *goal, "--json"]) == 0

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    looks = [event for event in events if event["event"] == "decisions"]
    models, left = ([look[name] for look in looks] for name in ("num_models", "open"))
    assert [look["looks"] for look in looks] == list(range(1, len(looks) + 1))
    assert models == sorted(set(models))
    assert models[0] == 12
    assert all(count > 0 for count in left[:-1])
    assert models[-1] == 24 or left[-1] == 0
    assert contents(small_run).items() <= contents(copy).items()
    assert store.read_estimates(copy).num_models == models[-1]
    before = contents(copy)
    assert run.main(["--run", str(copy), *goal]) == 0
    assert f"threshold=0.25, look 1 after {models[-1]} models: {left[-1]} of 80 examples open; all other examples " in (
        capsys.readouterr().out
    )
    assert contents(copy) == before


def test_verify_and_its_exit_codes(copy, capsys):
    assert run.main(["verify", str(copy)]) == 0
    out = capsys.readouterr().out
    assert "4 complete; 12 models need 4" in out
    block_path(copy, 2).write_bytes(b"")
    assert run.main(["verify", str(copy)]) == 1
    assert re.search("problem .*block 2.*trains it again", capsys.readouterr().out)
    assert run.main(["verify", str(copy / "nowhere")]) == 2


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def assert_mended(copy, small_run):
    assert contents(small_run).items() <= contents(copy).items()
    assert {finding.kind for finding in store.verify(copy)} <= {"ok", "note"}
    note, whole = store.read_note(copy, checked=True), store.read_note(small_run, checked=True)
    assert (note.files, note.blocks) == (whole.files, whole.blocks)


def test_the_command_that_verify_prints_mends_a_flipped_bit(small_run, copy, capsys):
    flip(block_path(copy, 2))
    flip(store.as_noted(copy).place(copy) / "pairs.npz")
    report = (copy / "report.html").read_bytes()
    assert run.main(["verify", str(copy)]) == 1
    command = re.search(r"again: (memjax .*)", capsys.readouterr().out)[1]

    assert run.main(command.split()[1:]) == 3

    assert "repaired 2 of 2 problems" in capsys.readouterr().out
    assert_mended(copy, small_run)
    assert (copy / "blocks" / "000002.npz.bad-0").exists()
    assert (copy / "report.html").read_bytes() == report
    assert run.main(command.split()[1:]) == 0


def test_the_plain_command_mends_a_block_that_has_changed_since_the_run_ended(small_run, copy, capsys):
    assert run.main(["--run", str(copy)]) == 0  # the copy is new: every block is read once
    flip(block_path(copy, 2))

    assert run.main(["--run", str(copy)]) == 0

    assert "block 2: its checksum differs" in capsys.readouterr().err
    assert_mended(copy, small_run)


def test_repair_trains_what_is_damaged_and_nothing_else(copy, capsys):
    lose(copy, 0)
    flip(block_path(copy, 2))

    assert run.main(["verify", "--repair", str(copy)]) == 3

    assert store.finished_blocks(copy) == {1, 2, 3}
    assert store.as_noted(copy) is None


def test_estimates_from_blocks_that_were_trained_again_elsewhere_are_made_again(copy, capsys):
    block = store.read_block(copy, 1)
    block.train["correct"] = ~block.train["correct"]
    store.set_aside(copy, 1)
    before, plan = store.as_noted(copy), store.read_plan(copy)
    assert store.write_block(copy, 1, block, plan.fingerprint, {"jax": "another"})

    assert run.main(["--run", str(copy)]) == 0

    assert store.as_noted(copy).blocks != before.blocks
    assert store.as_noted(copy).files != before.files
    assert run.main(["verify", str(copy)]) == 0


def test_a_folder_that_lost_its_empty_folders_goes_on(small_run, tmp_path, capsys):
    (tmp_path / "a").mkdir()
    shutil.copy(small_run / "plan.json", tmp_path / "a")

    assert run.main(["--run", str(tmp_path / "a")]) == 0

    assert contents(tmp_path / "a") == contents(small_run)


def test_another_environment_is_reported_and_recorded(copy, capsys):
    lose(copy, 0)
    plan = json.loads((copy / "plan.json").read_text())
    del plan["sha256_of_the_above"]
    plan["environment"]["jax"] = "0.1"
    (copy / "plan.json").write_bytes(store.sealed.seal(plan))

    assert run.main(["--run", str(copy)]) == 0

    assert "another environment (jax 0.1 there, " in capsys.readouterr().err
    assert store.read_record(copy, 0).environment["jax"] != "0.1"


def test_status_of_a_run_in_progress(copy, capsys):
    lose(copy, 0)

    assert run.main(["status", str(copy)]) == 0

    assert re.search(r"9 of 12 trained, 3 per block; the last \d+ s ago", capsys.readouterr().out)


@pytest.mark.parametrize("change", [lambda data: b"corrupted", lambda data: data[:-40] + b"x" + data[-39:]])
def test_a_file_of_estimates_that_was_changed_is_made_again(small_run, copy, change):
    (copy / "estimates.npz").write_bytes(change((copy / "estimates.npz").read_bytes()))

    assert run.main(["--run", str(copy)]) == 0

    with np.load(copy / "estimates.npz") as one, np.load(small_run / "estimates.npz") as other:
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.slow
def test_the_first_signal_finishes_running_models_and_the_second_stops_at_once(tmp_path):
    command = [sys.executable, "-m", "memjax.run", "--run", str(tmp_path / "a"), "--num-models", "100000"]
    for count in (1, 2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        before = store.finished_blocks(tmp_path / "a")
        while process.poll() is None and len(store.finished_blocks(tmp_path / "a")) < len(before) + 2:
            time.sleep(0.05)
        for _ in range(count):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.02)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 143
        assert "stopping after the models under way; a second signal stops at once" in err
        assert "continues from there" in err
        assert "Traceback" not in err
    assert run.main(["verify", os.fspath(tmp_path / "a")]) == 0
