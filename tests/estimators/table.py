"""The table of estimators: how each is called with masks and scores of one shape, (models, examples), what loops over
its definition give, and which of the generic tests do not apply to it, and why.
"""

import numpy as np

from memjax import estimators
from tests import reference, reference_models
from tests.estimators.rows import (
    EXAMPLES,
    HOST,
    NO_MERGE,
    WEIGHTS,
    Row,
    added,
    as_logits,
    by_parts,
    counted,
    first_ones,
    from_pairs,
    in_two,
    influences,
    linear,
    lira,
    listed,
    mirrored,
    of_every_pair,
    own,
    rmia,
    score_of,
    selected,
    two_sides,
)

FLAT, DIAGONAL = np.full(EXAMPLES, 0.3), 0.3 * np.eye(EXAMPLES)
INFL = [[0.5, -0.25], [0.5, 0.75]]  # of the world by hand
TAILS = np.array([[17, 65], [17, 5]]) / 70  # Of 70 ways to choose 4 of 8 models
COMPLEMENTARY = {"always in or out": "in a complementary pair nothing is always in"}
UTILITY = {
    "coverage": "the noise of its utility is not that of one example",
    "blocks": "no merge: one number per model",
}
WHOLE = {"always in or out": "one number for all examples"}
PAIRS = {"coverage": "no interval", "blocks": "of pairs, which have their own row"}

