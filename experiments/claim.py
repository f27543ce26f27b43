"""What experiments have in common: how large they run, how a claim is judged, and how the result is written down.

An experiment is a dataclass of options that extends `Options` and a function that returns a `Result`; `conclude` writes
`result.json` and `figure.png` into the experiment's folder and prints one verdict line.  It resumes because the models
are in run folders under that folder.
"""

import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.machine import environment
from memjax.runs import open_folder, stages
from memjax.runs.open_folder import Run
from memjax.runs.progress import progress_bar
from memjax.types import Outcomes

STARTED = time.monotonic()
LEVEL = 0.95


@dataclass(frozen=True)
class Options:
    """How large, and where."""

    preset: Literal["smoke", "quick", "full"] = "full"
    """smoke: seconds, to see that it works.  quick: about two minutes.  full: the one that is reported."""
    folder: Path = Path("runs/experiments")
    """Everything is written below this folder; what is already there is not computed again."""

    def place(self, name: str) -> Path:
        """The folder of one experiment in one size, made if need be."""
        folder = self.folder / name / self.preset
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class Interval(NamedTuple):
    """An effect with its 95 % interval, from `repeats` repetitions (or models, or draws of a bootstrap)."""

    value: float
    low: float
    high: float
    repeats: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}] (n = {self.repeats})"


def mean_interval(values: Iterable[float]) -> Interval:
    """Student's interval of a mean over independent repeats."""
    from scipy.stats import t

    numbers = np.asarray(list(values), np.float64)
    if len(numbers) < 2:
        return Interval(float(numbers.mean()), -math.inf, math.inf, len(numbers))
    half = t.ppf((1 + LEVEL) / 2, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))
    return Interval(float(numbers.mean()), float(numbers.mean() - half), float(numbers.mean() + half), len(numbers))


def share_interval(marks: Iterable[bool]) -> Interval:
    """A share of independent cases, with Wilson's interval, which is right for none and for all too."""
    from scipy.stats import binomtest

    cases = np.asarray(list(marks), bool)
    if not len(cases):
        return Interval(math.nan, 0.0, 1.0, 0)
    found = binomtest(int(cases.sum()), len(cases)).proportion_ci(LEVEL, "wilson")
    return Interval(float(cases.mean()), float(found.low), float(found.high), len(cases))


def normal_interval(value: float, stderr: float, repeats: int) -> Interval:
    """An estimate with a known standard error."""
    half = 1.959964 * stderr
    return Interval(float(value), float(value - half), float(value + half), repeats)


class Verdict(NamedTuple):
    """Whether one claim was seen.

    Attributes:
      claim: in words, as the paper has it.
      effect: what was measured, so turned that the claim says `above`.
      above: what the claim says the effect exceeds.
    """

    claim: str
    effect: Interval
    above: float = 0.0

    @property
    def word(self) -> str:
        """supported, not supported or undecided: by where the interval lies."""
        if self.effect.low > self.above:
            return "supported"
        return "not supported" if self.effect.high < self.above else "undecided"

    def __str__(self) -> str:
        return f"{self.word}: {self.claim}: {self.effect}, expected above {self.above:g}"


class Result(NamedTuple):
    """What an experiment found.

    Attributes:
      found: numbers and tables, as JSON values.
      verdicts: one a claim.
      figure: a matplotlib figure, or None.
    """

    found: dict[str, Any]
    verdicts: list[Verdict]
    figure: Any = None


class Trained(NamedTuple):
    """Models of one configuration, and what was estimated from them."""

    run: Run
    estimates: dict[str, np.ndarray]
    pairs: dict[str, np.ndarray]

    def outcomes(self) -> Outcomes:
        """Masks and predictions of all models that did not diverge."""
        found = stages.outcomes(self.run, print)
        assert found is not None
        return found[0]


def trained(config: RunConfig, folder: Path) -> Trained:
    """Trains what is missing of a configuration in `folder`, and estimates."""
    run = open_folder.open_run(replace(config, run=str(folder)))
    with progress_bar(run.plan.num_models, run.num_trained) as bar:
        stages.estimate(run, bar.update, bar.write)
    estimates, pairs = (store.read_results(run.folder, name) for name in ("estimates.npz", "pairs.npz"))
    assert estimates is not None
    assert pairs is not None
    return Trained(run, estimates, pairs)


def conclude(name: str, options: Options, result: Result) -> None:
    """Writes result.json and figure.png, and prints the verdicts."""
    place = options.place(name)
    written = {
        "experiment": name,
        "command": " ".join(["python", "-m", f"experiments.{name}", *sys.argv[1:]]),
        "preset": options.preset,
        "commit": _commit(),
        "versions": environment.versions(),
        "machine": f"{platform.machine()}, {environment.usable_cores()} cores",
        "seconds": round(time.monotonic() - STARTED, 1),
        "found": result.found,
        "verdicts": [{"word": verdict.word, "above": verdict.above, "claim": verdict.claim, **verdict.effect._asdict()}
                     for verdict in result.verdicts],
    }  # fmt: skip
    text = json.dumps(_plain(written), indent=1)
    store.write_atomically(place / "result.json", lambda stream: stream.write(text.encode()))
    if result.figure is not None:
        result.figure.savefig(place / "figure.png", dpi=110)
    print(json.dumps(_plain(result.found)))
    for verdict in result.verdicts:
        print(f"verdict: {verdict}")
    print(f"written to {place}; {written['seconds']:.0f} s")


def _plain(value: Any) -> Any:
    """As JSON has it: numbers of Python, none that is not finite; named tuples as tables."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.generic,)):
        return _plain(value.item())
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _commit() -> str:
    """The commit that the code is of, with a + where it was changed since; nothing outside a repository."""
    told = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True)  # noqa: S607
    return told.stdout.strip()
