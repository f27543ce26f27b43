"""The gallery of the documentation: each question, the verdicts on each data set, and the figures."""

from typing import Any

from experiments.results.tables import FOLDER, cell, claim, data_of

FIGURES = FOLDER.parent / "figures"
THERE = "../experiments"  # from the page

Runs = dict[str, dict[str, Any]]  # a result by the name of its file


def gallery(results: Runs, stays: dict[tuple[str, str], bool]) -> str:
    """A section for each experiment.

    Args:
      stays: whether a verdict, by the name of its file and its claim, is decided in the family of all.
    """
    from experiments.__main__ import found, question

    questions = {name: question(module) for name, module in found()}
    asked = by_experiment(results)
    return "\n".join(section(questions[name], name, runs, stays) for name, runs in asked.items()).rstrip() + "\n"


def by_experiment(results: Runs) -> dict[str, Runs]:
    """The runs of each experiment."""
    asked: dict[str, Runs] = {}
    for name, result in results.items():
        asked.setdefault(result["experiment"], {})[name] = result
    return asked


def shown(results: Runs) -> Runs:
    """The runs that the gallery shows."""
    names = {name for runs in by_experiment(results).values() for name in best(runs)}
    return {name: result for name, result in results.items() if name in names}


def section(question: str, experiment: str, runs: Runs, stays: dict[tuple[str, str], bool]) -> str:
    """A question: a table for each kind of network, the figures of the runs in it, and links to the other runs."""
    chosen = best(runs)
    lines = [f"## {question}", "", f"`python -m experiments.{experiment}`", ""]
    kinds: dict[tuple[str, str], list[str]] = {}
    for name in chosen:
        kinds.setdefault(kind_of(runs[name]), []).append(name)
    for kind, names in kinds.items():
        lines += [f"**With {' and '.join(filter(None, kind))}**", ""] if any(kind) else []
        lines += [*table({name: runs[name] for name in names}, stays), ""]
        for name in names:
            if (FIGURES / f"{name}.png").exists():
                told = data_of(runs[name])
                lines += [f"![{told}]({THERE}/figures/{name}.png)", "", f"*{told}*; {made_by(runs[name])}", ""]
    others = [link(name, result) for name, result in runs.items() if name not in chosen]
    return "\n".join([*lines, *([f"Other runs: {', '.join(others)}.", ""] if others else [])])


def made_by(result: dict[str, Any]) -> str:
    """The commit of the code that ran, and the one that has its verdicts where these were made again later."""
    judged = result.get("judged")
    return f"commit {result['commit']}" + (f", verdicts {judged}" if judged else "")


def best(runs: Runs) -> list[str]:
    """Of each data set, kind of network, form and label the run of most draws; the usual seeds go before others.

    A run with a label is left out where it judges only what the one without a label does, with another option.
    """

    def rank(name: str) -> tuple[bool, int]:
        settings = runs[name]["settings"]
        return not (settings["seed"] or settings["data_seed"]), settings["repeats"]

    places: dict[tuple[Any, ...], list[str]] = {}
    for name, result in runs.items():
        place = kind_of(result), result["data"], result["settings"]["size"], result.get("label", "")
        places.setdefault(place, []).append(name)
    first = {place: max(names, key=rank) for place, names in places.items()}
    claims = {name: {verdict["claim"] for verdict in runs[name]["verdicts"]} for name in first.values()}
    chosen = set()
    for place, name in first.items():
        usual = first.get((*place[:-1], ""), name)
        if usual == name or claims[name] - claims[usual]:
            chosen.add(name)
    return [name for name in runs if name in chosen]


def kind_of(result: dict[str, Any]) -> tuple[str, str]:
    """The network and the optimiser of a run, where they are not the usual ones."""
    return result["settings"].get("model", ""), result["settings"].get("optimizer", "")


def table(runs: Runs, stays: dict[tuple[str, str], bool]) -> list[str]:
    """A row for each claim, a column for each run: the verdict, the effect, and how many cases it is over."""
    claims = dict.fromkeys(claim(verdict) for result in runs.values() for verdict in result["verdicts"])
    rows = {text: dict.fromkeys(runs, "") for text in claims}
    for name, result in runs.items():
        for verdict in result["verdicts"]:
            told = cell(verdict, stays[name, verdict["claim"]])
            rows[claim(verdict)][name] = f"{told}, n = {verdict['repeats']}"
    head = " | ".join(link(name, result) for name, result in runs.items())
    body = [f"| {text} | {' | '.join(row.values())} |" for text, row in rows.items()]
    return [f"| claim (bound) | {head} |", "|---" * (1 + len(runs)) + "|", *body]


def link(name: str, result: dict[str, Any]) -> str:
    """The data of a run, and its file behind them."""
    return f"[{data_of(result)}]({THERE}/results/{name}.json)"
