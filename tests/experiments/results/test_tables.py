"""The tables and the gallery are made from the results, and so are those in the repository."""

import json
import subprocess

import numpy as np
import pytest
from scipy import stats

from experiments.__main__ import found as experiments_found
from experiments.results import __main__ as command
from experiments.results import tables

RESULTS = {"arpit.depth.full": {
    "experiment": "arpit.depth", "data": "emoji", "commit": "abc",
    "settings": {"size": "full", "seed": 0, "data_seed": 0}, "verdicts": [
        {"word": "supported", "p": 0.001, "above": 0.5, "claim": "it is deep", "value": 0.9, "low": 0.8, "high": 1.0,
         "repeats": 12},
        {"word": "not supported", "p": 0.04, "above": 0, "claim": "it is wide", "value": -0.2, "low": "-inf",
         "high": -0.01, "repeats": 4},
        {"word": "NaN", "p": "NaN", "above": 0, "claim": "it is", "value": "NaN", "low": "NaN", "high": "NaN",
         "repeats": 0},
    ],
}}  # fmt: skip


def test_the_pages_in_the_repository_are_what_the_results_say():
    for path, text in command.pages().items():
        assert path.read_text() == text, f"{path.name}: run python -m experiments.results"


def test_every_verdict_is_a_row_and_what_the_family_takes_back_is_marked():
    text = tables.table(RESULTS)

    file = "(./results/arpit.depth.full.json)"
    assert "| experiment | claim (bound) | emoji |" in text
    assert f"| `depth` | it is deep (0.5) | supported: 0.9 [0.8, 1] ([n = 12]{file}) |" in text
    assert f"|  | it is wide | **not supported** †: -0.2 [-inf, -0.01] ([n = 4]{file}) |" in text
    assert f"|  | it is | NaN: nan [nan, nan] ([n = 0]{file}) |" in text
    told = "3 verdicts of 1 runs: 1 supported, 1 not supported, 1 NaN. Of the 2 decided ones 1 stay"
    assert tables.family(RESULTS).startswith(told)


def test_the_family_is_corrected_by_benjamini_and_hochberg():
    p = [0.04, 0.01, 0.03, 0.5, float("nan")]

    # Sorted times number over rank: .01 * 5 = .05, .03 * 5 / 2 = .075, ...
    np.testing.assert_array_equal(tables.still_decided(p), [False, True, False, False, False])
    assert not len(tables.still_decided([]))
    assert tables.still_decided(list(stats.uniform.rvs(size=200, random_state=0))).sum() <= 3


def test_a_run_with_other_seeds_is_compared_claim_by_claim_and_is_no_column():
    def result(seed, *effects):
        verdicts = [{"word": "supported", "p": 0.01, "above": 0, "claim": f"claim {n}", "value": value, "low": low,
                     "high": high, "repeats": 4} for n, (value, low, high) in enumerate(effects)]  # fmt: skip
        return {"experiment": "arpit.depth", "data": "emoji", "commit": "abc", "verdicts": verdicts,
                "settings": {"size": "quick", "seed": seed, "data_seed": seed}}  # fmt: skip

    results = {
        "first": result(0, (1.0, 0.5, 1.3), (1.0, 0.9, 1.1), (0.0, "-inf", "inf")),
        "again": result(9, (1.45, 1.05, 1.85), (0.8, 0.7, 0.9), (2.0, 1.0, 3.0)),
    }

    text = tables.again(results)

    # .3 above the one and .4 below the other: .5, more than they differ.  The second pair may differ by .14.
    assert "1 [0.5, 1.3] | 1.4 [1.1, 1.9] | 0.45, promised 0.5 | agree |" in text
    assert "0.8 [0.7, 0.9] | -0.2, promised 0.14 | **differ** |" in text
    assert "1 of 2 effects agree" in text
    assert "seeds 9 and 9" in text
    assert "seeds" not in tables.table(results)
    assert tables.family(results).startswith("6 verdicts of 2 runs")
    assert tables.again(RESULTS) == "No run was repeated with other seeds."


@pytest.mark.parametrize("path", sorted(tables.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_kept_result_says_how_it_was_made(path):
    result = json.loads(path.read_text())

    assert result["experiment"] in dict(experiments_found())
    assert path.stem.startswith(result["experiment"])
    assert {"seed", "data_seed", "size", "repeats"} <= result["settings"].keys()
    assert result["commit"]
    assert not result["commit"].endswith("+"), "made by code that was not committed"
    assert result["machine"]
    assert path.stat().st_size < 200_000


def test_the_protocol_is_older_than_the_results():
    root = tables.FOLDER.parent

    def committed(*paths):
        said = subprocess.run(["git", "log", "--format=%ct", "--diff-filter=A", "--", *paths], cwd=root,
                              capture_output=True, text=True)  # fmt: skip
        return [int(line) for line in said.stdout.split()]

    protocol, results = committed("PROTOCOL.md"), committed("results/*.json")
    if not protocol or not results:
        pytest.skip("no history of the repository here")
    assert max(protocol) <= min(results)
