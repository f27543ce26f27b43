"""The first stage of a run: the blocks that are missing are trained and saved.

This is the one file that knows both how models are trained and how they are stored.
"""

from collections.abc import Callable, Container
from functools import partial

import numpy as np

from memjax import store
from memjax.errors import InputError, Interrupted
from memjax.machine import environment, signals
from memjax.machine.debugging import pinned
from memjax.machine.workers import Worker, deal, in_shares, make_worker
from memjax.runs import ray_engine
from memjax.runs.build_training import make_examples, make_single, with_network
from memjax.runs.disk_space import check_disk
from memjax.runs.open_folder import Run
from memjax.runs.parameters import as_arrays, in_bfloat16

JUDGED_FROM = 20  # models from which the share of diverged ones says something

Notify = Callable[[str], object]
Advance = Callable[[int], object]


def train(run: Run, advance: Advance, notify: Notify, only: Container[int] | None = None) -> store.Stock:
    """Trains the missing blocks, or `only` some of them, and commits each as it is done; returns what is there then.

    Raises:
      InputError: the disk is too full, too many models diverge, or a device runs out of memory.
      Interrupted: the run was asked to stop; running models are committed or checkpointed.
    """
    stock = _tidy(run, notify)
    missing = [number for number in stock.missing(run.plan.blocks) if not only or number in only]
    if not missing:
        return stock
    run.needs_inputs()
    check_disk(run.folder, len(missing) * run.plan.pack_size, run.config, run.dataset)
    if run.config.engine:
        before = run.num_trained
        ray_engine.hand_out(run.config, run.plan, train, partial(in_shares, missing), notify)
        advance(run.num_trained - before)
        return train(run, advance, notify, only)  # the blocks of tasks that were lost are missing still
    if not store.has_links(run.folder):
        notify(
            f"the file system of {run.folder} has no hard links: two processes that write one file at once may both "
            "believe they were first. No model is lost; estimates may be, and the next command makes them again"
        )
    if changed := environment.differences(run.plan.environment):
        notify(
            f"this folder was begun in another environment ({'; '.join(changed)}): new models may differ a little from "
            "what they would be there"
        )
    with pinned() as aside:
        if aside:
            notify(f"these settings of this process would change the models and are set aside: {'; '.join(aside)}")
        known = store.read_plan(run.folder) or run.plan  # another process may have stored checksums meanwhile
        plan, words = with_network(known, run.config, run.dataset, run.folder)
        if words:
            store.add_network(run.folder, plan.network)
            notify(words)
        _train_blocks(run, missing, stock.counts, advance, notify)
    if signals.asked():
        raise Interrupted
    return store.take_stock(run.folder, run.plan.fingerprint)


def _train_blocks(run: Run, missing: list[int], counts: tuple[int, int], advance: Advance, notify: Notify) -> None:
    from memjax.training import checkpoints_in, forget, is_out_of_memory, train_many

    here = environment.describe()
    blocks = deal(missing, worker_of(run), lambda number: store.is_finished(run.folder, number))
    single = make_single(run.config, run.dataset, run.design)
    examples = make_examples(run.config, run.dataset)
    midway, plan = run.folder / "midway", run.plan.fingerprint
    seconds = run.config.checkpoint_minutes and 60 * run.config.checkpoint_minutes
    checkpoints = checkpoints_in(midway, plan, seconds, notify) if seconds else None
    num_models, num_failed = counts
    try:
        with signals.patience("the epoch under way" if checkpoints else "the models under way"):
            for pack in train_many(
                single, run.config.seed, run.design.masks, examples, blocks, run.plan.pack_size,
                checkpoints=checkpoints, stop=signals.asked, keep=run.config.parameter_epochs,
            ):  # fmt: skip
                output, epochs = pack.output, np.array(run.config.recorded_epochs, np.int64)
                block = store.Block(
                    pack.model_ids, pack.masks, output.finite, output.train, output.test, output.record, epochs,
                    output.classes,
                )  # fmt: skip
                kept = as_arrays(output.parameters, in_bfloat16(run.config))
                if not store.write_block(run.folder, pack.number, block, plan, here, kept):
                    notify(f"block {pack.number} was trained elsewhere meanwhile, and differs; the first is kept")
                forget(midway, plan, pack.number)
                advance(max(0, min(len(pack.model_ids), run.plan.num_models - int(pack.model_ids[0]))))
                num_models, num_failed = num_models + len(block.finite), num_failed + int((~block.finite).sum())
                if num_models >= JUDGED_FROM and num_failed > run.config.max_failed * num_models:
                    raise InputError(
                        f"{num_failed} of the first {num_models} models diverged, more than --max-failed "
                        f"{run.config.max_failed:g} allows; lower --learning-rate and give another --run, or go on "
                        "with a larger --max-failed: diverged models are left out and counted"
                    )
    except Exception as problem:
        if is_out_of_memory(problem):
            size = run.plan.pack_size
            smaller = f"begin another --run with --pack-size {size // 2}" if size > 1 else "take a smaller --model"
            raise InputError(
                f"a device ran out of memory with {size} models per pack, which this run folder has fixed; {smaller}"
            ) from None
        raise


def worker_of(run: Run) -> Worker:
    """Which of how many processes on this run this is."""
    import jax

    if run.config.share is None and jax.process_count() > 1:
        return Worker(jax.process_index(), jax.process_count())
    return make_worker(run.config.share)


def _tidy(run: Run, notify: Notify) -> store.Stock:
    """Sets aside what claims to be a block and is not, and removes what killed processes were writing long ago."""
    plan = run.plan.fingerprint
    stock = store.take_stock(run.folder, plan)
    for number, problem in stock.damaged.items():
        set_aside(run, number, f"block {number}: {problem}", notify)
    if kept := store.commit_staged(run.folder, plan):
        notify(f"{kept} blocks that had been saved on this machine only are now uploaded")
        stock = store.take_stock(run.folder, plan)
    for folder in (run.folder, run.folder / "blocks"):
        store.remove_leftovers(folder)
    return stock


def set_aside(run: Run, number: int, problem: str, notify: Notify) -> None:
    """Renames a damaged block, so that it is trained again; raises InputError where that has not helped thrice."""
    aside = store.set_aside(run.folder, number)
    if (times := int(aside.name.rpartition("-")[2]) + 1) > 3:
        raise InputError(
            f"{problem}; it has been damaged {times} times and was renamed to {aside.name}: check the disk and "
            "the memory of this machine; the same command then goes on"
        )
    notify(f"{problem}; it was renamed to {aside.name} and is trained again")
