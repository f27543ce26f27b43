"""Whatever commands are stopped, resumed and killed on one folder, and in whatever order: nothing is lost or mixed."""

import subprocess
import sys

import pytest

from tests.runs.histories import BROKEN


def ended(*options):
    """The exit code and the last line of a process that carries histories out."""
    command = [sys.executable, "-m", "tests.runs.histories", *map(str, options)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.stdout, process.stderr
    print(process.stdout)
    return process.returncode, process.stdout.splitlines()[-1]


@pytest.mark.ci
def test_8_histories_end_well():
    code, words = ended("--count", 8, "--events", 30)

    assert code == 0
    assert words.startswith("8 histories of 30 events, 0 bad")


@pytest.mark.slow
def test_2000_histories_end_well():
    assert ended("--count", 2000, "--seed", 1000)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN)
def test_a_store_that_breaks_a_promise_is_found(broken):
    assert ended("--count", 60, "--broken", broken)[0] == 1
