"""The stages of a run: train, estimate, report.  Each looks at the run folder and does only what is missing.

This is the one file that knows both how models are trained and how they are stored.
"""

import itertools
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from memjax import store
from memjax.errors import InputError, Interrupted
from memjax.machine import environment, signals
from memjax.machine.debugging import without_debugging
from memjax.machine.pinned import pinned
from memjax.machine.workers import Worker, deal, make_worker
from memjax.runs import summary
from memjax.runs.disk_space import check_disk, writes_all_pairs
from memjax.runs.network import with_network
from memjax.runs.open_folder import Run, build_programs
from memjax.runs.shared_work import Pieces
from memjax.types import Curves, Outcomes

if TYPE_CHECKING:
    from memjax.estimators import Tally

JUDGED_FROM = 20  # models from which the share of diverged ones says something

Notify = Callable[[str], object]
Advance = Callable[[int], object]


def train(run: Run, advance: Advance, notify: Notify) -> None:
    """Trains the blocks that are missing and commits each as it is done.

    Raises:
      InputError: the disk is too full, too many models diverge, or a device runs out of memory.
      Interrupted: the run was asked to stop; running models are committed or checkpointed.
    """
    _tidy(run, notify)
    missing = run.missing
    if not missing:
        return

    check_disk(run.folder, len(missing) * run.plan.pack_size, run.config, run.dataset)
    if changed := environment.differences(run.plan.environment):
        notify(
            f"this folder was begun in another environment ({'; '.join(changed)}): new models may differ a little from "
            "what they would be there"
        )
    with pinned() as aside:
        if aside:
            notify(f"these settings of this process would change the models and are set aside: {'; '.join(aside)}")
        known = store.read_plan(run.folder) or run.plan  # another process may have asked for more models
        plan, words = with_network(known, run.config, run.dataset, run.folder)
        if words:
            store.replace_plan(run.folder, plan)
            notify(words)
        _train_blocks(run, missing, advance, notify)
    if signals.asked():
        raise Interrupted


def _train_blocks(run: Run, missing: list[int], advance: Advance, notify: Notify) -> None:
    from memjax.training import checkpoints_in, forget, is_out_of_memory, train_many

    here = environment.describe()
    blocks = deal(missing, _worker(run), lambda number: store.is_finished(run.folder, number))
    single, examples = build_programs(run)
    midway, plan = run.folder / "midway", run.plan.fingerprint
    seconds = run.config.checkpoint_minutes and 60 * run.config.checkpoint_minutes
    checkpoints = checkpoints_in(midway, plan, seconds, notify) if seconds else None
    num_models, num_failed = store.count_models(run.folder)
    try:
        with signals.patience("the epoch under way" if checkpoints else "the models under way"):
            for pack in train_many(
                single, run.config.seed, run.design.masks, examples, blocks, run.plan.pack_size,
                checkpoints=checkpoints, stop=signals.asked,
            ):  # fmt: skip
                output, epochs = pack.output, np.array(run.config.recorded_epochs, np.int64)
                block = store.Block(
                    pack.model_ids, pack.masks, output.finite, output.train, output.test, output.record, epochs,
                    output.classes,
                )  # fmt: skip
                if not store.write_block(run.folder, pack.number, block, plan, here):
                    notify(f"block {pack.number} was trained elsewhere meanwhile, and differs; the first is kept")
                forget(midway, plan, pack.number)
                advance(max(0, min(len(pack.model_ids), run.plan.num_models - int(pack.model_ids[0]))))
                num_models, num_failed = num_models + len(block.finite), num_failed + int((~block.finite).sum())
                _check_diverged(num_models, num_failed, run.config.max_failed)
    except Exception as problem:
        if is_out_of_memory(problem):
            raise InputError(_does_not_fit(run.plan.pack_size)) from None
        raise


def outcomes(run: Run, notify: Notify) -> tuple[Outcomes, int] | None:
    """All models asked for and the number of diverged ones; None, after setting it aside, if a block is corrupt.

    All at once: see `store.read_outcomes` for the memory that it takes.
    """
    try:
        return store.read_outcomes(run.folder, run.plan.blocks, run.plan.num_models)
    except store.CorruptBlock as problem:
        _set_aside(run, problem.number, str(problem), notify)
        return None


def tally(run: Run, advance: Advance, notify: Notify) -> "Tally":
    """What the estimates of a run are made of, two blocks in memory at a time; trains what is missing.

    Several workers count a part of the models each, and add up what all have counted.  A damaged block is set aside,
    and trained again after all the others are read; these are not read again.

    Raises:
      Interrupted: the run was asked to stop.
    """
    from memjax import estimators
    from memjax.estimators.streaming.tally_arrays import arrays_of, fill

    num_models, sizes = run.plan.num_models, (run.dataset.num_train, run.dataset.num_test)
    in_pairs = estimators.in_pairs(run.design.masks, num_models)
    empty = partial(estimators.Tally, num_models, *sizes, in_pairs, run.config.score)
    count = partial(_count, run, advance, notify)
    groups, pieces = _by_twos(run.plan.blocks), _pieces(run)
    train(run, advance, notify)
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
                found.add(*store.read_outcomes(run.folder, blocks, run.plan.num_models))
            except store.CorruptBlock as problem:
                _set_aside(run, problem.number, str(problem), notify)
                damaged.append(blocks)
        left = damaged
        if left:
            train(run, advance, notify)
    return found


