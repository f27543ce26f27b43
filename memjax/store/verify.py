"""Checks every file of a run folder: that it exists, its checksum, and all numbers that can be checked."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax.errors import InputError
from memjax.store.blocks import CorruptBlock, read_block
from memjax.store.files import TEMPORARY, names
from memjax.store.plan import Plan, read_plan
from memjax.store.records import Record, finished_blocks, read_record
from memjax.store.results import FILES, NOTE, as_noted, is_whole
from memjax.store.sealed import BrokenSeal
from memjax.store.staging import shown

TRAIN_AGAIN = "the command that started the run sets it aside and trains it again"


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
      kind: "ok", "note" (harmless but worth knowing) or "problem".
      text: what was found and, for a problem, what to do.
    """

    kind: str
    text: str


def verify(folder: Path) -> Iterator[Finding]:
    """Checks every file of a run folder and changes nothing.

    Raises:
      InputError: the folder has no run.
    """
    try:
        plan = read_plan(folder)
    except InputError as problem:
        yield Finding("problem", str(problem))
        return
    if plan is None:
        raise InputError(f"{shown(folder)} holds no run: plan.json is missing; check the path")
    yield Finding("ok", f"plan: {plan.num_models} models, {plan.pack_size} per block; started {plan.created}")
    yield from _verify_blocks(folder, plan)
    yield from _verify_results(folder, plan)
    yield from _other_files(folder)


def _verify_blocks(folder: Path, plan: Plan) -> Iterator[Finding]:
    environments: Counter[str] = Counter()
    good = failed = 0
    numbers = sorted(finished_blocks(folder))
    for number in numbers:
        try:
            record = read_record(folder, number)
            _check_block(folder, plan, record)
        except (OSError, BrokenSeal, CorruptBlock) as problem:
            text = str(problem).removeprefix(f"block {number}: ")
            yield Finding("problem", f"block {number}: {text}; {TRAIN_AGAIN}")
            continue
        good, failed = good + 1, failed + record.failed
        environments[", ".join(f"{name} {value}" for name, value in sorted(record.environment.items()))] += 1
    wanted = len(plan.blocks)
    kind = "ok" if good >= wanted else "note"
    yield Finding(kind, f"blocks: {good} complete; {plan.num_models} models need {wanted}")
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
    block = read_block(folder, number)
    expected = np.arange(number * plan.pack_size, (number + 1) * plan.pack_size)
    if not np.array_equal(block.model_ids, expected):
        raise CorruptBlock(number, "it holds models with other numbers than the plan says")
    if block.masks.shape[1] != plan.data["num_train"]:
        raise CorruptBlock(number, f"it has {block.masks.shape[1]} training examples, not {plan.data['num_train']}")
    if {values.shape[1] for values in block.test.values()} != {plan.data["num_test"]}:
        raise CorruptBlock(number, f"its number of test examples is not {plan.data['num_test']}")
    if int((~block.finite).sum()) != record.failed:
        raise CorruptBlock(number, "its number of diverged models differs from the record")
    for name, values in [*block.train.items(), *block.test.items()]:
        if not np.isfinite(values[block.finite]).all():
            raise CorruptBlock(number, f"{name} is not a number for models that did not diverge")


def _verify_results(folder: Path, plan: Plan) -> Iterator[Finding]:
    again = "the command that started the run makes them again"
    found = names(folder)
    note, present = as_noted(folder), [name for name in FILES if name in found]
    if note is None:
        if NOTE in found:
            yield Finding("problem", f"estimates: {NOTE} is damaged; {again}")
        elif present:  # the note is written last
            yield Finding("note", f"estimates: not finished, {NOTE} does not exist yet; {again}")
        else:
            yield Finding("note", "estimates: none yet")
        return
    changed = [name for name in note.files if name not in present or not is_whole(folder, note, name)]
    if note.plan == plan.fingerprint and note.num_models < plan.num_models:  # an extended run overwrites the estimates
        state = f"{', '.join(changed)} newer than {NOTE}" if changed else "complete"
        yield Finding("note", f"estimates: {state}, from {note.num_models} of {plan.num_models} models; {again}")
    elif changed or note.plan != plan.fingerprint:
        yield Finding("problem", f"estimates: {', '.join(changed) or 'all files'} damaged or missing; {again}")
    else:
        yield Finding("ok", f"estimates: {', '.join(note.files)} complete, from {note.num_models} models")


def _other_files(folder: Path) -> Iterator[Finding]:
    found = sorted(names(folder / "blocks"))
    bad = [name for name in found if ".bad-" in name]
    half = [name for name in found if name.endswith(TEMPORARY)]
    finished = {f"{number:06d}" for number in finished_blocks(folder)}
    alone = [name for name in found if name not in {*bad, *half} and name.partition(".")[0] not in finished]
    for listed, words in (
        (bad, "set aside because they were damaged; you may delete them"),
        (half, "left by processes that were stopped while writing; the next run removes them"),
        (alone, "without the second file of their block; the next run replaces them"),
    ):
        if listed:
            more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
            yield Finding("note", f"{len(listed)} files {words}: {', '.join(listed[:5])}{more}")
