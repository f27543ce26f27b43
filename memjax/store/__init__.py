"""The files of a run.  A run has no state outside its folder.  Importing this package does not import jax."""

from memjax.store.blocks import Block, CorruptBlock, commit_staged, read_block, write_block
from memjax.store.estimates import as_estimates, as_pairs, just_written, read_estimates, read_pairs
from memjax.store.files import (
    is_there,
    publish,
    remove_folder,
    remove_leftovers,
    total_size,
    write_arrays,
    write_atomically,
)
from memjax.store.outcomes import read_curves, read_held_out, read_outcomes
from memjax.store.plan import Plan, differences, new_plan, read_plan, replace_plan
from memjax.store.records import (
    count_models,
    damaged_blocks,
    finished_blocks,
    is_finished,
    read_record,
    record_path,
    set_aside,
)
from memjax.store.results import as_noted, read_note, read_results, read_whole, whole_results, write_note
from memjax.store.sealed import BrokenSeal
from memjax.store.staging import afresh, place, shown, url_of
from memjax.store.verify import verify

__all__ = [
    "Block",
    "BrokenSeal",
    "CorruptBlock",
    "Plan",
    "afresh",
    "as_estimates",
    "as_noted",
    "as_pairs",
    "commit_staged",
    "count_models",
    "damaged_blocks",
    "differences",
    "finished_blocks",
    "is_finished",
    "is_there",
    "just_written",
    "new_plan",
    "place",
    "publish",
    "read_block",
    "read_curves",
    "read_estimates",
    "read_held_out",
    "read_note",
    "read_outcomes",
    "read_pairs",
    "read_plan",
    "read_record",
    "read_results",
    "read_whole",
    "record_path",
    "remove_folder",
    "remove_leftovers",
    "replace_plan",
    "set_aside",
    "shown",
    "total_size",
    "url_of",
    "verify",
    "whole_results",
    "write_arrays",
    "write_atomically",
    "write_block",
    "write_note",
]