def _pieces(run: Run) -> Pieces:
    """Of the estimates, shared by the workers of this run."""
    of = f"{run.plan.fingerprint[:16]}-{run.plan.num_models}-{run.config.score}"
    return Pieces(run.folder, of, _worker(run))


def _worker(run: Run) -> Worker:
    import jax

    if run.config.worker is None and jax.process_count() > 1:
        return Worker(jax.process_index(), jax.process_count())
    return make_worker(run.config.worker)


def _by_twos(blocks: Iterable[int]) -> list[list[int]]:
    """Blocks 2k and 2k + 1 together: of whatever size they are, models 2k and 2k + 1 are never parted."""
    return [list(group) for _, group in itertools.groupby(sorted(blocks), key=lambda number: number // 2)]


def curves(run: Run, advance: Advance, notify: Notify) -> Curves:
    """What was recorded of all models asked for while they trained; trains what is missing.

    Raises:
      InputError: nothing is recorded in this run.
      Interrupted: the run was asked to stop.
    """
    while True:
        train(run, advance, notify)
        try:
            return store.read_curves(run.folder, run.plan.blocks, run.plan.num_models)
        except store.CorruptBlock as problem:
            _set_aside(run, problem.number, str(problem), notify)


def dynamics(run: Run, advance: Advance, notify: Notify) -> list[str]:
    """Writes dynamics.npz where something is recorded; trains what is missing.  Returns the names of what it wrote.

    Raises:
      Interrupted: the run was asked to stop.
    """
    from memjax.runs.dynamics_files import write_dynamics

    while run.config.record:
        try:
            return write_dynamics(run.folder, run.plan.blocks, run.plan.num_models)
        except store.CorruptBlock as problem:
            _set_aside(run, problem.number, str(problem), notify)
            train(run, advance, notify)
    return []


@without_debugging()
def estimate(run: Run, advance: Advance, notify: Notify) -> bool:
    """Trains what is missing, then writes the files of estimates; False if they were there already, of the same score.

    Raises:
      InputError: every model diverged.
      Interrupted: the run was asked to stop.
    """
    from memjax.runs.estimate_files import write_results

    train(run, advance, notify)
    every = writes_all_pairs(run.config, run.dataset)
    note, num_models = store.whole_results(run.folder), run.plan.num_models
    wanted = {name for name, asked in (("influence.npy", every), ("dynamics.npz", bool(run.config.record))) if asked}
    asked = run.plan.fingerprint, num_models, run.config.score
    if note and (note.plan, note.num_models, note.score) == asked and wanted <= note.files.keys():
        _pieces(run).clear()
        return False
    run.needs_inputs()
    found = tally(run, advance, notify)
    if not found.num_used:
        lost = f"{found.num_failed} of {num_models}" if found.num_failed < num_models else f"all {num_models}"
        raise InputError(f"{lost} models diverged; lower --learning-rate and give another --run")
    names = write_results(run.folder, run.dataset, found, every, _pieces(run)) + dynamics(run, advance, notify)
    store.write_note(run.folder, run.plan.fingerprint, num_models, names, run.config.score)
    return True


def models_until(run: Run) -> int | None:
    """Models that a typical score needs for the standard error asked for; None if it has it, or none was asked for.

    Standard errors fall with the square root of the number of models.  At most four times as many are predicted
    at once, since the first few say little.
    """
    goal = run.config.until_stderr
    estimates = store.read_estimates(run.folder) if goal else None
    if goal is None or estimates is None:
        return None
    typical, now = summary.typical_stderr(estimates), run.plan.num_models
    if typical <= goal:
        return None
    if math.isnan(typical):
        raise InputError(
            f"--until-stderr {goal:g} cannot be reached with --design {run.config.subset.design}: no score has a "
            "standard error, which takes two models that trained on an example and two that did not. The estimates are "
            "written; choose another design, or leave --until-stderr out"
        )
    needed = min(4 * now, max(now + 1, math.ceil(now * (typical / goal) ** 2)))
    return -(-needed // run.plan.pack_size) * run.plan.pack_size


def _tidy(run: Run, notify: Notify) -> None:
    """Sets aside what claims to be a block and is not, and removes what killed processes were writing."""
    for number, problem in list(store.damaged_blocks(run.folder, run.plan.fingerprint)):
        _set_aside(run, number, f"block {number}: {problem}", notify)
    if kept := store.commit_staged(run.folder, run.plan.fingerprint):
        notify(f"{kept} blocks that had been saved on this machine only are now uploaded")
    for folder in (run.folder, run.folder / "blocks"):
        store.remove_leftovers(folder)


def _set_aside(run: Run, number: int, problem: str, notify: Notify) -> None:
    aside = store.set_aside(run.folder, number)
    notify(f"{problem}; it was renamed to {aside.name} and is trained again")


def _check_diverged(num_models: int, num_failed: int, most: float) -> None:
    if num_models >= JUDGED_FROM and num_failed > most * num_models:
        raise InputError(
            f"{num_failed} of the first {num_models} models diverged, more than --max-failed {most:g} allows; lower "
            "--learning-rate and give another --run, or go on with a larger --max-failed: diverged models are left out "
            "and counted"
        )


def _does_not_fit(pack_size: int) -> str:
    smaller = f"begin another --run with --pack-size {pack_size // 2}" if pack_size > 1 else "take a smaller --model"
    return f"a device ran out of memory with {pack_size} models a pack, which this run folder has fixed; {smaller}"
