"""The numbers in the text of experiments/README.md are those of the results that are kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

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


@pytest.mark.parametrize(("experiment", "answer"), ANSWER.findall(text()))
def test_each_number_of_an_answer_is_that_of_its_experiment(experiment, answer):
    linked = [json.loads((FOLDER / "results" / f"{name}.json").read_text())
              for name in re.findall(r"\((?:\./figures/|\./results/)([\w.-]+)\.(?:png|json)\)", answer)]  # fmt: skip
    candidates = [value for result in results(experiment=experiment) for value in told_by(result)]
    candidates += [abs(each[0]) for result in linked for _, each in estimates(result["found"])]

    for word in re.findall(r"(?<![\w.,])\d*\.\d+", re.sub(r"\]\([^)]*\)", "]", answer)):
        assert (np.abs(np.array(candidates) - float(word)) <= half_of_the_last_digit((word,))).any(), word


def told_by(result: Any) -> Iterator[float]:
    """The numbers of the verdicts of a result: their values and ends, and those that their claims name."""
    for verdict in result["verdicts"]:
        [(_, each)] = estimates(verdict)
        yield from (abs(number) for ends in as_told(verdict["claim"], each) for number in ends)
        yield from (float(word) for word in re.findall(r"(?<![\w.])\d*\.?\d+", verdict["claim"]))
        yield verdict["above"]
