"""What others recorded or released, where the truth is known: records from before training, examples that are equally
hard for models of unequal quality, and trees of models whose subsets have several sizes."""

import numpy as np
import pytest

import memjax
from memjax import dynamics
from memjax.estimators import pair_p_values
from memjax.exchange import feldman_zhang, outcomes_of, read_predictions
from memjax.runs.dynamics_files import reduce_blocks
from memjax.store.blocks import Block
from memjax.types import Outcomes
from tests import reference
from tests.statistics.test_layouts import share_covered

EPOCHS = np.array([0, 1, 2, 4, 8, 16])
LEARNS = 0.3  # the chance that an example is learned in an epoch


def recorded(rng, models, train):
    """Examples that are learned after a geometric number of epochs and never forgotten; half are right at random before
    training.  And what an example that is learned so late counts for: the epoch of its first record."""
    learned = rng.geometric(LEARNS, (models, 1, train))
    right = EPOCHS[:, None] >= learned
    right[:, 0] = rng.random((models, train)) < 0.5
    return right


def expected_first():
    """The mean of the first recorded epoch at which an example is learned, of those that are by the last."""
    passed = 1 - (1 - LEARNS) ** EPOCHS
    return (np.diff(passed) / passed[-1]) @ EPOCHS[1:], passed[-1]


def test_chance_hits_before_training_are_not_learned():
    right = recorded(np.random.default_rng(0), 20, 500)
    mean, share = expected_first()

    for measure in (dynamics.first_learned, dynamics.learned_for_good):
        found = measure(right, EPOCHS)
        known = found[np.isfinite(found)]
        assert abs(known.mean() - mean) < 4 * known.std() / np.sqrt(known.size)
        assert abs(np.isfinite(found).mean() - share) < 4 * np.sqrt(share * (1 - share) / found.size)
    events = dynamics.forgetting_events(right, EPOCHS)
    assert (events[np.isfinite(events)] == 0).all()
    assert abs(np.isfinite(events).mean() - share) < 4 * np.sqrt(share * (1 - share) / events.size)
    assert dynamics.first_learned(right[:, 1:]).shape == (20, 500)  # records after 1, 2, ... epochs need no numbers


def test_nor_are_they_in_the_files_of_a_run():
    rng = np.random.default_rng(1)
    right, masks = recorded(rng, 40, 300), rng.random((40, 300)) < 0.5
    block = Block(np.arange(40), masks, np.ones(40, bool), {}, {}, {"correct": right}, EPOCHS)
    mean, share = expected_first()
    expected = mean * share + 16 * (1 - share)  # never: the last record

    found = reduce_blocks([block], 40)

    for side in ("in", "out"):
        learned = found[f"tr_learned_{side}"]
        assert abs(learned.mean() - expected) < 4 * learned.std() / np.sqrt(300)
        count = found[f"tr_num_learned_{side}"].sum()
        of = found[f"tr_num_{side}"].sum()
        assert abs(count / of - share) < 4 * np.sqrt(share * (1 - share) / of)


def test_the_spread_of_equally_hard_examples_is_rejected_as_often_as_the_level_says():
    """Log odds of models with a deviation of 2; 95 % of the ratios lie within 1.96 of their errors under the null."""
    rejected = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        error = 1 / (1 + np.exp(-rng.normal(-1, 2, (30, 1))))
        found = dynamics.dispersion(rng.random((30, 300)) < error)
        rejected.append(abs(found.ratio - 1) > 1.96 * found.null_stderr)

    assert abs(np.mean(rejected) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 300)


def test_examples_that_differ_are_found_whatever_the_quality_of_models():
    """The same examples, of deviation 1 in log odds, under equal and unequal models: the ratio is that of the truth."""
    for spread in (0, 2):
        found, expected = [], []
        for seed in range(20):
            rng = np.random.default_rng([spread, seed])
            chance = 1 / (1 + np.exp(-rng.normal(0, spread, (40, 1)) - rng.normal(0, 1, 400)))
            found.append(dynamics.dispersion(rng.random((40, 400)) < chance).ratio)
            own = chance.mean(1)
            between = chance.mean(0).var(ddof=1) + (chance * (1 - chance)).sum(0).mean() / 40**2
            expected.append(between / ((own * (1 - own)).sum() / 40**2))
        apart = np.subtract(found, expected)
        assert abs(apart.mean()) < 4 * apart.std(ddof=1) / np.sqrt(20)
        assert min(found) > 2


@pytest.fixture
def released(tmp_path):
    """A tree as the released ones, a folder of models for each of three ratios: larger subsets make better models.  One
    example in ten is memorized by .5; no training example has any influence on a test example, but the first on the
    first, of .4."""
    rng, train, test = np.random.default_rng(2), 60, 20
    memorized = np.where(np.arange(train) < 6, 0.5, 0.0)
    for ratio in (0.3, 0.5, 0.7):
        masks = np.stack([rng.permutation(train) < round(ratio * train) for _ in range(60)])
        own = 0.3 + 0.5 * ratio - memorized / 2 + memorized * masks  # in less out: memorized, in each size
        on_test = np.tile(0.1 + 0.8 * ratio, (60, test))
        on_test[:, 0] += 0.4 * (masks[:, 0] - 0.5)
        models = Outcomes(
            np.arange(60), masks, {"correct": rng.random(own.shape) < own},
            {"correct": rng.random(on_test.shape) < on_test},
        )  # fmt: skip
        feldman_zhang.write(tmp_path / f"{ratio}", models)
    return tmp_path, memorized


@pytest.mark.slow
def test_a_released_tree_with_subsets_of_several_sizes(released):
    folder, memorized = released

    _, found = outcomes_of(read_predictions(folder))
    masks, correct = found.masks, found.train["correct"]
    mem, influence = memjax.memorization(masks, correct), memjax.influence(masks, found.test["correct"])

    assert np.unique(masks.sum(1)).tolist() == [18, 30, 42]
    error = np.asarray(mem.value) - memorized
    assert abs(error.mean()) < 4 * np.sqrt(np.square(mem.stderr).mean() / len(error))
    assert abs(share_covered(mem, memorized) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 60) + 0.01
    truth = np.zeros((60, 20))
    truth[0, 0] = 0.4
    assert abs(share_covered(influence, truth) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1200) + 0.01
    assert reference.mean_difference(masks, found.test["correct"])[1:].mean() > 0.05  # of all sizes together
    rows, columns = np.indices((60, 20)).reshape(2, -1)
    p_values = pair_p_values(masks, found.test["correct"], rows, columns)
    assert p_values[0] < 1e-4
    assert (p_values[1:] <= 0.05).mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 1199)


@pytest.mark.slow
def test_estimates_from_a_released_tree_are_the_same(released, tmp_path):
    """`memjax estimate` counts by size as the functions of arrays do."""
    folder, memorized = released
    out = tmp_path / "out"

    assert memjax.run.main(["estimate", "--arrays", str(folder), "--out", str(out)]) == 0

    found = memjax.store.read_estimates(out).memorization
    _, models = outcomes_of(read_predictions(folder))
    np.testing.assert_allclose(found.value, memjax.memorization(models.masks, models.train["correct"]).value, atol=1e-6)
    assert abs((found.value - memorized).mean()) < 4 * np.sqrt(np.square(found.stderr).mean() / 60)
