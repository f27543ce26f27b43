"""Every row of the table, at each of its entries; columns that hold for all rows; and what the table has to cover."""

import inspect
import os
import re
import tempfile
from pathlib import Path

import pytest

from memjax import estimators
from tests.edges.edge import KINDS, Edge
from tests.edges.entries import ENTRIES, REFUSALS, Refused
from tests.edges.table import ROWS

ADVICE = "add|call|cast|change|check|choose|correct|drop|fill|free|get|give|keep|leave|lower|make|move|name|number|pass"
ADVICE += "|prepare|put|repeat|run|save|scale|see|set|store|subtract|take|train|transpose|try|unset|use|wrap|write"
EXPECTED = re.compile(
    rf"[;:,.?] ({ADVICE})\b|\b(and|or|then|to) ({ADVICE})\b|\bexpect(ed|s)\b|\bneed(s|ed)?\b|\bmust\b"
    r"|--\w+ give |did you mean", re.IGNORECASE,
)  # fmt: skip
# What an input is called, which is another name at each entry, and how much room a disk has at the moment.
NAMES = re.compile(
    r"in\.npz: \w+|in/\w+\.npy|\b(npz:in\.npz|npy:in|in\.(npz|csv)|arrays|(train_|test_)?correct(_test)?)\b"
    r"|\S*(runs|temporary)/\S+|its disk has [\d,]+ left"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working folder, an empty folder of temporary files, and no data sets from elsewhere."""
    for name in ("work", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))
    return tmp_path


def refusal(edge: Edge, entry: str) -> Exception:
    with pytest.raises(REFUSALS) as refused:
        ENTRIES[entry](edge.given())
    return refused.value


def plain(problem: Exception) -> str:
    """The words of a refusal on one line, without the frame that options have which cannot be parsed."""
    return " ".join(re.sub("[│─╭╮╰╯]|^memjax: ", " ", str(problem)).split())


def label(edge: Edge) -> str:
    return f"{edge.kind} {edge.source}"


REFUSED = [edge for edge in ROWS if isinstance(edge.right, str)]
GIVEN = [edge for edge in ROWS if not isinstance(edge.right, str)]


@pytest.mark.parametrize("edge", REFUSED, ids=label)
def test_a_wrong_input_is_refused_in_the_same_words_everywhere(edge, place):
    found = {}
    for entry in edge.entries.split(", "):
        problem = refusal(edge, entry)
        words = found[entry] = plain(problem)

        at = 0
        for part in edge.right.split(" ... "):
            at = words.find(part, at)
            assert at >= 0, f"{part!r} is not in {words!r}"
        assert EXPECTED.search(words), f"{words!r} does not say what was expected, or what to do"
        if isinstance(problem, Refused):
            assert problem.code == 2
        assert "Traceback" not in str(problem)
        assert not Path("runs").exists()
        assert not Path("out").exists()
        assert not os.listdir(tempfile.tempdir)
    assert len({NAMES.sub("X", words) for words in found.values()}) == 1, found


@pytest.mark.parametrize("edge", GIVEN, ids=label)
def test_a_right_input_gives_what_is_right_everywhere(edge, place):
    for entry in edge.entries.split(", "):
        edge.right(ENTRIES[entry](edge.given()))


def test_the_table_covers_every_kind_reader_entry_and_estimator():
    sources = {edge.source.split()[0] for edge in ROWS}
    functions = {name for name in estimators.__all__ if inspect.isfunction(getattr(estimators, name))}

    assert len(ROWS) >= 250
    assert {edge.kind for edge in ROWS} == KINDS.keys()
    assert {entry for edge in ROWS for entry in edge.entries.split(", ")} == ENTRIES.keys()
    assert {"npz", "npy", "idx", "cifar", "svhn", "tfds", "digits", "csv", "parquet", "frame"} <= sources
    assert {"aux_arrays", "experiments", "published", "C-scores", "masks", "indices"} <= sources
    assert sorted(functions - sources - ENTRIES.keys()) == WITHOUT_A_ROW


# Estimators whose inputs are checked in tests/estimators alone: attacks, tests, and sums of parts.
WITHOUT_A_ROW = sorted(
    [
        "add_totals",
        "bounded_interval",
        "controlled_memorization",
        "count_pairs",
        "decision_stability",
        "difference",
        "epsilon_from_one_model",
        "epsilon_from_rates",
        "estimate_of",
        "expected_by_chance",
        "family_wise_p_values",
        "in_pairs",
        "join_extremes",
        "join_pairs",
        "loss_attack",
        "memorization_p_values",
        "of_groups",
        "population_attack",
        "prior_factors",
        "rmia",
        "select_pairs",
        "sides",
        "sides_of",
        "tally_of",
        "whole_pairs",
    ]
)
