"""Signals and streams at the edges of a command: one line, the right code, no traceback, and the next call goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from memjax import run, store
from memjax.machine import signals
from tests.cli.stopped_at import STAGES
from tests.conftest import SMALL_RUN

QUICK = ["--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16", "--cpu-devices", "1"]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGUSR1: 75}


def start(*arguments, **streams) -> subprocess.Popen:
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen([sys.executable, "-m", "memjax.run", *map(str, arguments)], text=True, **streams)


@pytest.mark.parametrize("number", CODES)
def test_each_signal_has_its_exit_code(number, monkeypatch):
    monkeypatch.setattr(signals, "_latest", int(number))

    assert signals.exit_code() == CODES[number]


@pytest.mark.ci
def test_where_the_log_cannot_be_written_a_signal_still_stops_and_the_code_is_right(tmp_path):
    with open("/dev/full", "w") as full:
        process = start("--run", tmp_path / "run", "--num-models", "100000", *QUICK, stderr=full)
        while process.poll() is None and not store.finished_blocks(tmp_path / "run"):
            time.sleep(0.05)
        process.send_signal(signal.SIGUSR1)
        assert process.wait(timeout=120) == 75


@pytest.mark.ci
def test_a_run_whose_log_is_on_a_full_disk_is_finished_and_says_by_its_code_that_the_log_is_cut_off(tmp_path):
    data = tmp_path / "data.npz"
    np.savez(data, x_train=np.eye(8, dtype=np.float32), y_train=np.arange(8) % 2)  # without test examples: a notice
    with open("/dev/full", "w") as full:
        options = ("--dataset", f"npz:{data}", "--model", "linear", "--epochs", "1", "--num-models", "2")
        process = start("--run", tmp_path / "run", *options, stdout=full, stderr=full)
        assert process.wait(timeout=120) == 2

    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.ci
def test_a_run_whose_reader_has_gone_is_finished(tmp_path):
    process = start("--run", tmp_path / "run", "--num-models", "4", *QUICK, stdout=subprocess.PIPE)
    process.stdout.close()
    with process.stderr:
        err = process.stderr.read()

    assert process.wait(timeout=120) == 0
    assert "Traceback" not in err
    assert (tmp_path / "run" / "report.html").exists()
    piped = f"{sys.executable} -m memjax.run --help | head -1"
    assert subprocess.run(piped, shell=True, capture_output=True, text=True).stderr == ""


@pytest.mark.parametrize("redirect", [">/dev/full", ">&-", ">&- 2>&-"])
def test_output_that_cannot_be_written_gives_no_traceback(tmp_path, redirect):
    command = f"{sys.executable} -m memjax.run status {tmp_path} --json {redirect}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=os.environ)

    assert done.returncode == 2  # the folder holds no run
    assert "Traceback" not in done.stderr


TRAINED, FINISHED = ("estimate", "pairs", "seal", "show", "index"), ("report", "arrays", "table", "verify", "repair")
STOPS = [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGUSR1, 1), (signal.SIGHUP, 1)]
QUICKLY = {("pairs", signal.SIGINT, 2), *(("start", *stop) for stop in STOPS)}  # in each run of the tests


def contents(folder):
    """All files that count, by name: no report, which has the time in it, and nothing that was set aside."""
    there = (path for path in folder.rglob("*") if path.is_file() and path.suffix in (".npz", ".npy", ".csv"))
    return {path.name: path.read_bytes() for path in there if path.name != "index.npz"}


def command_of(stage, folder):
    own = {
        "report": ["report", folder], "verify": ["verify", folder], "repair": ["verify", "--repair", folder],
        "arrays": ["export", folder, "--out", folder / "out"],
        "table": ["export", folder, "--out", folder / "out", "--format", "csv"],
    }  # fmt: skip
    return [str(word) for word in own.get(stage, ["--run", folder, *SMALL_RUN])]


@pytest.mark.parametrize(
    ("stage", "number", "count"),
    [pytest.param(stage, *stop, marks=[] if (stage, *stop) in QUICKLY else pytest.mark.slow)
     for stage in STAGES for stop in STOPS],
)  # fmt: skip
def test_a_signal_at_any_stage_ends_it_in_a_line_and_the_next_call_goes_on(
    small_run, tmp_path, monkeypatch, capsys, stage, number, count
):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    folder = tmp_path / "run"
    if stage in (*TRAINED, *FINISHED):
        shutil.copytree(small_run, folder)
    if stage in TRAINED:
        shutil.rmtree(folder / "results")
    if stage == "repair":
        content = bytearray((folder / "blocks" / "000002.npz").read_bytes())
        (folder / "blocks" / "000002.npz").write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    command = command_of(stage, folder)
    wrapped = [sys.executable, "-m", "tests.cli.stopped_at", stage, number.name, str(count), "--", *command]
    stopped = subprocess.run(wrapped, capture_output=True, text=True)

    assert stopped.returncode == CODES[number], stopped.stderr
    lines = [line for line in stopped.stderr.splitlines() if "memjax: train" not in line]
    assert 1 <= len(lines) <= 2
    assert all(line.startswith("memjax: ") for line in lines)
    assert run.main(command) in ((0, 3) if stage == "repair" else (0,))
    if stage in ("arrays", "table"):
        assert run.main([*command[:3], str(folder / "again"), *command[4:]]) == 0
        assert contents(folder / "out") == contents(folder / "again")
    assert contents(small_run).items() <= contents(folder).items()
    assert run.main(["verify", str(folder)]) == 0
