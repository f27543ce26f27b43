"""Compares runs that differ in nothing but their seeds and their draw of the data.

If the intervals of both runs hold what they promise, the difference of two effects lies in its own 95 % interval, which
holds 0, in nineteen of twenty cases.
"""

from typing import Any, NamedTuple

import numpy as np

from experiments.common.intervals import Interval, difference
from experiments.results.tables import data_of, number

SEEDS = ("seed", "data_seed")


class Again(NamedTuple):
    """How far a run agrees with the one before.

    Attributes:
      differences: of the effects whose intervals have ends, the second run's minus the first's.
      words: whether both verdicts say the same, for every claim.
    """

    differences: dict[str, Interval]
    words: list[bool]

    @property
    def outside(self) -> list[str]:
        """The claims whose difference is larger than its 95 % interval allows."""
        return [claim for claim, found in self.differences.items() if found.low > 0 or found.high < 0]


def pairs(results: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """The names of runs with the same experiment, data and settings, but other seeds; the first has seeds 0."""
    found = []
    for name, result in results.items():
        if any(result["settings"][seed] for seed in SEEDS):
            same = [
                other
                for other, first in results.items()
                if without_seeds(first) == without_seeds(result) and not any(first["settings"][s] for s in SEEDS)
            ]
            found += [(other, name) for other in same]
    return found  # fmt: skip


def without_seeds(result: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """What two runs must share.  Options that are not given are left out: an older run may not know of them."""
    settings = {key: value for key, value in result["settings"].items() if key not in SEEDS and value}
    return result["experiment"], result["data"], settings


def compare(first: dict[str, Any], second: dict[str, Any]) -> Again:
    """Each effect of the second run minus that of the first, both less what was expected, which may depend on a draw.

    Claims on one number count once; one whose bound depends on the draw goes first, as it says what was expected.
    """
    both = list(zip(first["verdicts"], second["verdicts"], strict=True))
    words = [one["word"] == other["word"] for one, other in both]
    differences, counted = {}, set()
    for one, other in sorted(both, key=lambda pair: pair[0]["above"] == pair[1]["above"]):
        found = difference(interval(other), interval(one))
        effect = interval(one)
        number_of = (round(abs(one["value"]), 6), round(effect.high - effect.low, 6))
        same = {number_of, (round(abs(1 - one["value"]), 6), number_of[1])} & counted
        if np.isfinite([found.low, found.high]).all() and not same:
            counted.add(number_of)
            differences[one["claim"]] = found
    return Again(differences, words)


def interval(verdict: dict[str, Any]) -> Interval:
    """The effect of a verdict, less what was expected."""
    return Interval(*(number(verdict[key]) - verdict["above"] for key in ("value", "low", "high")), verdict["repeats"])


def table(results: dict[str, dict[str, Any]]) -> str:
    """A row for each run that was run again."""
    head = "| run again | effects | differ by more than their intervals promise | verdicts that say the same |"
    lines, outside, total = [head, "|---|---|---|---|"], 0, 0
    for first, second in pairs(results):
        found = compare(results[first], results[second])
        outside, total = outside + len(found.outside), total + len(found.differences)
        named = f"`{results[second]['experiment'].split('.')[1]}`, {data_of(results[second])}"
        told = "; ".join(f"{claim}: {found.differences[claim].value:.2g}" for claim in found.outside) or "none"
        lines.append(f"| [{named}](./results/{second}.json) | {len(found.differences)} | {told} | "
                     f"{sum(found.words)} of {len(found.words)} |")  # fmt: skip
    if not total:
        return ""
    return "\n".join([
        "## The same again with other seeds and another draw of the data", "",
        f"{outside} of {total} effects differ by more than their 95 % intervals promise; one in twenty is expected.",
        "", *lines,
    ])  # fmt: skip
