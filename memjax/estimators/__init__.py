"""Finished models in, estimates out: pure functions of arrays that never open a file.

Each refuses, with an `InputError` that says what came and what was expected: shapes that do not fit, masks other than 0
and 1, scores that are not finite, and options out of their range.  Docstrings name what else is refused.
"""

from memjax.estimators.complementary import complementary_influence, complementary_memorization, whole_pairs
from memjax.estimators.controlled import Controlled, controlled_memorization
from memjax.estimators.data_values import data_banzhaf, subsampled_shapley
from memjax.estimators.discoveries import family_wise_p_values, memorization_p_values, pair_p_values, q_values
from memjax.estimators.groups import ClassMeans, GroupScores, class_means, of_groups
from memjax.estimators.held_out import Profile, c_score, consistency_profile, label_errors, out_of_bag
from memjax.estimators.intervals import bounded_interval
from memjax.estimators.kernels.moments import difference
from memjax.estimators.lds import LinearDatamodelingScore, linear_datamodeling_score
from memjax.estimators.linear.datamodels import Datamodels, datamodels, ridge_datamodels
from memjax.estimators.linear.lasso import lasso
from memjax.estimators.linear.penalty_factors import prior_factors, worth
from memjax.estimators.lira import decision_stability, lira, loss_attack, population_attack, rmia
from memjax.estimators.membership_curve import Curve, epsilon_from_one_model, epsilon_from_rates, membership_curve
from memjax.estimators.memorization import influence, memorization, sides, train_influence
from memjax.estimators.pairs import (
    INFL_THRESHOLD,
    MEM_THRESHOLD,
    Extremes,
    PairCounts,
    Pairs,
    count_pairs,
    expected_by_chance,
    extremes,
    join_extremes,
    join_pairs,
    select_pairs,
)
from memjax.estimators.reliability import Reliability, split_half_reliability
from memjax.estimators.shrink import Posterior, shrink
from memjax.estimators.streaming.tally import Tally, in_pairs, tally_of
from memjax.estimators.streaming.totals import (
    Totals,
    add_totals,
    estimate_of,
    influence_totals,
    memorization_totals,
    sides_of,
)
from memjax.estimators.strong_pairs import strong_pairs
from memjax.machine.debugging import shield as _shield

__all__ = [
    "INFL_THRESHOLD", "MEM_THRESHOLD", "ClassMeans", "Controlled", "Curve", "Datamodels", "Extremes", "GroupScores",
    "LinearDatamodelingScore", "PairCounts", "Pairs", "Posterior", "Profile", "Reliability", "Tally", "Totals",
    "add_totals", "bounded_interval", "c_score", "class_means", "complementary_influence", "complementary_memorization",
    "consistency_profile", "controlled_memorization", "count_pairs", "data_banzhaf", "datamodels", "decision_stability",
    "difference", "epsilon_from_one_model", "epsilon_from_rates", "estimate_of", "expected_by_chance", "extremes",
    "family_wise_p_values", "in_pairs", "influence", "influence_totals", "join_extremes", "join_pairs", "label_errors",
    "lasso", "linear_datamodeling_score", "lira", "loss_attack", "membership_curve", "memorization",
    "memorization_p_values", "memorization_totals", "of_groups", "out_of_bag", "pair_p_values", "population_attack",
    "prior_factors", "q_values", "ridge_datamodels", "rmia", "select_pairs", "shrink", "sides", "sides_of",
    "split_half_reliability", "strong_pairs", "subsampled_shapley", "tally_of", "train_influence", "whole_pairs",
    "worth",
]  # fmt: skip

_shield(__all__, globals())
