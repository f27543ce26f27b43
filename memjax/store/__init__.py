"""A run on disk.  What is on disk is the only state; this package starts without jax."""

from memjax.store.blocks import Block, CorruptBlock, read_block, write_block
from memjax.store.files import publish, remove_leftovers, sha256_of, write_arrays, write_atomically
from memjax.store.outcomes import read_curves, read_outcomes
from memjax.store.plan import Plan, differences, new_plan, read_plan, replace_plan
from memjax.store.records import (
    Record,
    count_models,
    damaged_blocks,
    finished_blocks,
    is_finished,
    read_record,
    record_path,
    set_aside,
)
from memjax.store.results import as_noted, just_written, read_note, read_results, read_whole, whole_results, write_note
from memjax.store.sealed import BrokenSeal
from memjax.store.verify import Finding, verify

__all__ = [
    "Block",
    "BrokenSeal",
    "CorruptBlock",
    "Finding",
    "Plan",
    "Record",
    "as_noted",
    "count_models",
    "damaged_blocks",
    "differences",
    "finished_blocks",
    "is_finished",
    "just_written",
    "new_plan",
    "publish",
    "read_block",
    "read_curves",
    "read_note",
    "read_outcomes",
    "read_plan",
    "read_record",
    "read_results",
    "read_whole",
    "record_path",
    "remove_leftovers",
    "replace_plan",
    "set_aside",
    "sha256_of",
    "verify",
    "whole_results",
    "write_arrays",
    "write_atomically",
    "write_block",
    "write_note",
]
