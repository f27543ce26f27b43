"""Runs the code of the tutorial, block by block."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from memjax import run

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial.md"


@pytest.mark.ci
def test_the_tutorial_runs_and_its_claims_hold(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    blocks = re.findall(r"```(python|sh)\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)

    for kind, code in blocks:
        if kind == "python":
            exec(compile(code, str(TUTORIAL), "exec"), names)  # our own page
        else:
            command = shlex.split(code)
            assert command[0] == "memjax"
            assert run.main(command[1:]) == 0

    assert len(blocks) == 11
    out = capsys.readouterr().out
    assert "AUC 0." in out
    np.testing.assert_array_equal(np.load("results/estimates.npz")["tr_mem"], names["estimate"].value)
