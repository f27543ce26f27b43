"""A run folder with known content, so that lost or wrong files are noticed.  Does not import jax."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memjax import store

NUM_TRAIN, NUM_TEST, PACK = 40, 12, 3
CONFIG = {"seed": 0, "model": {"model": "linear"}, "train": {"epochs": 3}}
DATA = {"name": "digits", "sha256": "ab" * 32, "num_train": NUM_TRAIN, "num_test": NUM_TEST}


class Tally(NamedTuple):
    """Result of a campaign.

    Attributes:
      tried: number of faults.
      lost: number of committed blocks that are missing.
      wrong: number of files that are accepted but differ from what was written, and of unexpected errors.
    """

    tried: int = 0
    lost: int = 0
    wrong: int = 0

    def __add__(self, other: tuple) -> "Tally":
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


def make_plan(num_blocks: int) -> store.Plan:
    return store.Plan(CONFIG, DATA, PACK, PACK * num_blocks, {"jax": "1"}, "2026-01-01T00:00:00+00:00")


def make_block(number: int, width: int = 1) -> store.Block:
    """The block of this number, always the same.  A larger `width` makes its file larger."""
    rng = np.random.default_rng(number)
    ids = np.arange(PACK * number, PACK * (number + 1))

    def scores(count: int) -> dict[str, np.ndarray]:
        wide = rng.random((PACK, count, width)).astype(np.float32)
        return {"correct": rng.random((PACK, count)) < 0.5, "probability": wide[..., 0], "logits": wide}

    masks = rng.random((PACK, NUM_TRAIN)) < 0.7
    return store.Block(ids, masks, np.ones(PACK, bool), scores(NUM_TRAIN), scores(NUM_TEST))


def write(folder: Path, number: int, width: int = 1) -> bool:
    return store.write_block(folder, number, make_block(number, width), make_plan(1).fingerprint, {"jax": "1"})


def begin(folder: Path, num_blocks: int) -> None:
    """The start of a run: creates or reads the plan, sets damaged blocks aside, removes half-written files."""
    if store.read_plan(folder) is None:
        store.new_plan(folder, make_plan(num_blocks))
    for number in store.take_stock(folder, make_plan(1).fingerprint).damaged:
        store.set_aside(folder, number)
    for place in (folder, folder / "blocks"):
        store.remove_leftovers(place)


def write_results(folder: Path, num_models: int, mem: np.ndarray) -> bool:
    """Puts a set of estimates with this memorization in force, as made from the blocks that are there."""
    place, plan, each = store.new_set(folder), make_plan(1).fingerprint, np.zeros(len(mem), np.float32)
    numbers, test, no_rows, none = each.astype(np.int32), np.zeros(NUM_TEST, np.int32), np.zeros(0, int), np.zeros(0)
    estimates = {
        "tr_mem": mem, "tr_mem_stderr": each, "tr_num_in": numbers, "tr_num_out": numbers, "tr_correct_in": each,
        "tr_correct_out": each, "tr_labels": numbers, "tt_labels": test, "tr_ids": numbers, "tt_ids": test,
        "tr_mislabelled": each > 0, "tt_correct": test / 1.0, "in_sample_accuracy": 0.5, "held_out_accuracy": 0.5,
        "test_accuracy": 0.5, "num_models": num_models, "num_failed": 0,
    }  # fmt: skip
    pairs = {"tr_idx": no_rows, "tt_idx": no_rows, "infl": none, "infl_stderr": none, "mem": none, "mem_stderr": none}
    pairs |= {"infl_threshold": 0.15, "mem_threshold": 0.25}
    store.write_arrays(place / "estimates.npz", estimates.items())
    store.write_arrays(place / "pairs.npz", pairs.items())

    def blocks() -> str:
        return store.take_stock(folder, plan).digest(range(num_models // PACK))

    note = store.ResultsNote(plan, num_models, {}, blocks=blocks(), num_failed=0)
    return store.publish_set(folder, place, note, ["estimates.npz", "pairs.npz"], blocks)


def same(block: store.Block, expected: store.Block) -> bool:
    """Whether a block that was read equals the one that was written, with the precision of the file."""

    def equal(got: np.ndarray, wanted: np.ndarray) -> bool:
        return np.array_equal(got, wanted if wanted.dtype == bool else wanted.astype(np.float16))

    return (
        np.array_equal(block.model_ids, expected.model_ids)
        and np.array_equal(block.masks, expected.masks)
        and np.array_equal(block.finite, expected.finite)
        and all(
            got.keys() == wanted.keys() and all(equal(got[name], wanted[name]) for name in wanted)
            for got, wanted in ((block.train, expected.train), (block.test, expected.test))
        )
    )


def judge(folder: Path, before: set[int], width: int = 1) -> tuple[Tally, set[int]]:
    """Lost and wrong blocks in a folder in which the blocks of `before` were committed, and the blocks in it now."""
    finished = store.finished_blocks(folder)
    wrong = 0
    for number in finished:
        try:
            wrong += not same(store.read_block(folder, number), make_block(number, width))
        except store.CorruptBlock:
            wrong += 1
    return Tally(0, len(before - finished), wrong), finished


def contents(folder: Path) -> dict[str, str]:
    """Checksums of the files of committed blocks."""
    names = {f"{number:06d}{end}" for number in store.finished_blocks(folder) for end in (".npz", ".json")}
    return {name: hashlib.sha256((folder / "blocks" / name).read_bytes()).hexdigest() for name in sorted(names)}
