"""How a claim is judged, and how the result of an experiment is written.

An experiment is a module with the question in the first line of its docstring, `COST`, a dataclass `Settings` and a
function `run(settings) -> Result`.  `main` does the rest: it reads the command line, repeats, writes and prints.
"""

import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tyro

from benchmarks.common.machine import processor
from experiments.common import gpu
from experiments.common.intervals import LEVEL, Interval, mean_interval, opened, together
from experiments.common.plots import named
from experiments.common.settings import BaseSettings
from memjax import store
from memjax.errors import InputError
from memjax.machine import environment

RESULTS, FIGURES = (Path(__file__).parent.parent / folder for folder in ("results", "figures"))
STARTED = time.monotonic()


class Verdict(NamedTuple):
    """Whether the models agree with one claim.

    Attributes:
      claim: in words, as the paper has it.
      effect: what was measured, with the sign that makes the claim say `above`.
      above: what the effect exceeds if the claim holds.
      sd: standard deviation of the effect over repeats of the whole experiment, where it was repeated.
    """

    claim: str
    effect: Interval
    above: float = 0.0
    sd: float | None = None

    @property
    def word(self) -> str:
        """supported, not supported or undecided: by where the interval lies.  NaN where the effect is not a number."""
        if math.isnan(self.effect.value):
            return "NaN"
        if self.effect.low > self.above:
            return "supported"
        return "not supported" if self.effect.high < self.above else "undecided"

    @property
    def p(self) -> float:
        """The two-sided p-value of `above`, from the side of the interval that is nearer to it.

        Below .05 just where the 95 % interval leaves `above` out.  Further away it is Student's with one degree of
        freedom less than there are cases; of other intervals than Student's it is an approximation.
        """
        from scipy.stats import t

        value, low, high, cases = self.effect
        reach = value - low if value > self.above else high - value
        if math.isnan(value) or cases < 2 or not math.isfinite(reach):
            return math.nan if math.isnan(value) else 1.0
        if not reach:
            return float(value == self.above)
        return float(2 * t.sf(t.ppf((1 + LEVEL) / 2, cases - 1) * abs(value - self.above) / reach, cases - 1))

    def __str__(self) -> str:
        spread = "" if self.sd is None else f", sd over repeats {self.sd:.3g}"
        return f"{self.word}: {self.claim}: {self.effect}{spread}, expected above {self.above:g}"


class Result(NamedTuple):
    """What an experiment found.

    Attributes:
      found: numbers and tables, as JSON values.
      verdicts: one for each claim.
      figure: a matplotlib figure, or None.
      over: draws the figure of several draws from what they found, which `intervals.together` puts together, and their
        number.  Without it that of the first draw is shown.
    """

    found: dict[str, Any]
    verdicts: list[Verdict]
    figure: Any = None
    over: Callable[[dict[str, Any], int], Any] | None = None


def main(settings_type: type[BaseSettings], run: Callable[[Any], Result]) -> None:
    """The command line of an experiment."""
    name, text = name_of(run), sys.modules[run.__module__].__doc__
    settings = tyro.cli(
        settings_type, prog=f"python -m experiments.{name}", description=text, config=(tyro.conf.OmitArgPrefixes,)
    )
    try:
        check_kept(name, settings)
        environment.start_jax()
        conclude(name, settings, repeated(run, settings))
    except (InputError, OSError) as problem:
        sys.exit(f"error: {problem}")


def check_kept(name: str, settings: BaseSettings) -> None:
    """Raises InputError where the result that is kept under the same name was made with other options."""
    file = RESULTS / f"{name}.{form_of(settings)}.json"
    if not settings.keep or not file.exists():
        return
    now, usual, before = options(settings), options(type(settings)()), json.loads(file.read_text())["settings"]
    before = usual | before  # an older result may not know of an option
    changed = [word.replace("_", "-") for word, value in before.items() if now.get(word) != value]
    if changed:
        raise InputError(
            f"{file.name} is a result with another value of --{', --'.join(changed)}; add --label WORD to keep this "
            "one beside it, or delete that file first"
        )


def options(settings: BaseSettings) -> dict[str, Any]:
    """The options that a result depends on, as JSON has them."""
    return _plain({name: value for name, value in asdict(settings).items() if name not in ("folder", "keep", "label")})


def name_of(run: Callable[..., Any]) -> str:
    """The name of an experiment below `experiments`, also when it is the program that was started."""
    spec = sys.modules[run.__module__].__spec__
    assert spec is not None
    return spec.name.removeprefix("experiments.")


def repeated(run: Callable[[Any], Result], settings: BaseSettings) -> Result:
    """Runs an experiment `settings.repeats` times.

    The figure is that over the draws where the experiment has one, else that of the first repeat; `over_repeats` has
    the verdicts of several.
    """
    import jax

    settings.check()
    results = []
    for number in range(settings.repeats):
        results.append(run(settings.repeat(number)))
        jax.clear_caches()  # the programs of several draws need more memory maps than Linux gives a process
    if len(results) == 1:
        return results[0]
    verdicts = over_repeats([result.verdicts for result in results])
    figure, over, found = results[0].figure, results[0].over, [result.found for result in results]
    if over is not None:
        figure = over(together(found), len(found))
    elif figure is not None:
        several = "draws" if settings.own_draws == 1 else "repeats"
        named(figure, f"the first of {len(results)} {several}", behind=True)
    return Result({"repeats": found}, verdicts, figure)