TABLE = {
    "memorization": Row(estimators.memorization, own, [0.5, 0.75], FLAT, by_parts(estimators.memorization_totals)),
    "memorization, plug-in errors": Row(
        lambda m, s: estimators.memorization(m, s, "plug-in"),
        own,
        [0.5, 0.75],
        FLAT,
        by_parts(estimators.memorization_totals, errors="plug-in"),
    ),
    "both sides of memorization": Row(
        lambda m, s: two_sides(estimators.sides(m, s)),
        lambda m, s: {"mean": [reference.held_out(~m, s), reference.held_out(m, s)]},
        [[0.75, 1], [0.25, 0.25]],
        np.repeat([[0.8], [0.5]], EXAMPLES, 1),
        lambda m, s, size: two_sides(estimators.sides_of(added(estimators.memorization_totals, m, s, size))),
        undefined=([1, 0], [0, 1]),
        constant=1.0,
        main="mean",
        but=HOST,
    ),
    "difference of both sides": Row(
        lambda m, s: estimators.difference(*estimators.sides(m, s)),
        own,
        [0.5, 0.75],
        FLAT,
        lambda m, s, size: estimators.difference(
            *estimators.sides_of(added(estimators.memorization_totals, m, s, size))
        ),
    ),
    "influence": Row(
        estimators.influence, reference.mean_difference, INFL, DIAGONAL, by_parts(estimators.influence_totals)
    ),
    "strong pairs": Row(
        from_pairs, reference.mean_difference, INFL, DIAGONAL, lambda m, s, size: from_pairs(m, s, (size, 5)), but=HOST
    ),
    "train influence": Row(
        estimators.train_influence,
        reference.train_influence,
        [[np.nan, -0.5], [0.5, np.nan]],
        np.where(np.eye(EXAMPLES, dtype=bool), np.nan, 0),
        but={"blocks": "no merge of its own: influence has it, of which this is a part of the models"},
    ),
    "C-score": Row(
        estimators.c_score,
        reference.held_out,
        [0.25, 0.25],
        np.full(EXAMPLES, 0.5),
        undefined=np.s_[:1],
        constant=1.0,
        but={"blocks": "no merge of its own: it is one of both sides of memorization"},
    ),
    "consistency profile": Row(
        estimators.consistency_profile,
        reference.profile,
        [[0, 0.5], [0.5, 0], [np.nan, np.nan]],
        undefined=np.s_[:, :1],
        constant=1.0,
        but=HOST | {"coverage": "C-scores, a size at a time: few models have the smallest", "blocks": "as the C-score"},
    ),
    "out-of-bag predictions": Row(
        lambda m, s: estimators.out_of_bag(m, as_logits(s)),
        lambda m, s: reference.out_of_bag(m, as_logits(s)),
        [[0.625, 0.375]] * 2,
        undefined=np.s_[:1],
        constant=[0.25, 0.75],
        but={"coverage": "no interval", "blocks": "no merge: a sum over models by itself"},
    ),
    "label errors": Row(
        estimators.label_errors,
        lambda m, s: first_ones(np.round(reference.held_out(m, s), 6)),
        [0, 1],
        constant=np.arange(EXAMPLES),
        but=HOST
        | {"order of examples": "of equal ones the first comes first", "coverage": "an order, not a number"}
        | {"always in or out": "an order: what is not known comes last", "blocks": "of C-scores"},
    ),
    "split-half reliability": Row(
        estimators.split_half_reliability,
        in_two,
        np.nan,
        main="halves",
        least=8,
        constant=np.nan,
        but=HOST
        | WHOLE
        | {"order of models": "the halves are drawn by place"}
        | {"coverage": "no interval", "blocks": "no merge: the halves are drawn from all models"},
    ),
    "Shapley": Row(
        lambda m, s: estimators.subsampled_shapley(m, s.mean(1)),
        lambda m, s: reference.stratified_difference(m, s.mean(1)),
        [-0.25, 0.25],
        but=HOST | UTILITY,
    ),
    "Banzhaf": Row(
        lambda m, s: estimators.data_banzhaf(m, s.mean(1)),
        lambda m, s: reference.mean_difference(m, s.mean(1)[:, None])[:, 0],
        [0.125, 0.625],
        but=HOST | UTILITY,
    ),
    "complementary memorization": Row(
        lambda m, s: estimators.complementary_memorization(*mirrored(m, s)),
        lambda m, s: own(*mirrored(m, s)),
        [0.5, 0.75],
        FLAT,
        lambda m, s, size: by_parts(lambda *part: estimators.memorization_totals(*part, complementary=True))(
            *mirrored(m, s), 2 * size
        ),
        least=2,
        but=HOST | COMPLEMENTARY,
    ),
    "complementary influence": Row(
        lambda m, s: estimators.complementary_influence(*mirrored(m, s)),
        lambda m, s: reference.mean_difference(*mirrored(m, s)),
        INFL,
        DIAGONAL,
        least=2,
        but=HOST | COMPLEMENTARY | {"blocks": "test_tally: by the bits of a tally"},
    ),
    "pairs of a class": Row(
        selected,
        lambda m, s: reference_models.chosen_pairs(reference.mean_difference(m, s).round(6), own(m, s).round(6)),
        [[0.5, np.nan], [0.5, 0.75]],
        in_blocks=selected,
        but=HOST | {"coverage": "chosen by their values"},
    ),
    "counts of pairs": Row(
        counted,
        lambda m, s: dict(
            zip(
                estimators.PairCounts._fields,
                reference_models.counts(np.isfinite(TABLE["pairs of a class"].oracle(m, s))),
                strict=True,
            )
        ),
        3,
        main="pairs",
        but=HOST | PAIRS | WHOLE,
    ),
    "pairs by chance": Row(
        lambda m, s: estimators.expected_by_chance(*influences(m, s)[1:]),
        lambda m, s: reference_models.by_chance(*influences(m, s)[1:]),
        1.3822,
        tolerance=1e-4,
        but=HOST | PAIRS | WHOLE | {"constant": "noise is expected whatever the scores are"},
    ),
    "extremes": Row(
        listed,
        lambda m, s: reference_models.strongest(influences(m, s)[0], 3),
        [[0.5, -0.25], [0.75, 0.5]],
        in_blocks=listed,
        main="helped_infl",
        but=HOST | {"coverage": "chosen by their values"},
    ),
    "p-values of pairs": Row(
        of_every_pair,
        reference_models.upper_tails,
        TAILS,
        constant=1.0,
        but=HOST
        | {"probabilities": "counts right answers", "coverage": "its promise is of false pairs"}
        | {"always in or out": "what gives no evidence has p = 1", "blocks": "test_tally: by the bits of a tally"},
    ),
    "false discoveries": Row(
        lambda m, s: estimators.q_values((p := of_every_pair(m, s)).ravel(), p.size).reshape(p.shape),
        lambda m, s: reference_models.false_shares(reference_models.upper_tails(m, s).round(9), m.shape[1] ** 2),
        [[68 / 210, 65 / 70], [68 / 210, 20 / 70]],
        constant=1.0,
        but=HOST
        | {"probabilities": "counts right answers", "coverage": "a share of false pairs: test_discoveries"}
        | {"always in or out": "what gives no evidence has p = 1", "blocks": "no merge: ranks all pairs"},
    ),
    "lasso": Row(
        lambda m, s: estimators.lasso(m, s, 0.05, tolerance=1e-6)._replace(gap=None),
        lambda m, s: dict(zip(("weights", "bias"), reference_models.lasso(m, s.astype(float), 0.05), strict=True)),
        [[0.3, -0.05], [0.3, 0.55]],
        in_blocks=lambda m, s, size: estimators.lasso(m, s, 0.05, tolerance=1e-6, tile=size)._replace(gap=None),
        main="weights",
        tolerance=2e-3,
        but=HOST | WEIGHTS,
    ),
    "datamodels": linear(
        estimators.datamodels, reference_models.lasso, reference_models.noise_penalty, np.geomspace(1.4, 0.175, 7)
    ),
    "ridge datamodels": linear(
        estimators.ridge_datamodels,
        reference_models.ridge,
        reference_models.mean_eigenvalue,
        10.0 ** np.arange(3, -4, -1),
    ),
    "linear datamodeling score": Row(
        score_of,
        lambda m, s: reference.rank_correlations(np.eye(m.shape[1]), m, s),
        (0.5 + 0.6**0.5) / 2,
        least=3,
        constant=np.nan,
        but=HOST | WHOLE | {"coverage": "the bootstrap draws examples too: test_lds", "blocks": NO_MERGE},
    ),
    "LiRA": lira("online", "prior", None, np.s_[:, :2]),
    "LiRA, own variance": lira("online", "own", [[-16 / 15, np.nan], [1.6, np.nan]], np.s_[:, :2]),
    "LiRA, fixed variance": lira("online", "fixed", [[-1.43343] * 2, [1.46657] * 2], np.s_[:, :2]),
    "LiRA offline": lira("offline", "own", np.log([[0.75578] * 2, [0.96767] * 2]), np.s_[:, :1]),
    "LiRA offline, prior": lira("offline", "prior", None, np.s_[:, :1]),
    "LiRA offline, density": lira(
        "offline-density",
        "own",
        np.log(0.4330127 * (2 * np.pi) ** 0.5) + np.array([[0.24] * 2, [1.706667] * 2]),
        np.s_[:, :1],
    ),
    "RMIA": rmia(1.0, None, np.s_[:, :2]),
    "RMIA offline": rmia(1.1, 0.3, np.s_[:, :1]),
    "membership curve": Row(
        lambda m, s: estimators.membership_curve(s, m),
        lambda m, s: reference_models.curve(np.ravel(s), np.ravel(m)),
        13 / 16,
        main="auc",
        constant=0.5,
        but=HOST
        | WHOLE
        | {"coverage": "no interval", "blocks": NO_MERGE}
        | {"not finite": "an unknown score is left out"},
    ),
    "worth": Row(
        lambda m, s: estimators.worth(s, np.asarray(m, np.float32)),
        lambda m, s: reference.worth(s, m),
        [0.5, 0.75],
        but=HOST
        | {"always in or out": "a margin that never varies is worth 0", "coverage": "no interval"}
        | {"masks": "margins are any numbers", "blocks": "no merge: a covariance by itself"},
    ),
}

