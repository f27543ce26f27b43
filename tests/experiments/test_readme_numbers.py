"""The numbers in the text of experiments/README.md are those of the results that are kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.results import tables
from experiments.results.gallery import shown

FOLDER = Path(__file__).parent.parent.parent / "experiments"
NUMBER = r"(-?\d*\.?\d+)"
INTERVAL = re.compile(NUMBER + r" \[ ?" + NUMBER + ", " + NUMBER + r"\]")
MADE = re.compile(r"<!-- made by python -m experiments\.results -->.*?<!-- end -->", re.DOTALL)
ANSWER = re.compile(r"\| `(\w+)`: [^|]*\|([^|]*)\|")


PARTS = {"feldman_zhang": "Feldman and Zhang", "label_errors": "Wrong labels", "arpit": "Arpit et al."}


def text() -> str:
    return re.sub(r"\s+", " ", MADE.sub("", (FOLDER / "README.md").read_text()))


def part(title: str) -> str:
    """The text of a part, which begins with its title."""
    [found] = [each for each in re.split(r" (?=## )", text()) if each.startswith(f"## {title}")]
    return found


def results(family: str = "*", experiment: str = "*") -> list[Any]:
    names = sorted((FOLDER / "results").glob(f"{family}.{experiment}.*.json"))
    return [json.loads(name.read_text()) for name in names]


def estimates(tree: Any, path: str = "") -> Iterator[tuple[str, tuple[float, ...]]]:
    """Each value with its ends, and where it stands."""
    if isinstance(tree, dict):
        if {"value", "low", "high"} <= tree.keys():
            ends = [np.atleast_1d(np.array(tree[key], float)) for key in ("value", "low", "high")]
            yield from (
                (f"{path}/{row}", tuple(each)) for row, each in enumerate(zip(*map(np.ravel, ends), strict=True))
            )
        for key, value in tree.items():
            yield from estimates(value, f"{path}/{key}")
    elif isinstance(tree, list):
        for row, value in enumerate(tree):
            yield from estimates(value, f"{path}/{row}")


def as_told(claim: str, ends: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
    """An estimate as the text may give it: of a gain as of a loss, a ratio of its logarithm, x of `1.2 minus x`."""
    value, low, high = ends
    yield ends
    yield -value, -high, -low
    if "log10" in claim:
        yield 10**value, 10**low, 10**high
    if minus := re.search(r"\((\d*\.?\d+) minus", claim):
        start = float(minus[1])
        yield start - value, start - high, start - low


def over_repeats(result: Any) -> Iterator[tuple[float, ...]]:
    """What is found in each repeat and no verdict is about: Student's interval of the mean."""
    repeats = [dict(estimates(found)) for found in result["found"].get("repeats", [])]
    for path in repeats[0] if repeats else []:
        values = np.array([each[path][0] for each in repeats if path in each])
        if len(values) == len(repeats):
            half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
            yield values.mean(), values.mean() - half, values.mean() + half


def kept(family: str) -> np.ndarray:
    """The estimates of the results as the text may give them, (estimates, 3); of several draws, those over them."""
    ends = []
    for result in results(family):
        for verdict in result["verdicts"]:
            [(_, each)] = estimates(verdict)
            ends += as_told(verdict["claim"], each)
        if "repeats" not in result["found"]:
            ends += [told for _, each in estimates(result["found"]) for told in as_told("", each)]
        ends += [told for each in over_repeats(result) for told in as_told("", each)]
    return np.array(ends)


def half_of_the_last_digit(words: tuple[str, ...]) -> np.ndarray:
    return np.array([0.51 * 10.0 ** -len(word.partition(".")[2]) for word in words])


def is_kept(words: tuple[str, ...], candidates: np.ndarray) -> bool:
    told = np.array([float(word) for word in words])
    return bool((np.abs(candidates - told) <= half_of_the_last_digit(words)).all(1).any())


@pytest.mark.parametrize(("family", "title", "least"), [(*each, 25) for each in PARTS.items()])
def test_each_interval_of_the_text_is_that_of_a_result(family, title, least):
    candidates, told = kept(family), part(title)
    matches = list(INTERVAL.finditer(told))
    changed = [is_kept(each.groups(), candidates + 10 * half_of_the_last_digit(each.groups())) for each in matches]

    assert len(matches) > least
    strange = [
        told[max(0, each.start() - 60) : each.end()] for each in matches if not is_kept(each.groups(), candidates)
    ]
    assert strange == []
    assert np.mean(changed) < 0.5, "most numbers that have changed should be found"


DECIMAL = re.compile(r"(?<![\w.,])\d*\.\d+")


def numbers(answer: str) -> list[str]:
    return DECIMAL.findall(re.sub(r"\]\([^)]*\)", "]", answer))


def told_by(experiment: str, answer: str) -> np.ndarray:
    """Values and bounds of the verdicts of an experiment, and what its linked results found without one."""
    linked = re.findall(r"\((?:\./figures/|\./results/)([\w.-]+)\.(?:png|json)\)", answer)
    told = []
    results, most = tables.kept(), shown(tables.kept())
    for name, result in results.items():
        if name in linked or (name in most and result["experiment"].endswith(f".{experiment}")):
            for verdict in result["verdicts"]:
                [(_, each)] = estimates(verdict)
                told += [abs(ends[0]) for ends in as_told(verdict["claim"], each)] + [verdict["above"]]
                told += [float(word) for word in DECIMAL.findall(verdict["claim"])]
        if name in linked:
            told += [abs(each[0]) for _, each in estimates(result["found"])]
    return np.array(told)


def is_told(word: str, candidates: np.ndarray, change: float = 0.0) -> bool:
    half = half_of_the_last_digit((word,))
    return bool((np.abs(candidates - float(word) - 2 * change * half) <= half).any())


@pytest.mark.parametrize(("experiment", "answer"), ANSWER.findall(text()))
def test_each_number_of_an_answer_is_that_of_its_experiment(experiment, answer):
    candidates = told_by(experiment, answer)

    assert [word for word in numbers(answer) if not is_told(word, candidates)] == []


def test_most_other_numbers_would_not_be():
    answers = [(numbers(answer), told_by(experiment, answer)) for experiment, answer in ANSWER.findall(text())]

    changed = [is_told(word, told, change) for words, told in answers for word in words for change in (-3, -2, 2, 3)]
    assert np.mean(changed) < 0.5