def over_repeats(verdicts: list[list[Verdict]]) -> list[Verdict]:
    """The verdicts of several repeats, given for each repeat.

    Each effect is the mean over repeats, or NaN where one of them cannot measure it, and `above` is the mean of what
    each repeat expected.  The interval is Student's of their difference, since both vary together.  Where it is the
    same in all repeats, as of shares of 0, they do not say how far others spread; each end is then the mean of theirs,
    so that the interval is as wide as that of one repeat.  Where one has no case that counts, it has no ends; where one
    end alone is infinite in a repeat, see `intervals.opened`, it is so in all.
    """
    judged = []
    for same in zip(*verdicts, strict=True):
        values = [verdict.effect.value for verdict in same]
        above, spread = float(np.mean([verdict.above for verdict in same])), np.std(values, ddof=1)
        _, low, high, repeats = mean_interval([verdict.effect.value - verdict.above for verdict in same])
        if math.isinf(high):
            ends = [(verdict.effect.low - verdict.above, verdict.effect.high - verdict.above) for verdict in same]
            if np.ptp(ends, axis=1).all():  # an interval without a width says nothing either
                low, high = np.mean(ends, axis=0).tolist()
        claim, effect = same[0].claim, Interval(float(np.mean(values)), low + above, high + above, repeats)
        for empty in (verdict for verdict in same if not verdict.effect.repeats):
            claim, effect = empty.claim, Interval(effect.value, -math.inf, math.inf, 0)
        infinite = [(math.isinf(verdict.effect.low), math.isinf(verdict.effect.high)) for verdict in same]
        effect = opened(effect, (True, False) in infinite, (False, True) in infinite)
        judged.append(Verdict(claim, effect, above, float(spread)))
    return judged


def conclude(name: str, settings: BaseSettings, result: Result) -> None:
    """Writes result.json and figure.png, and prints the verdicts."""
    form = form_of(settings)
    seconds, file = round(time.monotonic() - STARTED, 1), RESULTS / f"{name}.{form}.json"
    place = settings.folder.joinpath(*name.split("."), form)
    place.mkdir(parents=True, exist_ok=True)
    written = {
        "experiment": name,
        "command": command(name, sys.argv[1:]),
        "data": settings.data_name,
        "settings": options(settings),
        "label": settings.label,
        "commit": _commit(),
        "versions": environment.versions(),
        "machine": f"{processor()}, {environment.usable_cores()} cores",
        "seconds": seconds,
        "longest": longest(seconds, command(name, sys.argv[1:]), file) if settings.keep else seconds,
        f"{gpu.GPU}_hours": sum(gpu.least) if settings.keep else None,  # runs are counted only where they are kept
        "found": result.found,
        "verdicts": [
            {"word": verdict.word, "p": verdict.p, "above": verdict.above, "sd": verdict.sd, "claim": verdict.claim,
             **verdict.effect._asdict()}
            for verdict in result.verdicts
        ],
    }  # fmt: skip
    text = json.dumps(_plain(written), indent=1)
    if result.figure is not None:
        if settings.data_name != "several":
            named(result.figure, settings.data_name)
        for choice in ("model", "optimizer"):
            named(result.figure, getattr(settings, choice, ""))
    files = [(place / "result.json", place / "figure.png")]
    if settings.keep:
        files.append((file, FIGURES / f"{name}.{form}.png"))
    for numbers, figure in files:
        numbers.parent.mkdir(parents=True, exist_ok=True)
        store.write_atomically(numbers, lambda stream: stream.write(text.encode()))
        if result.figure is not None:
            result.figure.savefig(figure, dpi=160)
    print(json.dumps(_plain(result.found)))
    for verdict in result.verdicts:
        print(f"verdict: {verdict}")
    print(f"written to {place}; {seconds:.0f} s")


def longest(seconds: float, how: str, file: Path) -> float:
    """The seconds of a run, or those of the kept result of the same command where that took longer.

    Where models were there before, a run takes seconds that say nothing of its cost.
    """
    before = json.loads(file.read_text()) if file.exists() else {}
    return max(seconds, before.get("longest", before["seconds"])) if before.get("command") == how else seconds


def form_of(settings: BaseSettings) -> str:
    """How files name a form: size and data; network, optimiser, seeds, draws if not the usual; the label."""
    words = [settings.size, settings.data_name, getattr(settings, "model", "")]
    optimizer = getattr(settings, "optimizer", None)
    if optimizer != getattr(type(settings), "optimizer", None):
        words.append(str(optimizer))
    if settings.seed or settings.data_seed:
        words.append(f"seeds {settings.seed} {settings.data_seed}")
    if settings.repeats != type(settings).repeats:
        words.append(f"{settings.repeats} draws")
    return re.sub(r"[^\w.]+", "-", " ".join(filter(None, [*words, settings.label])))


def command(name: str, arguments: list[str]) -> str:
    """How the experiment is run again, wherever its files go."""
    kept = list(arguments)
    if "--folder" in kept:
        place = kept.index("--folder")
        del kept[place : place + 2]
    return " ".join(["python", "-m", f"experiments.{name}", *(word for word in kept if word != "--keep")])


def _plain(value: Any) -> Any:
    """As JSON has it: Python's numbers, words for those that are not finite, named tuples as tables."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.generic,)):
        return _plain(value.item())
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "NaN")
    return value


def _commit() -> str:
    """The commit of the code, with a + where files were changed since; nothing outside a repository.

    Results and figures that other runs have just kept are no change of the code.
    """
    kept = [f":(top,exclude)experiments/{files}" for files in ("results/*.json", "figures")]
    said, changed = (
        subprocess.run(["git", *words], capture_output=True, text=True)  # noqa: S607
        for words in (["describe", "--always"], ["diff", "--quiet", "HEAD", "--", ":/", *kept])
    )
    return said.stdout.strip() + "+" * (changed.returncode == 1)
