"""Checks every file of a run folder: that it exists, its checksum, and all numbers that can be checked."""

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax.errors import InputError
from memjax.store.array_names import can_be_read
from memjax.store.blocks import CorruptBlock, read_block, read_parameters
from memjax.store.files import TEMPORARY, names, total_size
from memjax.store.objects import shown
from memjax.store.plan import MODELS_MOST, Plan, read_plan
from memjax.store.records import Record, finished_blocks, read_record
from memjax.store.result_sets import FILES, FOLDER, has_results, is_shown_as, is_whole, latest
from memjax.store.sealed import BrokenSeal
from memjax.store.stock import digest_of


class Finding(NamedTuple):
    """The result of one check, and for a problem what to do."""

    kind: str  # "ok", "note" (harmless but worth knowing) or "problem"
    text: str
    block: int | None = None  # the number of the damaged block, if the problem is one


def verify(folder: Path) -> Iterator[Finding]:
    """Checks every file of a run folder and changes nothing; InputError if the folder has no run."""
    try:
        plan = read_plan(folder)
    except InputError as problem:
        yield Finding("problem", str(problem))
        return
    if plan is None:
        raise InputError(f"{shown(folder)} holds no run: plan.json is missing; check the path")
    yield Finding("ok", f"plan: {plan.num_models} models, {plan.pack_size} per block; started {plan.created}")
    again = f"memjax verify --repair {shlex.quote(shown(folder))}"
    good = dict[int, Record]()
    yield from _verify_blocks(folder, plan, good, again)
    yield from _verify_results(folder, plan, good, again)
    yield from _other_files(folder)


def _verify_blocks(folder: Path, plan: Plan, good: dict[int, Record], again: str) -> Iterator[Finding]:
    """Adds the records of the good blocks to `good`."""
    environments: Counter[str] = Counter()
    parameters: Counter[bool] = Counter()
    for number in sorted(finished_blocks(folder)):
        try:
            record = read_record(folder, number)
            _check_block(folder, plan, record)
            there = read_parameters(folder, number) is not None
        except InputError as problem:
            yield Finding("problem", f"block {number}: {problem}")
            continue
        except (FileNotFoundError, BrokenSeal, CorruptBlock) as problem:
            text = str(problem).removeprefix(f"block {number}: ")
            yield Finding("problem", f"block {number}: {text}; this sets it aside and trains it again: {again}", number)
            continue
        good[number] = record
        parameters[there] += bool(record.parameters)
        environments[", ".join(f"{name} {value}" for name, value in sorted(record.environment.items()))] += 1
    wanted, failed = len(plan.blocks), sum(record.failed for record in good.values())
    kind = "ok" if len(good) >= wanted else "note"
    yield Finding(kind, f"blocks: {len(good)} complete; {plan.num_models} models need {wanted}")
    if parameters[True]:
        yield Finding("ok", f"parameters: of the models of {parameters[True]} blocks")
    if parameters[False]:
        yield Finding("note", f"parameters: those of {parameters[False]} blocks were removed; nothing else needs them")
    if failed:
        yield Finding("note", f"{failed} models diverged and are left out of all estimates")
    if len(environments) > 1:
        kinds = "; ".join(f"{count} with {words}" for words, count in environments.most_common())
        yield Finding("note", f"blocks were trained in {len(environments)} environments: {kinds}")


def _check_block(folder: Path, plan: Plan, record: Record) -> None:
    """Raises CorruptBlock if a block does not agree with its record and the plan."""
    number = record.number
    if record.plan != plan.fingerprint:
        raise CorruptBlock(number, "it belongs to another plan")
    block = read_block(folder, number, plan)
    if int((~block.finite).sum()) != record.failed:
        raise CorruptBlock(number, "its number of diverged models differs from the record")
    for name, values in [*block.train.items(), *block.test.items()]:
        if not np.isfinite(values[block.finite]).all():
            raise CorruptBlock(number, f"{name} is not a number for models that did not diverge")


def _verify_results(folder: Path, plan: Plan, good: dict[int, Record], again: str) -> Iterator[Finding]:
    made = f"this makes them again: {again}"
    number, note = latest(folder)
    if note is None:
        if has_results(folder):
            yield Finding("problem", f"estimates: the note that names them is damaged; {made}")
        else:
            yield Finding("note", "estimates: none yet")
        return
    changed = [name for name in note.files if not is_whole(folder, note, name)]
    blocks = replace(plan, num_models=note.num_models).blocks if 0 < note.num_models <= MODELS_MOST else range(0)
    complete = all(number in good for number in blocks)
    now = digest_of(good[number].sha256 for number in blocks) if complete else note.blocks
    if changed or note.plan != plan.fingerprint:
        yield Finding("problem", f"estimates: {', '.join(changed) or 'all files'} damaged or missing; {made}")
    elif note.blocks not in ("", now):
        yield Finding("problem", f"estimates: made from other blocks than those that are whole now; {made}")
    elif not can_be_read(folder):
        yield Finding("problem", f"estimates: they hold something else than memjax writes; {made}")
    elif note.num_models < plan.num_models:
        found = f"complete, from {note.num_models} of {plan.num_models} models"
        yield Finding("note", f"estimates: {found}; the command that started the run makes them again")
    else:
        yield Finding("ok", f"estimates: {', '.join(note.files)} complete, from {note.num_models} models")
    hidden = [name for name in FILES if (name in note.files) != is_shown_as(note.place(folder) / name, folder / name)]
    if note.set and hidden and not changed:
        yield Finding("note", f"estimates: {', '.join(hidden)} in the run folder is not that of the latest estimates, "
                      f"which are in {note.place(folder)}; the next command corrects this")  # fmt: skip
    if sets := names(folder / FOLDER) - {note.set, f"{number:06d}.json"}:
        size = sum(total_size(folder / FOLDER / name) for name in sets)
        yield Finding("note", f"estimates: {len(sets)} older or unfinished files and folders in {FOLDER}/, {size:,} "
                      "bytes; a later command removes them, unfinished ones after a day")  # fmt: skip


def _other_files(folder: Path) -> Iterator[Finding]:
    found = sorted(names(folder / "blocks"))
    bad = [name for name in found if ".bad-" in name]
    half = [name for name in found if name.endswith(TEMPORARY)]
    finished = {f"{number:06d}" for number in finished_blocks(folder)}
    alone = [name for name in found if name not in {*bad, *half} and name.partition(".")[0] not in finished]
    for listed, words in (
        (bad, "set aside because they were damaged; you may delete them"),
        (half, "half written; if no process writes them any more, a run removes them after a day"),
        (alone, "without the second file of their block; the next run replaces them"),
    ):
        if listed:
            more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
            yield Finding("note", f"{len(listed)} files {words}: {', '.join(listed[:5])}{more}")
