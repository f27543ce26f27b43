"""Commands that say how a run is; they change nothing in its folder, unless they are asked to repair it."""

import shlex
import time
from collections import Counter
from pathlib import Path

from memjax import store
from memjax.cli.options import Folder
from memjax.cli.output import Output, print_event, two_columns
from memjax.config.specs import OutputSpec
from memjax.errors import InputError
from memjax.runs import summary


def status(folder: Folder, json: bool = False) -> None:
    """Say how far a run is.

    Args:
      folder: The run folder.
      json: Print one JSON object instead of lines.
    """
    place = store.place(folder)
    plan = store.read_plan(place)
    if plan is None:
        raise InputError(f"{store.shown(place)} holds no run: plan.json is missing; check the path")
    blocks = store.stamps(place / "blocks")
    models, counts = plan.num_trained(store.finished_among(blocks)), _counts(place)
    size, ago = _size(place, blocks), _seconds_ago(place, blocks)
    latest = "" if ago is None else f"; the last {ago:,.0f} s ago"
    rows = [
        ("data", f"{summary.printable(plan.data['name'])}, {plan.data['num_train']:,} training examples"),
        ("model", summary.printable(plan.config["model"]["model"])),
        ("models", f"{models} of {plan.num_models} trained, {plan.pack_size} per block{latest}"),
        ("estimates", f"none yet; resume it with: memjax --run {shlex.quote(store.shown(place))}"
         if counts is None
         else f"from {counts['num_models']} models, {counts['num_failed']} of them diverged"),
        ("on disk", f"{size / 2**20:.1f} MiB, begun {plan.created}"),
    ]  # fmt: skip
    Output(OutputSpec(json=json)).say(
        "status", two_columns(rows), run=store.shown(place), data=plan.data["name"],
        model=plan.config["model"]["model"], models=models, of=plan.num_models, pack_size=plan.pack_size,
        estimates=counts, bytes=size, begun=plan.created, seconds_since_last_block=ago,
    )  # fmt: skip


def _counts(folder: Path) -> dict[str, int] | None:
    """Models that the estimates are made from, and those that diverged; None if there are no estimates."""
    note = store.read_note(folder)
    if note and note.num_failed is not None:
        return {"num_models": note.num_models, "num_failed": note.num_failed}
    found = store.read_estimates(folder)  # the note of an older version does not say how many diverged
    return None if found is None else {"num_models": found.num_models, "num_failed": found.num_failed}


def verify(folder: Folder, repair: bool = False, *, output: OutputSpec) -> int:
    """Check every file of a run folder against its checksum.  With --quiet only problems are printed.

    Args:
      folder: The run folder.
      repair: Set damaged blocks aside and train their models again.  Estimates that are damaged or were made from other
        blocks are made again.  Nothing is deleted.
    """
    printed = Output(output)
    found, notes = _look(folder, printed)
    left = found
    if found and repair:
        from memjax.runs import stages

        stages.repair(store.place(folder), [finding.block for finding in found if finding.block is not None], printed)
        left, notes = _look(folder, printed)
        words = f"repaired {len(found) - len(left)} of {len(found)} problems"
        printed.result("repaired", words, words, found=len(found), left=len(left))
    if output.json:
        print_event("summary", problems=len(left), notes=notes)
    return 1 if left else 3 if found else 0


def _look(folder: str, output: Output) -> tuple[list[store.Finding], int]:
    """Prints what `store.verify` finds; returns the problems and the number of notes."""
    counts, problems = Counter[str](), []
    with store.afresh(folder) as place:
        for finding in store.verify(place):
            counts[finding.kind] += 1
            problems += [finding] * (finding.kind == "problem")
            words = f"{finding.kind:<8} {summary.printable(finding.text)}"
            short = words if finding.kind == "problem" else ""
            output.result("finding", words, short, kind=finding.kind, text=finding.text)
    return problems, counts["note"]


def _size(folder: Path, blocks: dict[str, store.Stamp]) -> int:
    """Bytes of all files of a run, of whose many blocks the sizes are known."""
    if store.url_of(folder):
        return store.total_size(folder)
    others = (store.total_size(path) for path in folder.iterdir() if path.name != "blocks")
    return sum(others) + sum(max(0, size) for size, _ in blocks.values())


def _seconds_ago(folder: Path, blocks: dict[str, store.Stamp]) -> float | None:
    """Seconds since the last block was committed; None if there is none, or if the folder is on an object store."""
    records = [stamp[1] for name, stamp in blocks.items() if name.endswith(".json")]
    return max(0.0, time.time() - max(records) / 1e9) if records and not store.url_of(folder) else None
