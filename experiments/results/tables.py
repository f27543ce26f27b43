"""Tables of all results that are kept, as Markdown."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
RATE = 0.05  # of false discoveries
PARTS = {
    "feldman_zhang": "Feldman and Zhang, What Neural Networks Memorize and Why",
    "arpit": "Arpit et al., A Closer Look at Memorization in Deep Networks",
    "label_errors": "Wrong labels",
    "language": "Sequences of tokens",
}


def options_of(name: str, text: str | None) -> argparse.ArgumentParser:
    """The command line of a program on results: its help is the docstring, and words that are unknown are refused."""
    form = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(f"python -m experiments.{name}", description=text, formatter_class=form,
                                   allow_abbrev=False)  # fmt: skip


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
        f"stay so at a false discovery rate of {RATE:.0%} over all verdicts; those that do not are marked †."
    )


def stays_decided(results: dict[str, dict[str, Any]]) -> dict[tuple[str, str], bool]:
    """Whether each verdict, by the name of its file and its claim, is decided in the family of all."""
    every = list(verdicts(results))
    stays = still_decided([number(verdict["p"]) for _, verdict in every])
    return {(name, verdict["claim"]): bool(stay) for (name, verdict), stay in zip(every, stays, strict=True)}


def table(results: dict[str, dict[str, Any]]) -> str:
    """A table for each experiment: a row for each claim on each data set, the claim once before its rows."""
    stays = stays_decided(results)
    usual = {  # runs with other seeds: `results.again`
        name: result for name, result in results.items()
        if not (result["settings"]["seed"] or result["settings"]["data_seed"])
    }  # fmt: skip
    by_experiment: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for name, verdict in verdicts(usual):
        data = data_of(results[name])
        told = f"{cell(verdict, stays[name, verdict['claim']])} | {verdict['repeats']} |"
        rows = by_experiment.setdefault(results[name]["experiment"], {}).setdefault(claim(verdict), [])
        rows.append((data, f"[{data}](./results/{name}.json) | {told}"))
    lines: list[str] = []
    for part in PARTS:
        own = {name: rows for name, rows in by_experiment.items() if name.startswith(f"{part}.")}
        lines += [f"## {PARTS[part]}", ""] if own else []
        for name, claims in own.items():
            lines += [f"### {name.split('.')[1]}", "", "| claim (bound) | data | verdict | n |", "|---|---|---|---|"]
            lines += [f"| {text if number == 0 else ''} | {row}"
                      for text, rows in claims.items() for number, (_, row) in enumerate(sorted(rows))]  # fmt: skip
            lines.append("")
    return "\n".join(lines).strip()


def claim(verdict: dict[str, Any]) -> str:
    """The claim in words, with the bound where that is not 0."""
    above = number(verdict["above"])
    return verdict["claim"] if not above else f"{verdict['claim']} ({above:.3g})"


def cell(verdict: dict[str, Any], stays: bool) -> str:
    """The verdict and what was measured; † where the family of all verdicts takes the decision back."""
    word, mark = verdict["word"], " †" if decided(verdict) and not stays else ""
    return f"{word.replace('not supported', '**not supported**')}{mark}: {measured(verdict)}"


def decided(verdict: dict[str, Any]) -> bool:
    """Whether a verdict is for or against its claim."""
    return verdict["word"] in ("supported", "not supported")


def data_of(result: dict[str, Any]) -> str:
    """The data set of a run; network and optimiser if it has them; form, seeds, draws if not the usual; the label."""
    settings = result["settings"]
    form = "" if settings["size"] == "full" else settings["size"]
    words = [result["data"], settings.get("model", ""), settings.get("optimizer", ""), form]
    if settings["seed"] or settings["data_seed"]:
        words.append(f"seeds {settings['seed']} and {settings['data_seed']}")
    if settings["repeats"] > 1:
        words.append(f"{settings['repeats']} draws")
    words.append(result.get("label", ""))
    return ", ".join(filter(None, words))


def measured(verdict: dict[str, Any]) -> str:
    """An effect with its interval."""
    value, low, high = (f"{number(verdict[key]):.2g}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def number(value: Any) -> float:
    """A number of result.json, where those that are not finite are words."""
    return float(value)
