"""Finished models in, estimates out: pure functions of arrays that never open a file."""

from memjax.estimators.influence import influence
from memjax.estimators.memorization import memorization, sides
from memjax.estimators.moments import difference
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD, Pairs, expected_by_chance, join_pairs, select_pairs

__all__ = [
    "INFL_THRESHOLD",
    "MEM_THRESHOLD",
    "Pairs",
    "difference",
    "expected_by_chance",
    "influence",
    "join_pairs",
    "memorization",
    "select_pairs",
    "sides",
]
