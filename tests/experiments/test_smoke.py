"""Every experiment in its smallest form, from the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.__main__ import found
from memjax.data.downloads import made_path

ROOT = Path(__file__).parent.parent.parent
OTHER_DATA = {"arpit.datasets": ["--datasets", "digits", "digits"]}  # by default one that has to be downloaded
NEEDS = {"label_errors.methods": "cleanlab"}
NEEDS_DATA = {"feldman_zhang.twins": "emoji", "language.counterfactual": "brown"}
SHARES_MODELS = {
    "feldman_zhang.consistency", "feldman_zhang.fashion_mnist", "feldman_zhang.influence_pairs",
    "feldman_zhang.memorization_values",
}  # fmt: skip
BY_LOOKING = {"feldman_zhang.fashion_mnist"}
NO_FIGURE = {"label_errors.label_noise", "label_errors.ranking"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experiments")  # shared, so that models are


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _ in found()])
def test_it_runs_writes_and_resumes(name, folder):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    if name in NEEDS_DATA and not made_path(NEEDS_DATA[name]).exists():
        pytest.skip(f"needs the data set {NEEDS_DATA[name]}, see experiments/data")
    command = [sys.executable, "-m", f"experiments.{name}", "--size", "smoke", "--folder", str(folder)]
    command += OTHER_DATA.get(name, [])
    saves_models = not name.startswith("arpit.")
    said = [
        subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
        for _ in range(2 if saves_models else 1)
    ]

    assert not any(run.returncode for run in said), said[0].stderr
    assert ("verdict: " in said[0].stdout) == (name not in BY_LOOKING)
    if saves_models:
        assert "trained" in said[0].stderr or name in SHARES_MODELS
        assert "trained" not in said[1].stderr
    [place] = folder.joinpath(*name.split(".")).iterdir()
    written = json.loads((place / "result.json").read_text())
    assert {verdict["word"] for verdict in written["verdicts"]} <= {"supported", "not supported", "undecided", "NaN"}
    assert name in NO_FIGURE or (place / "figure.png").stat().st_size > 1000
