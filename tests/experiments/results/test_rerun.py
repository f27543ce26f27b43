import subprocess
import sys

import pytest

from experiments.results import rerun

RESULTS = {
    "a": {"experiment": "feldman_zhang.twins", "command": "python -m experiments.feldman_zhang.twins", "seconds": 1800},
    "b": {"experiment": "feldman_zhang.memorization_values", "seconds": 3600, "h100_hours": 0.25,
          "command": "python -m experiments.feldman_zhang.memorization_values --size quick"},
    "c": {"experiment": "arpit.depth", "command": "python -m experiments.arpit.depth", "seconds": 60},
}  # fmt: skip


@pytest.fixture
def calls(monkeypatch):
    made = []

    def run(command):
        made.append(command)
        return subprocess.CompletedProcess(command, int("experiments.arpit.depth" in command))

    monkeypatch.setattr(rerun, "kept", lambda: RESULTS)
    monkeypatch.setattr(subprocess, "run", run)
    return made


def test_the_cost_is_said_and_nothing_runs(calls, capsys):
    rerun.main([])

    said = capsys.readouterr().out
    assert "60.0 min  python -m experiments.feldman_zhang.memorization_values --size quick --keep" in said
    assert "3 runs: 1.5 hours" in said
    assert "on one h100: at least 0.25 hours of training, by its data sheet, for the 1 of 3 runs" in said
    assert "; about 0.38 for all, if the others are like them; programs" in said  # 5,460 s, of which 3,600 are known
    assert not calls


def test_where_no_run_wrote_hours_down_nothing_is_said_of_the_others(calls, capsys):
    rerun.main(["arpit"])

    assert "for the 0 of 1 runs that wrote it down; programs" in capsys.readouterr().out


def test_a_run_that_found_its_models_trained_costs_what_the_longest_one_did(calls, capsys, monkeypatch):
    again = RESULTS["b"] | {"seconds": 36, "longest": 3600, "h100_hours": 0.0025}
    monkeypatch.setattr(rerun, "kept", lambda: RESULTS | {"b": again})

    rerun.main([])

    said = capsys.readouterr().out
    assert "60.0 min  python -m experiments.feldman_zhang.memorization_values --size quick --keep" in said
    assert "3 runs: 1.5 hours" in said
    assert "; about 0.38 for all" in said


def test_what_no_result_is_of_is_refused_with_what_there_is(calls):
    with pytest.raises(SystemExit, match=r"^error: experiment 'typo' is not known; choose one of: arpit\.depth"):
        rerun.main(["--run", "typo"])

    assert not calls


def test_models_that_others_share_are_trained_first(calls):
    rerun.main(["--run", "feldman_zhang"])

    assert [call[2] for call in calls] == [
        f"experiments.feldman_zhang.{name}" for name in ("memorization_values", "twins")
    ]
    assert calls[1] == [sys.executable, "-m", "experiments.feldman_zhang.twins", "--keep"]


def test_one_that_fails_does_not_stop_the_others_and_is_named(calls):
    with pytest.raises(SystemExit, match=r"failed[^$]*\npython -m experiments.arpit.depth --keep$"):
        rerun.main(["--run"])

    assert len(calls) == 3
