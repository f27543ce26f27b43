"""Signals and streams at the edges of a command: one line, the right code, no traceback, and the next call goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest

from memjax import store
from memjax.machine import signals

QUICK = ["--per-class", "8", "--test-per-class", "3", "--epochs", "8", "--model", "mlp:16", "--cpu-devices", "1"]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGUSR1: 75}


def start(*arguments, **streams) -> subprocess.Popen:
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen([sys.executable, "-m", "memjax.run", *map(str, arguments)], text=True, **streams)


def one_line(text: str) -> bool:
    return "Traceback" not in text and len([line for line in text.splitlines() if "memjax:" in line]) <= 3


@pytest.mark.parametrize("number", CODES)
def test_each_signal_has_its_exit_code(number, monkeypatch):
    monkeypatch.setattr(signals, "_latest", int(number))

    assert signals.exit_code() == CODES[number]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("after", [0.25, 1.0])
def test_a_signal_soon_after_the_start_ends_it_in_one_line(tmp_path, number, after):
    process = start("--run", tmp_path / "run", "--num-models", "100000", *QUICK)
    time.sleep(after)  # the first moments are imports
    process.send_signal(number)
    _, err = process.communicate(timeout=120)

    assert process.returncode == CODES[number]
    assert one_line(err)


def test_where_the_log_cannot_be_written_a_signal_still_stops_and_the_code_is_right(tmp_path):
    with open("/dev/full", "w") as full:
        process = start("--run", tmp_path / "run", "--num-models", "100000", *QUICK, stderr=full)
        while process.poll() is None and not store.finished_blocks(tmp_path / "run"):
            time.sleep(0.05)
        process.send_signal(signal.SIGUSR1)
        assert process.wait(timeout=120) == 75


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
