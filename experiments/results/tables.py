"""Tables of all results that are kept, as Markdown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
FIGURES = FOLDER.parent / "figures"
RATE = 0.05  # of false discoveries
PARTS = {
    "feldman_zhang": "Feldman and Zhang, What Neural Networks Memorize and Why",
    "arpit": "Arpit et al., A Closer Look at Memorization in Deep Networks",
    "label_errors": "Wrong labels",
}
DEFAULT_DATA = {"quick": "digits", "full": "Fashion-MNIST"}


def kept(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The results by the name of their file, in the order of the papers."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    order = list(PARTS)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1]["experiment"].split(".")[0])))


def verdicts(results: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each verdict with the name of its file."""
    for name, result in results.items():
        for verdict in result["verdicts"]:
            yield name, verdict


def still_decided(p_values: list[float]) -> np.ndarray:
    """Which p-values are significant at a false discovery rate of 5 %: Benjamini and Hochberg.  NaN is not."""
    from scipy.stats import false_discovery_control

    values = np.nan_to_num(np.array(p_values, float), nan=1.0)
    return false_discovery_control(values) <= RATE if len(values) else np.zeros(0, bool)


def family(results: dict[str, dict[str, Any]]) -> str:
    """How many verdicts there are, of each word, and how many of the decided ones stay so in the family of all."""
    every = [verdict for _, verdict in verdicts(results)]
    words = [verdict["word"] for verdict in every]
    stays = still_decided([number(verdict["p"]) for verdict in every])
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words, reverse=True)))
    decided = sum(word in ("supported", "not supported") for word in words)
    return (
        f"{len(every)} verdicts of {len(results)} runs: {counts}. Of the {decided} decided ones {int(stays.sum())} "
        f"stay so at a false discovery rate of {RATE:.0%} over all verdicts; the others are marked †."
    )


def table(results: dict[str, dict[str, Any]]) -> str:
    """A row for each verdict: the claim, what was measured, and the file."""
    every = list(verdicts(results))
    stays = still_decided([number(verdict["p"]) for _, verdict in every])
    lines = []
    part = ""
    for (name, verdict), stay in zip(every, stays, strict=True):
        result = results[name]
        if (paper := result["experiment"].split(".")[0]) != part:
            part = paper
            lines += ["", f"**{PARTS[part]}**", "", "| claim | data | measured, expected above | verdict | file |",
                      "|---|---|---|---|---|"]  # fmt: skip
        word = verdict["word"] if verdict["word"] != "not supported" else "**not supported**"
        mark = "" if stay or verdict["word"] not in ("supported", "not supported") else " †"
        lines.append(
            f"| {verdict['claim']} | {data_of(result)} | {measured(verdict)}, {number(verdict['above']):.3g} "
            f"| {word}{mark} | [{result['experiment'].split('.')[1]}](results/{name}.json) |"
        )
    return "\n".join(lines).strip()


def data_of(result: dict[str, Any]) -> str:
    """The data set of a run, and its form where that is not the full one."""
    settings = result["settings"]
    data = settings.get("dataset") or result.get("data") or DEFAULT_DATA.get(settings["size"], settings["size"])
    return data if settings["size"] == "full" else f"{data}, {settings['size']}"


def measured(verdict: dict[str, Any]) -> str:
    """An effect with its interval and the number of its cases."""
    value, low, high = (number(verdict[key]) for key in ("value", "low", "high"))
    return f"{value:.3g} [{low:.3g}, {high:.3g}] (n = {verdict['repeats']})"


def gallery(results: dict[str, dict[str, Any]]) -> str:
    """A section for each run that has a figure: its question, the figure, its verdicts, and the link to its numbers."""
    from experiments.__main__ import found, question

    questions = {name: question(module) for name, module in found()}
    lines = []
    for name, result in results.items():
        if not (FIGURES / f"{name}.png").exists():
            continue
        asked = questions[result["experiment"]]
        lines += [f"## {asked}", "", f"{data_of(result)}; [{name}.json](../experiments/results/{name}.json), commit "
                  f"{result['commit']}:", ""]  # fmt: skip
        lines += [f"* {verdict['word']}: {verdict['claim']}: {measured(verdict)}" for verdict in result["verdicts"]]
        lines += ["", f"![{asked}](../experiments/figures/{name}.png)", ""]
    return "\n".join(lines).rstrip() + "\n"


def number(value: Any) -> float:
    """A number of result.json, where those that are not finite are words."""
    return float(value)
