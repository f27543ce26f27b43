"""Finished models in, estimates out: pure functions of arrays that never open a file."""

from memjax.estimators.datamodels import Datamodels, datamodels
from memjax.estimators.influence import influence
from memjax.estimators.lasso import lasso
from memjax.estimators.memorization import memorization, sides
from memjax.estimators.moments import difference
from memjax.estimators.pairs import INFL_THRESHOLD, MEM_THRESHOLD, Pairs, expected_by_chance, join_pairs, select_pairs
from memjax.estimators.priors import prior_factors, worth
from memjax.estimators.ridge import ridge_datamodels
from memjax.estimators.strong_pairs import strong_pairs

__all__ = [
    "INFL_THRESHOLD",
    "MEM_THRESHOLD",
    "Datamodels",
    "Pairs",
    "datamodels",
    "difference",
    "expected_by_chance",
    "influence",
    "join_pairs",
    "lasso",
    "memorization",
    "prior_factors",
    "ridge_datamodels",
    "select_pairs",
    "sides",
    "strong_pairs",
    "worth",
]