# To compile; by default their own files test them.
SLOW = {"lasso", "datamodels", "ridge datamodels", "LiRA, fixed variance", "LiRA offline, density"}
PAIRED = {name for name in TABLE if name.startswith("complementary")}

# Public names that estimate nothing from masks and scores.
ELSEWHERE = {
    "class_means": "one number per class: tests/statistics/test_class_means",
    "controlled_memorization": "of correctness and probability together: test_controlled",
    "decision_stability": "whether an attack decides alike: test_decision_stability",
    "epsilon_from_one_model": "a bound of one number, from scores: test_epsilon",
    "epsilon_from_rates": "a bound of one number, from scores: test_epsilon",
    "loss_attack": "of a target model alone: test_rmia",
    "population_attack": "of a target model alone: test_rmia",
    "Tally": "sums and bits of these estimators, over blocks on a disk: test_tally",
    "bounded_interval": "an interval: tests/statistics/test_bounded_interval",
    "family_wise_p_values": "draws permutations: tests/statistics/test_multiplicity",
    "in_pairs": "tells whether a design is complementary: test_tally",
    "of_groups": "of groups of examples: test_groups",
    "memorization_p_values": "those of pairs of an example with itself: tests/statistics/test_multiplicity",
    "prior_factors": "of the data, before any model is trained: test_datamodels",
    "shrink": "by a prior that is fitted to many examples: test_shrink",
    "tally_of": "a tally of models in memory: test_tally",
    "whole_pairs": "chooses models: test_complementary",
}
