"""Pairs that hurt and pairs across classes: their q-values are among all pairs, and noise finds none."""

import numpy as np
from scipy.stats import fisher_exact

from memjax.estimators import pair_p_values, q_values, tally_of
from memjax.runs import make_estimates, summary
from memjax.store import read_found
from memjax.types import Dataset, Outcomes
from tests.statistics.test_layouts import of_sizes, right

TRAIN, TEST, MODELS = 40, 30, 200
DATA = Dataset(
    "made up", np.zeros((TRAIN, 1), np.float32), np.arange(TRAIN) % 2, np.zeros((TEST, 1), np.float32),
    np.arange(TEST) % 2, np.arange(TRAIN), np.arange(TEST), ("a", "b"), np.zeros(TRAIN, bool),
)  # fmt: skip


def outcomes_of(seed, strength, sizes=(20,)):
    """Example j hurts test example j of its class (j < 5), and helps test example j + 1 of the other one (j > 9)."""
    rng = np.random.default_rng(seed)
    masks = of_sizes(rng, MODELS, sizes, TRAIN)
    rates = np.full((MODELS, TEST), 0.5)
    rates[:, :5] -= strength * (masks[:, :5] - 0.5)
    rates[:, 11:16] += strength * (masks[:, 10:15] - 0.5)
    return Outcomes(
        np.arange(MODELS), masks, {"correct": right(rng, 0.5 + 0.4 * masks)}, {"correct": right(rng, rates)}
    )


def found_in(folder, outcomes, score="correct"):
    folder.mkdir()
    make_estimates.write_results(folder, DATA, tally_of(outcomes, score), all_pairs=False)
    found = read_found(folder, checked=False)
    return found.pairs, summary.findings(DATA, found.estimates, found.pairs)


def test_planted_pairs_are_found_with_the_q_values_of_fisher(tmp_path):
    outcomes = outcomes_of(0, 0.8)

    pairs, found = found_in(tmp_path / "run", outcomes)

    assert found["all_pairs"]["tested"] == TRAIN * TEST
    assert 5 <= found["all_pairs"]["hurting"] <= 7
    assert 5 <= found["all_pairs"]["helping_across_classes"] <= 7
    assert "hurt" in dict(summary.rows(found))["all pairs"]
    assert "of 1,200 tested" in dict(summary.rows(found))["all pairs"]
    for listed, alternative in ((pairs.helped, "greater"), (pairs.hurt, "less")):
        tests = np.empty(listed.test_rows.shape)
        for row, column in np.ndindex(tests.shape):
            saw, answers = outcomes.masks[:, row], outcomes.test["correct"][:, listed.test_rows[row, column]]
            table = [[(side & answer).sum() for answer in (answers, ~answers)] for side in (saw, ~saw)]
            tests[row, column] = fisher_exact(table, alternative)[1]
        order = np.sort(tests.ravel())
        least = [min((p * TRAIN * TEST / (order <= p).sum() for p in order[order >= own]), default=1) for own in
                 tests.ravel() - 1e-12]  # fmt: skip
        np.testing.assert_allclose(listed.q_value.ravel(), np.minimum(least, 1), atol=1e-9)


def test_noise_has_no_more_than_its_level(tmp_path):
    """Any discovery is false: at 5 %, of 30 worlds at most 5 have one (with chance 99 %)."""
    worlds = [found_in(tmp_path / str(seed), outcomes_of(seed, 0))[1]["all_pairs"] for seed in range(30)]

    assert sum(world["hurting"] > 0 for world in worlds) <= 5
    assert sum(world["helping_across_classes"] > 0 for world in worlds) <= 5


def test_subsets_of_several_sizes(tmp_path):
    outcomes = outcomes_of(1, 0.9, (12, 20, 28))

    pairs, found = found_in(tmp_path / "run", outcomes)

    rows = np.repeat(np.arange(TRAIN), 5)
    for listed, alternative in ((pairs.helped, "greater"), (pairs.hurt, "less")):
        tests = pair_p_values(
            outcomes.masks, outcomes.test["correct"], rows, listed.test_rows.ravel(), alternative=alternative
        )
        np.testing.assert_allclose(listed.q_value.ravel(), q_values(tests, TRAIN * TEST), atol=1e-9)
    assert found["all_pairs"]["hurting"] >= 5


def test_other_scores_have_none(tmp_path):
    outcomes = outcomes_of(2, 0.8)
    soft = [{**side, "probability": side["correct"].astype(np.float16)} for side in (outcomes.train, outcomes.test)]

    pairs, found = found_in(tmp_path / "run", Outcomes(outcomes.model_ids, outcomes.masks, *soft), "probability")

    assert pairs.hurt.q_value is None
    assert "all pairs" not in dict(summary.rows(found))
