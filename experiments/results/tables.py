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
    """A table for each paper: a row for each claim, a column for each data set, in it the verdict and the effect."""
    every = list(verdicts(results))
    stays = still_decided([number(verdict["p"]) for _, verdict in every])
    lines: list[str] = []
    shown = {name for name, result in results.items() if not is_again(result)}
    for part, title in PARTS.items():
        rows: dict[tuple[str, str], dict[str, str]] = {}
        for (name, verdict), stay in zip(every, stays, strict=True):
            paper, experiment = results[name]["experiment"].split(".")
            if paper == part and name in shown:
                row = rows.setdefault((experiment, claim(verdict)), {})
                row[data_of(results[name])] = (
                    f"{cell(verdict, bool(stay))} ([n = {verdict['repeats']}](./results/{name}.json))"
                )
        if rows:
            data = sorted({data for row in rows.values() for data in row})
            head = f"| experiment | claim (bound) | {' | '.join(data)} |"
            lines += ["", f"**{title}**", "", head, "|---" * (2 + len(data)) + "|"]
            before = ""
            for (experiment, text), row in rows.items():
                said, before = "" if experiment == before else f"`{experiment}`", experiment
                lines.append(f"| {said} | {text} | {' | '.join(row.get(column, '') for column in data)} |")
    return "\n".join(lines).strip()


def is_again(result: dict[str, Any]) -> bool:
    """Whether a run has other seeds than 0: it repeats one that has these."""
    return bool(result["settings"]["seed"] or result["settings"]["data_seed"])


def again(results: dict[str, dict[str, Any]]) -> str:
    """A table of what was run again with other seeds and another draw: claim by claim, whether the two effects agree.

    They do where they differ by no more than the root of the sum of squares of the sides of their intervals that face
    each other.  Of two honest 95 % intervals one in twenty does not.  Intervals without ends say nothing.
    """
    lines = ["| experiment | claim | first run | run again | difference | they |", "|---" * 6 + "|"]
    agree: list[bool] = []
    for name, result in results.items():
        alike = [first for first in results.values() if _same_but_seeds(first, result)] if is_again(result) else []
        for first in alike:
            before = {verdict["claim"]: verdict for verdict in first["verdicts"]}
            for verdict in result["verdicts"]:
                if (one := before.get(verdict["claim"])) and np.isfinite(promised := _promised(one, verdict)):
                    difference = number(verdict["value"]) - number(one["value"])
                    agree.append(abs(difference) <= promised)
                    data = data_of(result)
                    lines.append(f"| [`{result['experiment'].split('.')[1]}`, {data}](./results/{name}.json) | "
                                 f"{verdict['claim']} | {measured(one)} | {measured(verdict)} | "
                                 f"{difference:.2g}, promised {promised:.2g} | "
                                 f"{'agree' if agree[-1] else '**differ**'} |")  # fmt: skip
    if not agree:
        return "No run was repeated with other seeds."
    said = (
        f"{sum(agree)} of {len(agree)} effects agree with those of the first run; {0.95 * len(agree):.1f} are expected."
    )
    return "\n".join([f"**Run again with another seed and another draw of the data.** {said}", "", *lines])


def _same_but_seeds(one: dict[str, Any], other: dict[str, Any]) -> bool:
    seeds = {"seed": 0, "data_seed": 0}
    return not is_again(one) and one["experiment"] == other["experiment"] and one["data"] == other["data"] and (
        one["settings"] | seeds == other["settings"] | seeds
    )  # fmt: skip


def _promised(one: dict[str, Any], other: dict[str, Any]) -> float:
    """How far the two effects may be apart: infinite or NaN where an interval has no ends."""
    low, high = sorted((one, other), key=lambda verdict: number(verdict["value"]))
    return float(np.hypot(number(low["high"]) - number(low["value"]), number(high["value"]) - number(high["low"])))


def claim(verdict: dict[str, Any]) -> str:
    """The claim in words, with the bound where that is not 0."""
    above = number(verdict["above"])
    return verdict["claim"] if not above else f"{verdict['claim']} ({above:.3g})"


def cell(verdict: dict[str, Any], stays: bool) -> str:
    """The verdict and what was measured; † where the family of all verdicts takes the decision back."""
    word = verdict["word"]
    mark = " †" if word in ("supported", "not supported") and not stays else ""
    return f"{word.replace('not supported', '**not supported**')}{mark}: {measured(verdict)}"


def data_of(result: dict[str, Any]) -> str:
    """The data set of a run, its form where that is not the full one, and its seeds where they are not 0."""
    seeds, form = result["settings"], result["settings"]["size"]
    words = [result["data"], *([form] if form != "full" else [])]
    if is_again(result):
        words.append(f"seeds {seeds['seed']} and {seeds['data_seed']}")
    return ", ".join(words)


def measured(verdict: dict[str, Any]) -> str:
    """An effect with its interval."""
    value, low, high = (f"{number(verdict[key]):.2g}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def gallery(results: dict[str, dict[str, Any]]) -> str:
    """A section for each run that has a figure: its question, the figure, its verdicts, and the link to its numbers."""
    from experiments.__main__ import found, question

    questions = {name: question(module) for name, module in found()}
    lines = []
    for name, result in results.items():
        if not (FIGURES / f"{name}.png").exists():
            continue
        asked = questions[result["experiment"]]
        file = f"[{name}.json](../experiments/results/{name}.json)"
        lines += [f"## {asked}", "", f"{data_of(result)}; {file}, commit {result['commit']}:", ""]
        for verdict in result["verdicts"]:
            lines.append(f"* {verdict['word']}: {verdict['claim']}: {measured(verdict)}, n = {verdict['repeats']}")
        lines += ["", f"![{asked}](../experiments/figures/{name}.png)", ""]
    return "\n".join(lines).rstrip() + "\n"


def number(value: Any) -> float:
    """A number of result.json, where those that are not finite are words."""
    return float(value)
