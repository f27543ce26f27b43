"""The output of a command: words for people, JSON lines for programs, or only the result."""

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from memjax import store
from memjax.config.specs import OutputSpec
from memjax.runs import summary, suspects
from memjax.runs.progress import Progress, Standing, clock, progress_bar

EVERY_EVENT = 1.0  # seconds between two events of progress
SUSPECTS = 15  # rows of the closing table, at most


class Output:
    """Prints events in the chosen form.

    Words go to the output stream, progress and notices to the error stream.  Quiet: only results are printed.  JSON:
    everything goes to the output stream, one object per line, each with the key `event`.
    """

    def __init__(self, spec: OutputSpec, who: str = "memjax"):
        self._quiet, self._json, self._who = spec.quiet, spec.json, who

    def say(self, event: str, words: str, **facts: Any) -> None:
        """Prints an event: words for people, facts for programs."""
        if self._json:
            print_event(event, **facts)
        elif not self._quiet:
            put(words)

    def result(self, event: str, words: str, short: str, **facts: Any) -> None:
        """Prints the result of the command; with --quiet only `short`."""
        if self._quiet and short:
            put(short)
        else:
            self.say(event, words, **facts)

    def preparing(self) -> AbstractContextManager[None]:
        """Prints nothing before the data are read."""
        return nullcontext()

    def progress(
        self, total: int, done: int, recount: Callable[[], int] | None = None
    ) -> AbstractContextManager[Progress]:
        """Shows the progress of the training, see `progress_bar`; its `write` prints notices."""

        def show(standing: Standing) -> None:
            left = standing.seconds_left
            print_event(
                "progress", models=standing.done, of=standing.total, seconds=round(standing.seconds, 3),
                models_per_second=round(standing.rate, 6), seconds_left=left if left is None else round(left, 3),
            )  # fmt: skip

        if self._json:
            return Progress(total, done, show, EVERY_EVENT, lambda text: print_event("notice", text=text), recount)
        if self._quiet:
            return nullcontext(Progress(total, done, lambda _: None, EVERY_EVENT, lambda _: None))
        return progress_bar(total, done, recount, self._who)


def print_event(event: str, **facts: Any) -> None:
    """Prints one JSON object on its own line; NaN and infinity become null."""
    put(json.dumps({"event": event, **_plain(facts)}, allow_nan=False))


unwritten = list[OSError]()  # why lines are missing in the output; the command ends with 2


def put(text: str) -> None:
    """Prints a line.  A run goes on if its reader has gone, as `head` does, or if the disk of its log is full."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  for as long as the process lives
    except OSError as problem:
        unwritten.append(problem)


def two_columns(rows: list[tuple[str, str]], longest: str = "") -> str:
    """Names and texts in two columns, as wide as the terminal.  `longest` is the longest name of all tables to come.

    >>> print(two_columns([("models", "512"), ("standard error", "0.0096")]))
    models          512
    standard error  0.0096
    """
    indent = max(len(name) for name in (longest, *(name for name, _ in rows))) + 2
    wrap = textwrap.TextWrapper(
        _width(), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
    lines = []
    for name, text in rows:
        wrap.initial_indent = f"{name:<{indent}}"
        lines.append(wrap.fill(text) or wrap.initial_indent)
    return "\n".join(lines)


def conclude(
    output: Output, folder: Path, dataset, made: dict[str, Any], short: str,
    columns: dict[str, np.ndarray] | None = None,
) -> None:  # fmt: skip
    """Prints the answer first, the suspicious labels, then the closing table.

    Without `columns`, those of `Result.columns`, the most memorized examples are listed.
    """
    estimates, pairs, *_ = store.read_found(folder, checked=False)
    found = summary.findings(dataset, estimates, pairs)
    rows = [(name, str(made[name])) for name in ("report", "estimates") if name in made]
    rows += summary.rows(found) + [(name, made[name]) for name in ("controlled",) if name in made]
    if made.get("trained"):
        rate = made["trained"] / made["seconds"]
        rows.append(("time", f"{clock(made['seconds'])}, {made['trained']:,} models trained, {rate:.1f} per second"))
    rows += [("warning", text) for text in found["warnings"]]
    if columns is None or not (answer := suspects.sentence(columns)):
        head, *found_rows = summary.most_memorized(dataset, estimates)
        listed = ["The most memorized examples:", head, *found_rows] if found_rows else []
    else:
        wrong = int(columns["looks_wrong"].sum()) if "looks_wrong" in columns else 0
        few = suspects.suspect_columns(columns, max(5, min(SUSPECTS, wrong)))
        rest = suspects.rest(columns, len(few["id"]), store.shown(folder))
        listed = [*textwrap.wrap(answer, _width()), "", *suspects.lines(few), *rest]
        found |= {"looks_wrong": wrong, "suspects": records(few)}
    output.result("summary", "\n".join(["", *listed, "", two_columns(rows)]), short, **made, **found)


def records(columns: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """A dictionary for each row of a table."""
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 60), 120)


def _plain(value: Any) -> Any:
    """The value in the types of JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)
