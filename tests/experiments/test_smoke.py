"""Every experiment on Feldman and Zhang's claims in its smallest form."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NAMES = (
    "memorization_values", "influence_pairs", "marginal_utility", "pair_removal", "consistency", "architectures",
    "last_layer", "leave_one_out", "mixture", "critics", "label_errors", "cost",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experiments")  # shared, so that models are


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_writes_and_resumes(name, folder):
    if name == "label_errors":
        pytest.importorskip("cleanlab")
    command = [sys.executable, "-m", f"experiments.{name}", "--preset", "smoke", "--folder", str(folder)]
    said = [
        subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
        for _ in range(2)
    ]

    assert [run.returncode for run in said] == [0, 0], said[0].stderr
    assert "verdict: " in said[0].stdout
    assert "trained" in said[0].stderr or name in ("consistency", "influence_pairs")
    assert "trained" not in said[1].stderr
    written = json.loads((folder / name / "smoke" / "result.json").read_text())
    assert written["verdicts"]
    assert (folder / name / "smoke" / "figure.png").stat().st_size > 1000
