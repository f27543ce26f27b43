"""A run on disk.  What is on disk is the only state; this package starts without jax."""

from memjax.store.blocks import Block, CorruptBlock, finished_blocks, read_block, set_aside, write_block
from memjax.store.files import sha256_of, write_atomically
from memjax.store.outcomes import read_outcomes
from memjax.store.plan import Plan, differences, read_plan, write_plan
from memjax.store.results import read_results

__all__ = [
    "Block",
    "CorruptBlock",
    "Plan",
    "differences",
    "finished_blocks",
    "read_block",
    "read_outcomes",
    "read_plan",
    "read_results",
    "set_aside",
    "sha256_of",
    "write_atomically",
    "write_block",
    "write_plan",
]
