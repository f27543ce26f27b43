"""The estimators: arrays that do not fit, masks that tell nothing, scores out of their range, undefined values."""

import jax.numpy as jnp
import numpy as np

import memjax
from memjax import dynamics, estimators
from memjax.statistics import gini
from memjax.types import Estimate
from tests import reference
from tests.edges.edge import Edge, gives, holds
from tests.edges.inputs import predictions, probabilities

P = predictions()
M, C, T, PROB = P["masks"], P["train_correct"], P["test_correct"], probabilities()
ONES, SAME = np.ones((10, 6), bool), np.tile(M[:1], (10, 1))
BIG = np.float32(3e38) * (2 * C - 1)
UTILITY = PROB.mean(1)
LOGITS = np.random.default_rng(3).normal(size=(10, 6, 2)).astype(np.float32)
CHANCES = np.stack([PROB, 1 - PROB], -1)
MEM, INFL = np.diag(reference.mean_difference(M, C)), reference.mean_difference(M, T)
NAN6 = np.full(6, np.nan)
CURVES = np.random.default_rng(4).random((10, 5, 6)).astype(np.float32)
BITS = CURVES > 0.5
E = Estimate(np.float32([0.1, np.nan, 0.5]), np.float32([0.1, np.nan, 0.1]), np.array([5, 0, 5]), np.array([5, 10, 5]))
S = np.random.default_rng(5).normal(size=(2, 6)).astype(np.float32)


def call(kind, source, given, right):
    return Edge(kind, source, "call", given, right)


