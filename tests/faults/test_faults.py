"""Small fault campaigns: they find nothing in the real store, and something in a store that breaks a promise."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.ci


def campaign(name, count, broken=""):
    command = [sys.executable, "-m", "tests.faults", name, "--count", str(count), "--broken", broken, "--json"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.stdout, process.stderr
    found = json.loads(process.stdout)
    if "skipped" in found:
        pytest.skip(found["skipped"])
    assert process.returncode == (found["lost"] + found["wrong"] > 0)
    return found


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("kills", 60), ("together", 4), ("limited-files", 3), ("flips", 2000), ("cuts", 300), ("attacks", 300),
        ("fuzz", 60), slow("killed-at-each", 6), slow("failing-each", 12), slow("full-disk", 3), slow("forbidden", 3),
        slow("killed-runs", 1),
        slow("stopped-runs", 2),
    ],
)  # fmt: skip
def test_nothing_is_lost_and_nothing_is_wrong(name, count):
    found = campaign(name, count)

    assert found["tried"] >= min(count, 300)
    assert (found["lost"], found["wrong"]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "count", "broken"),
    [
        ("kills", 20, "deletes"), ("flips", 2000, "no-seal"), ("cuts", 1000, "no-seal"), ("fuzz", 60, "trusting"),
        ("attacks", 8, "trusting"),
        slow("failing-each", 72, "in-place"), slow("killed-at-each", 40, "in-place"), slow("full-disk", 8, "in-place"),
        slow("flips", 13000, "no-checksum"), slow("limited-files", 3, "silent"), slow("forbidden", 2, "silent"),
        slow("killed-runs", 9, "deletes"), slow("stopped-runs", 1, "deaf"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_found(name, count, broken):
    found = campaign(name, count, broken)

    assert found["lost"] + found["wrong"] > 0
