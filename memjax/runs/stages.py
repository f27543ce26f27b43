"""The stages of a run, train, estimate and repair, and a whole run made of them.

Each stage looks at the run folder and does only what is missing.
"""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memjax import store
from memjax.config.goals import Goal
from memjax.errors import InputError
from memjax.machine import environment
from memjax.machine.debugging import without_debugging
from memjax.machine.workers import make_worker
from memjax.runs import ray_engine
from memjax.runs.disk_space import writes_all_pairs
from memjax.runs.dynamics_files import FILE, reduce_blocks
from memjax.runs.open_folder import Run, extend_run, reopen_run
from memjax.runs.parameters import parameter_bytes
from memjax.runs.progress import Teller
from memjax.runs.shared_work import Pieces
from memjax.runs.train_blocks import Advance, Notify, set_aside, train, worker_of

if TYPE_CHECKING:
    from memjax.estimators import Tally


def tally(run: Run, advance: Advance, notify: Notify, pieces: Pieces | None = None) -> "Tally":
    """What the estimates of a run are made of, two blocks in memory at a time; trains what is missing.

    Several workers count a part of the models each, and add up what all have counted.  A damaged block is set aside,
    and trained again after all other blocks are read; these are not read again.  The workers share what they have
    counted in `pieces`, by default those of the blocks that are there.
    """
    from memjax import estimators
    from memjax.estimators.streaming.tally import are_laid_out, arrays_of, fill

    num_models, sizes = run.plan.num_models, (run.dataset.num_train, run.dataset.num_test)
    in_pairs = estimators.in_pairs(run.design.masks, num_models)
    planned = not in_pairs and are_laid_out(run.design.masks, num_models)
    empty = partial(estimators.Tally, num_models, *sizes, in_pairs, run.config.score, planned, run.dataset.train_labels)
    count = partial(_count, run, advance, notify)
    # Blocks 2k and 2k + 1 together: of whatever size they are, models 2k and 2k + 1 are never parted.
    groups = [list(group) for _, group in itertools.groupby(sorted(run.plan.blocks), lambda number: number // 2)]
    stock = train(run, advance, notify)
    pieces = pieces or _pieces(run, stock.digest(run.plan.blocks))
    if pieces.worker.count == 1:
        return count(empty(), groups)
    parts = [groups[number :: pieces.worker.count] for number in range(min(len(groups), pieces.worker.count))]
    found = empty()
    for arrays in pieces.done("tally", len(parts), lambda piece: arrays_of(count(empty(), parts[piece]))):
        found.merge(fill(empty(), arrays))
    return found


def _count(run: Run, advance: Advance, notify: Notify, found: "Tally", left: list[list[int]]) -> "Tally":
    """Adds some blocks, given by twos."""
    while left:
        damaged = []
        for blocks in left:
            try:
                found.add(*store.read_outcomes(run.folder, blocks, run.plan.num_models, run.plan))
            except store.CorruptBlock as problem:
                set_aside(run, problem.number, str(problem), notify)
                damaged.append(blocks)
        left = damaged
        if left:
            train(run, advance, notify)
    return found


def _pieces(run: Run, blocks: str) -> Pieces:
    """Of the estimates, shared by the workers of this run; `blocks` is the digest of the blocks they are made from."""
    of = f"{blocks[:16]}-{run.plan.num_models}-{run.config.score}"
    return Pieces(run.folder, of, worker_of(run))


def dynamics(run: Run, place: Path, advance: Advance, notify: Notify) -> list[str]:
    """Writes dynamics.npz into a folder, if something is recorded; trains what is missing.  Returns what it wrote."""
    while run.config.record:
        try:
            blocks = (store.read_block(run.folder, number, run.plan) for number in sorted(run.plan.blocks))
            arrays: Any = reduce_blocks(blocks, run.plan.num_models)
        except store.CorruptBlock as problem:
            set_aside(run, problem.number, str(problem), notify)
            train(run, advance, notify)
            continue
        if arrays is None:
            return []
        store.write_atomically(place / FILE, partial(np.savez, **arrays))
        return [FILE]
    return []


@without_debugging()
def estimate(run: Run, advance: Advance, notify: Notify, worker: str | None = None) -> bool:
    """Trains what is missing, then makes the estimates; False if they are there already, from the blocks of this run.

    Blocks that have changed since they were last read are checked, and trained again if they are damaged.  A `worker`,
    I/N, replaces that of the settings.
    """
    if run.sees_everything:
        raise InputError(
            "--design everything trains all models on all examples: there are no others to compare them with, so that "
            "memorization and influence are undefined; choose another design"
        )
    run = replace(run, config=replace(run.config, worker=worker)) if worker else run
    every = writes_all_pairs(run.config, run.dataset)
    wanted = {name for name, asked in (("influence.npy", every), ("dynamics.npz", bool(run.config.record))) if asked}
    asked = run.plan.fingerprint, run.plan.num_models, run.config.score
    while True:
        stock = train(run, advance, notify)
        blocks, note = stock.digest(run.plan.blocks), store.read_note(run.folder, checked=True)
        there = note and (note.plan, note.num_models, note.score) == asked and wanted <= note.files.keys()
        if not note or not there or note.blocks not in ("", blocks) or not store.can_be_read(run.folder, run.dataset):
            if run.config.engine:
                made = ray_engine.hand_out(run.config, run.plan, estimate, partial(_workers, run), notify)
            else:
                made = _make_results(run, stock, every, advance, notify)
            if made:
                return True
            continue
        checked = stock.table["checked"].sum()
        damaged = list(store.changed_blocks(run.folder, stock, run.plan.blocks))
        for number, problem in damaged:
            set_aside(run, number, f"block {number}: {problem}", notify)
        if not damaged:
            if stock.table["checked"].sum() > checked:
                store.write_index(run.folder, stock, run.plan.fingerprint)
            store.show(run.folder)
            store.remove_replaced(run.folder)
            _pieces(run, blocks).clear()
            return False


def _workers(run: Run, tasks: int, _: int) -> list[str]:
    count = min(tasks, (len(run.plan.blocks) + 1) // 2)  # they count blocks by twos
    return [f"{index}/{count}" for index in range(count)]


def _make_results(run: Run, before: store.Stock, every: bool, advance: Advance, notify: Notify) -> bool:
    """Makes a set of results from the blocks that were there before, and puts it in force.

    Returns:
      False if it has to be done again: the blocks were replaced meanwhile, others were faster, or this process slept so
      long that its set was removed.
    """
    from memjax.runs.make_estimates import write_results

    run.needs_inputs()
    num_models, plan, blocks = run.plan.num_models, run.plan.fingerprint, before.digest(run.plan.blocks)
    pieces = _pieces(run, blocks)
    found = tally(run, advance, notify, pieces)
    if not found.num_used:
        lost = f"{found.num_failed} of {num_models}" if found.num_failed < num_models else f"all {num_models}"
        raise InputError(f"{lost} models diverged; lower --learning-rate and give another --run")
    place = store.new_set(run.folder)
    try:
        names = write_results(place, run.dataset, found, every, pieces) + dynamics(run, place, advance, notify)
        stock = store.take_stock(run.folder, plan)
        same = stock.digest(run.plan.blocks) == blocks
        if same:
            here, score = environment.describe(), run.config.score
            note = store.ResultsNote(plan, num_models, {}, score, blocks, found.num_failed, here)
            same = store.publish_set(
                run.folder, place, note, names, lambda: store.take_stock(run.folder, plan).digest(run.plan.blocks)
            )
            if pieces.worker.count == 1:  # it has read all blocks, since they were as they were before
                stock.were_read(before, run.plan.blocks)
            store.write_index(run.folder, stock, plan)
        else:
            store.remove_folder(place)
    except BaseException as problem:
        gone = isinstance(problem, FileNotFoundError) and not place.exists()
        store.remove_folder(place)
        if gone:
            return False
        raise
    return same


@without_debugging()
def repair(folder: Path, damaged: Iterable[int], teller: Teller) -> None:
    """Sets damaged blocks aside and trains their models again, and no others.

    Estimates are made again where there were some and all their blocks are there; a whole set of them stays.  The
    report is left as it is, since it may have been written without examples.
    """
    run = reopen_run(folder)
    environment.start_jax(run.config.cpu_devices)
    numbers = set(damaged)
    for number in numbers:
        store.set_aside(folder, number)
    with teller.progress(run.plan.num_models, run.num_trained) as progress:
        train(run, progress.update, progress.write, numbers)
        if store.has_results(folder) and run.num_trained == run.plan.num_models:
            estimate(run, progress.update, progress.write)


@without_debugging()
def carry_out(run: Run, teller: Teller, estimates: bool = True, advice: str = "") -> tuple[Run, int, bool]:
    """Trains what is missing, and unless `estimates` is False, estimates.  The advice is a notice to begin with.

    Returns:
      The run, with the further models that --until needed; how many models were trained, here or elsewhere; and whether
      estimates were written.
    """
    from memjax.runs.decisions import models_to_decide, models_until, undecided  # with jax, which takes a second

    goal, fresh, looks, notices = run.config.goal, False, 0, [advice] if advice else []
    if not run.dataset.num_test:
        notices.append("there are no test examples: memorization is estimated, influence is undefined")
    if size := parameter_bytes(run.config, run.dataset):
        notices.append(
            f"the parameters of a model take {size:,} bytes, those of all models {size * run.plan.num_models:,}; "
            "blocks/*.parameters.npz may be deleted at any time"
        )
    before = done = run.num_trained
    while True:
        others = run.config.engine or make_worker(run.config.share).count > 1
        recount = (lambda run=run: run.num_trained) if others else None  # others train models too
        with teller.progress(run.plan.num_models, done, recount) as progress:
            while notices:
                progress.write(notices.pop(0))
            if not estimates or run.sees_everything:
                train(run, progress.update, progress.write)
                return run, run.plan.num_models - before, False
            left = None
            if goal and goal.decides:
                counted = tally(run, progress.update, progress.write)
                left = undecided(goal, counted, run.dataset) if counted.num_used else None
            more = models_to_decide(run, left[0]) if left else None
            if more is None:
                fresh |= estimate(run, progress.update, progress.write)
        looks, more = looks + 1, more or models_until(run)
        if goal:
            _tell(teller, goal, run.plan.num_models, more, looks, left)
        if more is None:
            return run, run.plan.num_models - before, fresh
        done, run = run.plan.num_models, extend_run(run, more)


def _tell(
    teller: Teller, goal: Goal, num_models: int, more: int | None, looks: int, left: tuple[int, int] | None
) -> None:
    """Says what is open, what it has cost, and how many models are trained next."""
    if left is not None:
        what = "pairs" if goal.kind == "pairs" else "examples"
        words = f"{goal}, look {looks} after {num_models:,} models: {left[0]:,} of {left[1]:,} {what} open; "
        done = f"all other {what} are decided with 95 %, or known within {goal.within:g}"
        words += f"training on to {more:,} models" if more else done
        teller.say("decisions", words, until=str(goal), num_models=num_models, looks=looks, open=left[0], of=left[1])
    elif more:
        words = f"standard error above {goal.value:g}: training on to {more} models"
        teller.say("extend", words, num_models=more, until_stderr=goal.value)