# fmt: off
ROWS = [
    # memorization and its relatives
    call(0, "memorization", lambda: memjax.memorization(M, C).value, gives(MEM)),
    call(0, "memorization", lambda: memjax.memorization(M.tolist(), C.tolist()).value, gives(MEM)),
    call(0, "memorization", lambda: memjax.memorization(jnp.asarray(M), jnp.asarray(C)).value, gives(MEM)),
    call(0, "memorization", lambda: memjax.memorization(np.asfortranarray(M), C.astype(">f8")).value, gives(MEM)),
    call(5, "memorization", lambda: memjax.memorization(M, PROB).value, gives(np.diag(reference.mean_difference(M, PROB)))),
    call(2, "memorization", lambda: memjax.memorization(M, PROB.astype(float) + 1e6).value, "correct of example 0 lies between 1000000 ... subtract the mean of each example"),
    call(2, "memorization", lambda: memjax.memorization(M, BIG).value, "correct holds numbers up to 3e+38; expected at ... most 1e+18; give smaller units"),
    call(14, "memorization", lambda: memjax.memorization(ONES, C).value, gives(NAN6)),
    call(0, "class_means", lambda: estimators.class_means(M, C, np.array([0, 0, 2, 2, 2, 0])).value, gives(np.array([MEM[[0, 1, 5]].mean(), np.nan, MEM[2:5].mean()]))),
    call(14, "class_means", lambda: estimators.class_means(ONES, C, np.zeros(6, int)).value, gives(np.array([np.nan]))),
    call(0, "class_means", lambda: estimators.class_means(M, C, np.zeros(5, int)).value, "labels are int64 (5,) from 0; expected (6,) whole numbers from 0"),
    call(0, "class_means", lambda: estimators.class_means(M, C, -np.ones(6, int)).value, "labels are int64 (6,) from -1; expected (6,) whole numbers from 0"),
    call(0, "class_means", lambda: estimators.class_means(M, C, list("aabbcc")).value, "labels holds <U1; expected bool or numbers"),
    call(14, "memorization", lambda: memjax.memorization(~ONES, C).value, gives(NAN6)),
    call(14, "memorization", lambda: memjax.memorization(M[:1], C[:1]).value, gives(NAN6)),
    call(14, "memorization", lambda: memjax.memorization(M[:0], C[:0]), "masks has no row; give one per model"),
    call(14, "memorization", lambda: memjax.memorization(M[:, :0], C[:, :0]).value, gives(np.zeros(0))),
    call(0, "memorization", lambda: memjax.memorization(M, C, errors="nonsense"), "errors 'nonsense' is not known; choose one of: adjusted"),
    call(0, "memorization", lambda: memjax.memorization([[1, 0], [1]], C), "masks has rows of several lengths; expected an array"),
    call(0, "memorization", lambda: memjax.memorization(M, np.ma.masked_array(C, M)), "correct has 40 masked entries; expected none: ... them in, or leave their rows out"),
    call(0, "influence", lambda: memjax.influence(M, T).value, gives(INFL)),
    call(14, "influence", lambda: memjax.influence(ONES, T).value, gives(np.full((6, 4), np.nan))),
    call(0, "influence", lambda: memjax.influence(M, T[:9]), "correct_test has shape (9, 4); expected (10, ... a row for each of masks"),
    call(0, "influence", lambda: memjax.influence(M, T[:, :0]).value, gives(np.zeros((6, 0)))),
    call(5, "influence", lambda: memjax.influence(M, np.where(T, np.inf, 0)), "correct_test holds values that are not finite ... leave out models that diverged"),
    call(14, "c_score", lambda: estimators.c_score(ONES, C).value, gives(NAN6)),
    call(14, "c_score", lambda: estimators.c_score(~ONES, C).value, gives(C.mean(0))),
    call(14, "consistency_profile", lambda: estimators.consistency_profile(ONES, C).mean, gives(NAN6)),
    call(5, "consistency_profile", lambda: estimators.consistency_profile(M, C * 3), "correct holds whole numbers from 0 to 3; ... give floating-point numbers"),
    call(14, "label_errors", lambda: estimators.label_errors(ONES, PROB), gives(np.arange(6))),
    call(5, "label_errors", lambda: estimators.label_errors(M, PROB * 2), "probability holds numbers from 0.0551182 to ... 0 to 1; check what was computed"),
    call(14, "train_influence", lambda: estimators.train_influence(ONES, C).value, gives(np.full((6, 6), np.nan))),
    call(0, "train_influence", lambda: estimators.train_influence(M, C.T), "correct has shape (6, 10); expected (10, ... a row for each of masks"),
    call(14, "complementary_memorization", lambda: estimators.complementary_memorization(M, C), "the models are not in complementary pairs: row ... and influence for other designs"),
    call(14, "complementary_memorization", lambda: estimators.complementary_memorization(ONES, C), "the models are not in complementary pairs: row ... and influence for other designs"),
    call(14, "complementary_memorization", lambda: estimators.complementary_memorization(M[:9], C[:9]), "the models are not in complementary pairs: row ... and influence for other designs"),
    call(14, "complementary_influence", lambda: estimators.complementary_influence(M, T), "the models are not in complementary pairs: row ... and influence for other designs"),
    call(14, "split_half_reliability", lambda: estimators.split_half_reliability(M[:1], C[:1]), "1 models are too few for two halves; give at least 8"),
    call(14, "split_half_reliability", lambda: estimators.split_half_reliability(ONES, C).whole, gives(np.nan)),
    call(0, "strong_pairs", lambda: estimators.strong_pairs(M, T[:9], MEM, np.arange(6) % 2, np.arange(4) % 2), "correct_test has shape (9, 4); expected (10, examples)"),
    call(14, "strong_pairs", lambda: len(estimators.strong_pairs(ONES, T, MEM, np.arange(6) % 2, np.arange(4) % 2).infl), gives(0)),
    call(0, "strong_pairs", lambda: estimators.strong_pairs(M, T, MEM, np.arange(5), np.arange(4)), "train_labels has shape (5,); expected (6,)"),
    call(0, "pair_p_values", lambda: estimators.pair_p_values(M, T, np.array([9]), np.array([0])), "tr_idx holds rows from 9 to 9; expected 0 to 5"),
    call(5, "pair_p_values", lambda: estimators.pair_p_values(M, T * 0.5, np.array([0]), np.array([0])), "p-values of pairs need 0 / 1 scores; correct_test holds other numbers"),
    call(14, "pair_p_values", lambda: estimators.pair_p_values(ONES, T, np.array([0]), np.array([0])), gives([1.0])),
    call(11, "q_values", lambda: estimators.q_values(np.array([0.01, np.nan]), 2), "p_values holds numbers from nan to nan; ... leave out pairs without a p-value"),
    call(5, "q_values", lambda: estimators.q_values(np.array([0.01, 1.5]), 2), "p_values holds numbers from 0.01 to 1.5; ... leave out pairs without a p-value"),
    call(0, "q_values", lambda: estimators.q_values(np.array([0.5, 0.01, 0.03]), 3), gives([0.5, 0.03, 0.045])),
    # probabilities and logits
    call(7, "out_of_bag", lambda: estimators.out_of_bag(M, CHANCES), "logits holds probabilities: no number is ... logarithms of the probabilities"),
    call(7, "out_of_bag", lambda: estimators.out_of_bag(M, CHANCES.astype(np.float16)), "logits holds probabilities: no number is ... logarithms of the probabilities"),
    call(7, "out_of_bag", lambda: estimators.out_of_bag(M, np.log(CHANCES)), gives(reference.out_of_bag(M, np.log(CHANCES)), 1e-5)),
    call(7, "out_of_bag", lambda: estimators.out_of_bag(M, LOGITS), gives(reference.out_of_bag(M, LOGITS), 1e-5)),
    call(14, "out_of_bag", lambda: estimators.out_of_bag(ONES, LOGITS), gives(np.full((6, 2), np.nan))),
    call(0, "out_of_bag", lambda: estimators.out_of_bag(M, PROB), "logits has shape (10, 6); expected (10, 6, 'classes')"),
    call(11, "out_of_bag", lambda: estimators.out_of_bag(M, np.where(LOGITS > 0, np.nan, LOGITS)), "logits holds values that are no logits (NaN or ... leave out models that diverged"),
    call(2, "out_of_bag", lambda: estimators.out_of_bag(M, LOGITS * 1e30), gives(reference.out_of_bag(M, np.sign(LOGITS) * 0 + np.where(LOGITS.max(-1, keepdims=True) == LOGITS, 0.0, -1e3)), 1e-5)),
    call(0, "out_of_bag", lambda: estimators.out_of_bag(M, LOGITS.tolist()), gives(reference.out_of_bag(M, LOGITS), 1e-5)),
    # membership
    call(11, "lira", lambda: estimators.lira(M, PROB, np.where(S > 0, np.inf, S)), "target holds values that are not finite ... leave out models that diverged"),
    call(11, "lira", lambda: estimators.lira(M, np.where(M, np.inf, PROB), S), "log_odds holds values that are not finite ... leave out models that diverged"),
    call(11, "lira", lambda: estimators.lira(M, PROB, np.where(S > 0, np.nan, S)), "target holds values that are not finite ... leave out models that diverged"),
    call(0, "lira", lambda: estimators.lira(M, PROB, S[:, :5]), "masks (10, 6), log_odds (10, 6) and target (2, ... train) twice and (targets, train)"),
    call(0, "lira", lambda: estimators.lira(M, PROB, S[0]), "masks (10, 6), log_odds (10, 6) and target (6,) ... train) twice and (targets, train)"),
    call(0, "lira", lambda: estimators.lira(M, PROB, S, variant="onlin"), "variant 'onlin' is not known; did you mean ... online, offline, offline-density"),
    call(0, "lira", lambda: estimators.lira(M, PROB.T, S), "masks (10, 6), log_odds (6, 10) and target (2, ... train) twice and (targets, train)"),
    call(14, "lira", lambda: estimators.lira(ONES, PROB, S), gives(np.full((2, 6), np.nan))),
    call(11, "membership_curve", lambda: estimators.membership_curve([1, 2, np.nan, 0], [1, 1, 0, 0]), holds(left_out=1, auc=1.0)),
    call(11, "membership_curve", lambda: estimators.membership_curve([np.inf, 1, 0, -np.inf], [1, 1, 0, 0]), holds(auc=1.0)),
    call(11, "membership_curve", lambda: estimators.membership_curve([np.nan] * 3, [1, 0, 1]), '3 of 3 scores are NaN; a curve of the few ... or score with variance="prior"'),
    call(14, "membership_curve", lambda: estimators.membership_curve([1, 2, 3], [1, 1, 1]), "a curve needs scores of members and of ... there are only members"),
    call(14, "membership_curve", lambda: estimators.membership_curve([1, 2, 3], [0, 0, 0]), "a curve needs scores of members and of ... there are only non-members"),
    call(5, "membership_curve", lambda: estimators.membership_curve([1, 2, 3], [0, 1, 2]), "members holds values other than 0 and 1; ... the target had seen the example"),
    call(0, "membership_curve", lambda: estimators.membership_curve([1, 2, 3], [0, 1]), "scores has shape (3,) and members (2,); expected the same"),
    call(0, "membership_curve", lambda: estimators.membership_curve([1, 1, 1, 1], [0, 1, 0, 1]), holds(auc=0.5)),
    # values of data, linear models
    call(14, "data_banzhaf", lambda: estimators.data_banzhaf(ONES, UTILITY), "the masks hold an example 1.000 of the time ... train with --design bernoulli"),
    call(0, "data_banzhaf", lambda: estimators.data_banzhaf(M, UTILITY[:9]), "utility has shape (9,); expected (10,), one number per model"),
    call(5, "data_banzhaf", lambda: estimators.data_banzhaf(M, np.where(UTILITY > 0.5, np.nan, UTILITY)), "correct_test holds values that are not finite ... leave out models that diverged"),
    call(14, "subsampled_shapley", lambda: estimators.subsampled_shapley(ONES, UTILITY).value, gives(NAN6)),
    call(0, "subsampled_shapley", lambda: estimators.subsampled_shapley(M, UTILITY[:, None]), "utility has shape (10, 1); expected (10,), one number per model"),
    call(14, "datamodels", lambda: estimators.datamodels(M[:2], T[:2] * 1.0), "folds is 4; expected 2 or more and no more than the 2 models"),
    call(14, "ridge_datamodels", lambda: estimators.ridge_datamodels(M, T * 1.0, folds=11), "folds is 11; expected 2 or more and no more than the 10 models"),
    call(14, "ridge_datamodels", lambda: estimators.ridge_datamodels(ONES, T * 1.0, folds=2).weights, gives(np.zeros((6, 4)))),
    call(5, "ridge_datamodels", lambda: estimators.ridge_datamodels(M, np.where(T, np.nan, 0.0), folds=2), "outputs holds values that are not finite; leave ... out models that diverged"),
    call(0, "lasso", lambda: estimators.lasso(M, T * 1.0, -1.0), "penalty holds a value that is not above 0 and finite"),
    call(0, "lasso", lambda: estimators.lasso(M, T * 1.0, np.nan), "penalty holds a value that is not above 0 and finite"),
    call(0, "worth", lambda: estimators.worth(PROB, PROB[:9]), "margins has shape (9, 6); expected (10, ... a row for each of masks"),
    call(11, "worth", lambda: estimators.worth(np.where(M, np.nan, PROB), PROB), "outputs holds values that are not finite ... leave out models that diverged"),
    call(0, "linear_datamodeling_score", lambda: estimators.linear_datamodeling_score(np.eye(5), M, PROB, fitted_masks=None), "scores (5, 5), masks (10, 6) and outputs (10, ... train) and (models, test)"),
    call(14, "linear_datamodeling_score", lambda: estimators.linear_datamodeling_score(np.eye(6), M[:1], PROB[:1], fitted_masks=None), "1 models are too few for a rank correlation; give at least 3"),
    call(11, "linear_datamodeling_score", lambda: estimators.linear_datamodeling_score(np.full((6, 6), np.nan), M, PROB, fitted_masks=None), "scores holds values that are not finite ... whose influence is undefined"),
    call(0, "shrink", lambda: estimators.shrink(E, np.array([0, 1])), "groups has shape (2,) and the estimate (3,); expected one per"),
    call(11, "shrink", lambda: np.isnan(np.asarray(estimators.shrink(E, np.array([0, 0, 0])).value)), gives([0, 1, 0])),
    call(0, "extremes", lambda: estimators.extremes(INFL, INFL, 2).helped_infl, gives(-np.sort(-INFL, 1)[:, :2])),
    call(0, "memorization_totals", lambda: estimators.memorization_totals(M, C.T), "correct has shape (6, 10); expected (10, ... a row for each of masks"),
    call(0, "influence_totals", lambda: estimators.influence_totals(M, T[:9]), "correct_test has shape (9, 4); expected (10, ... a row for each of masks"),
    # recorded curves
    call(0, "forgetting_events", lambda: dynamics.forgetting_events(CURVES), "correct holds values other than 0 and 1; ... an example was right at an epoch"),
    call(0, "forgetting_events", lambda: dynamics.forgetting_events(BITS[0, 0]), "correct has shape (6,); expected (epochs, ... or (models, epochs, train)"),
    call(0, "first_learned", lambda: dynamics.first_learned(np.zeros((3, 2), bool)), gives([np.nan, np.nan])),
    call(11, "mean_loss", lambda: dynamics.mean_loss(np.where(BITS, np.nan, CURVES)), "loss holds values that are not finite numbers; ... leave out models that diverged"),
    call(0, "confidence", lambda: dynamics.confidence(np.zeros((0, 6), np.float32)), "probability has shape (0, 6); expected (epochs, ... or (models, epochs, train)"),
    call(5, "confidence", lambda: dynamics.confidence(CURVES * 2), "probability holds numbers from 0.00652117 to ... 0 to 1; check what was computed"),
    call(0, "over_models", lambda: dynamics.over_models(CURVES[:, 0], M[:9]), "masks has shape (9, 6), values (10, 6); ... expected (models, train) of both"),
    call(14, "over_models", lambda: dynamics.over_models(CURVES[:, 0], ONES).outside, gives(NAN6)),
    call(11, "gini", lambda: gini(np.array([np.nan, 1.0])), "gini takes one or more numbers; give finite ones of at least 0"),
    call(5, "dispersion", lambda: dynamics.dispersion(CURVES[:, 0] * 3), "wrong holds values other than 0 and 1; expected ... a model got an example wrong"),
]
