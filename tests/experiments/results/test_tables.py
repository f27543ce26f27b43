"""The tables and the gallery are made from the results, and so are those in the repository."""

import importlib
import json
import shlex
import subprocess

import numpy as np
import pytest
import tyro
from scipy import stats

from experiments.__main__ import found as experiments_found
from experiments.common.claim import form_of, options
from experiments.results import __main__ as command
from experiments.results import tables

RESULTS = {"arpit.depth.full": {
    "experiment": "arpit.depth", "data": "emoji", "settings": {"size": "full", "seed": 0, "data_seed": 0, "repeats": 1},
    "commit": "abc", "verdicts": [
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

    link = "[emoji](./results/arpit.depth.full.json)"
    assert "### depth\n\n| claim (bound) | data | verdict | n |" in text
    assert f"| it is deep (0.5) | {link} | supported: 0.9 [0.8, 1] | 12 |" in text
    assert f"| it is wide | {link} | **not supported** †: -0.2 [-inf, -0.01] | 4 |" in text
    assert f"| it is | {link} | NaN: nan [nan, nan] | 0 |" in text
    told = "3 verdicts of 1 runs: 1 supported, 1 not supported, 1 NaN. Of the 2 decided ones 1 stay"
    assert tables.family(RESULTS).startswith(told)


def test_a_claim_stands_once_before_what_each_run_says_of_it():
    [(name, digits)] = RESULTS.items()
    again = digits | {"settings": digits["settings"] | {"seed": 1}}
    text = tables.table({name: digits, "z": digits | {"data": "digits"}, "other seeds": again})

    file, verdict = "(./results/{}.json)", "supported: 0.9 [0.8, 1] | 12 |"
    rows = f"| it is deep (0.5) | [digits]{file.format('z')} | {verdict}\n|  | [emoji]{file.format(name)} | {verdict}\n"
    assert rows in text
    assert text.count("it is deep") == 1
    assert "other seeds" not in text


def test_the_family_is_corrected_by_benjamini_and_hochberg():
    p = [0.04, 0.01, 0.03, 0.5, float("nan")]

    # Sorted times number over rank: .01 * 5 = .05, .03 * 5 / 2 = .075, ...
    np.testing.assert_array_equal(tables.still_decided(p), [False, True, False, False, False])
    assert not len(tables.still_decided([]))
    assert tables.still_decided(list(stats.uniform.rvs(size=200, random_state=0))).sum() <= 3


@pytest.mark.parametrize("path", sorted(tables.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_kept_result_says_how_it_was_made(path):
    result = json.loads(path.read_text())

    assert result["experiment"] in dict(experiments_found())
    assert {"seed", "data_seed", "size", "repeats"} <= result["settings"].keys()
    assert result["commit"]
    assert not result["commit"].endswith("+"), "made by code that was not committed"
    assert result["machine"]
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize("path", sorted(tables.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_its_command_has_its_options_and_writes_its_file(path):
    result = json.loads(path.read_text())
    words = shlex.split(result["command"])
    settings_type = importlib.import_module(words[2]).Settings
    settings = tyro.cli(settings_type, args=words[3:], config=(tyro.conf.OmitArgPrefixes,))
    newer = {name: value for name, value in options(settings_type()).items() if name not in result["settings"]}

    assert words[:3] == ["python", "-m", f"experiments.{result['experiment']}"]
    assert options(settings) == result["settings"] | newer
    assert f"{result['experiment']}.{form_of(settings)}" == path.stem


def test_a_commit_that_has_verdicts_which_were_made_again_is_in_the_history():
    results = [json.loads(path.read_text()) for path in tables.FOLDER.glob("*.json")]
    judged = sorted({result["judged"] for result in results if "judged" in result})

    said = subprocess.run(["git", "cat-file", "--batch-check"], input="\n".join(judged), cwd=tables.FOLDER,
                          capture_output=True, text=True).stdout.split("\n")  # fmt: skip

    assert judged
    assert [line for line in said if line and " commit " not in line] == []


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
