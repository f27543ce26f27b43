"""Commands that read a run folder and change nothing in it."""

import shlex
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from memjax import store
from memjax.cli.options import Folder
from memjax.cli.output import Output, print_event, table
from memjax.config.specs import OutputSpec
from memjax.errors import InputError
from memjax.runs import summary


@dataclass(frozen=True)
class Status:
    """Say how far a run is."""

    folder: Folder
    """The run folder."""
    json: bool = False
    """Print one JSON object instead of lines."""


def status(request: Status) -> None:
    """Prints how far a run is."""
    folder = store.place(request.folder)
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{store.shown(folder)} holds no run: plan.json is missing; check the path")
    finished = store.finished_blocks(folder)
    models = plan.num_trained(finished)
    estimates = store.read_estimates(folder)
    size = store.total_size(folder)
    ago = _seconds_ago(folder, finished)
    latest = "" if ago is None else f"; the last {ago:,.0f} s ago"
    rows = [
        ("data", f"{summary.printable(plan.data['name'])}, {plan.data['num_train']:,} training examples"),
        ("model", summary.printable(plan.config["model"]["model"])),
        ("models", f"{models} of {plan.num_models} trained, {plan.pack_size} per block{latest}"),
        ("estimates", f"none yet; resume it with: memjax --run {shlex.quote(store.shown(folder))}"
         if estimates is None
         else f"from {estimates.num_models} models, {estimates.num_failed} of them diverged"),
        ("on disk", f"{size / 2**20:.1f} MiB, begun {plan.created}"),
    ]  # fmt: skip
    counts = {} if estimates is None else {"num_models": estimates.num_models, "num_failed": estimates.num_failed}
    Output(OutputSpec(json=request.json)).say(
        "status", table(rows), run=store.shown(folder), data=plan.data["name"], model=plan.config["model"]["model"],
        models=models, of=plan.num_models, pack_size=plan.pack_size, estimates=counts or None, bytes=size,
        begun=plan.created, seconds_since_last_block=ago,
    )  # fmt: skip


@dataclass(frozen=True)
class Verify:
    """Check every file of a run folder against its checksum.  With --quiet only problems are printed."""

    folder: Folder
    """The run folder."""
    output: OutputSpec = field(default_factory=OutputSpec)


def verify(request: Verify) -> int:
    """Prints what was found.  Returns 1 if there is a problem, else 0."""
    output, counts = Output(request.output), Counter()
    with store.afresh(request.folder) as folder:
        for finding in store.verify(folder):
            counts[finding.kind] += 1
            words = f"{finding.kind:<8} {summary.printable(finding.text)}"
            short = words if finding.kind == "problem" else ""
            output.result("finding", words, short, kind=finding.kind, text=finding.text)
    if request.output.json:
        print_event("summary", problems=counts["problem"], notes=counts["note"])
    return 1 if counts["problem"] else 0


def _seconds_ago(folder: Path, finished: set[int]) -> float | None:
    """Seconds since the last block was committed; None if there is none, or if the folder is on an object store."""
    if store.url_of(folder):
        return None
    times = [store.record_path(folder, number).stat().st_mtime for number in finished]
    return max(0.0, time.time() - max(times)) if times else None
