import numpy as np
import pytest
import scipy.stats

from memjax.errors import InputError
from memjax.estimators import linear_datamodeling_score as lds
from memjax.estimators.lds import agreement, pearson


def world(seed=0, models=50, train=30, test=12, noise=1.0):
    """Outputs that are sums of the true weights, and noise."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(train, test))
    masks = np.stack([rng.permutation(train) < train // 2 for _ in range(models)])
    clean = masks @ weights
    return weights, masks, clean + noise * rng.normal(size=clean.shape), clean + noise * rng.normal(size=clean.shape)


def test_equals_scipy_one_test_example_at_a_time():
    weights, masks, outputs, _ = world()
    outputs = np.round(outputs)  # ties

    found = lds(weights, masks, outputs, fitted_masks=None)

    expected = [scipy.stats.spearmanr(masks @ weights[:, j], outputs[:, j])[0] for j in range(12)]
    np.testing.assert_allclose(found.each, expected, rtol=1e-12)
    assert found.value == pytest.approx(np.mean(expected))
    assert found.low < found.value < found.high


def test_the_sign_is_that_of_help():
    weights, masks, outputs, _ = world(noise=0.0)

    assert lds(weights, masks, outputs, fitted_masks=None).value == pytest.approx(1)
    assert lds(-weights, masks, outputs, fitted_masks=None).value == pytest.approx(-1)


def test_the_ceiling_is_what_retraining_reaches():
    weights, masks, outputs, again = world(models=400, noise=5.0)

    found = lds(weights, masks, outputs, fitted_masks=None, outputs_again=again)

    retrained = np.array([scipy.stats.spearmanr(outputs[:, j], again[:, j])[0] for j in range(12)])
    assert found.ceiling == pytest.approx(np.mean(np.sign(retrained) * np.sqrt(np.abs(retrained))))


def test_the_ceiling_is_of_the_correlation_asked_for():
    _, _, outputs, again = world(noise=5.0)

    found = agreement(outputs, outputs, again, of=pearson)

    retrained = np.array([scipy.stats.pearsonr(outputs[:, j], again[:, j])[0] for j in range(12)])
    assert found.ceiling == pytest.approx(np.mean(np.sign(retrained) * np.sqrt(np.abs(retrained))))


def test_true_weights_reach_the_ceiling_where_test_examples_differ_in_noise():
    """Noise from none to ten times the signal: the root of the mean correlation would promise too much."""
    weights, masks, _, _ = world(models=1000, test=40)
    rng, clean = np.random.default_rng(1), masks @ weights
    noise = clean.std(0) * np.geomspace(0.01, 10, 40)
    outputs, again = (clean + noise * rng.normal(size=clean.shape) for _ in range(2))

    found = lds(weights, masks, outputs, fitted_masks=None, outputs_again=again)

    error = found.each.std() / np.sqrt(1000)  # each correlation has an error of about 1 / sqrt(models)
    assert abs(found.value - found.ceiling) < 4 * max(error, 1 / np.sqrt(1000 * 40)) + 0.02  # ranks are not normal
    too_high = np.sqrt(np.mean([scipy.stats.spearmanr(outputs[:, j], again[:, j])[0] for j in range(40)]))
    assert too_high > found.value + 0.05


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda again: again[:, :1], r"outputs_again has shape \(50, 1\) and outputs \(50, 12\)"),
        (lambda again: again[:1], "expected the same"),
        (lambda again: np.where(np.eye(50, 12), np.nan, again), "outputs_again holds values that are not finite"),
    ],
)
def test_retrainings_that_do_not_fit_are_refused(change, words):
    weights, masks, outputs, again = world()

    with pytest.raises(InputError, match=words):
        lds(weights, masks, outputs, fitted_masks=None, outputs_again=change(again))


def test_equal_scores_under_one_size_predict_nothing():
    _, masks, outputs, _ = world(train=601)

    found = lds(np.full((601, 12), 0.1), masks, outputs, fitted_masks=None)

    assert found.num_undefined == 12
    assert np.isnan(found.value)


def test_sums_that_are_equal_share_a_rank():
    """Scores of .1 and .3: their sums differ in the last digit by the order in which they are added."""
    _, masks, outputs, _ = world(models=200)
    tenths = np.random.default_rng(2).choice([1, 3], (30, 12))

    found = lds(tenths / 10, masks, outputs, fitted_masks=None)

    expected = [scipy.stats.spearmanr(masks @ tenths[:, j], outputs[:, j])[0] for j in range(12)]
    np.testing.assert_allclose(found.each, expected, rtol=1e-12)


def test_constant_columns_are_counted_and_left_out():
    weights, masks, outputs, _ = world()
    outputs[:, 3] = 1.0

    found = lds(weights, masks, outputs, fitted_masks=None)

    assert found.num_undefined == 1
    assert np.isnan(found.each[3])
    assert np.isfinite(found.value)


@pytest.mark.ci
def test_the_interval_covers_chance():
    """Scores that know nothing: zero lies in the 95 % interval in nearly all of 40 worlds."""
    covered = 0
    for seed in range(40):
        _, masks, outputs, _ = world(seed)
        found = lds(np.random.default_rng(1000 + seed).normal(size=(30, 12)), masks, outputs, fitted_masks=None)
        covered += found.low <= 0 <= found.high

    assert covered >= 40 * 0.95 - 4 * np.sqrt(40 * 0.95 * 0.05)


@pytest.mark.ci
def test_the_interval_is_as_wide_as_values_of_new_worlds_are_apart():
    """Scores that know something, in 150 worlds of other models and test examples: half width against spread."""
    found = []
    for seed in range(150):
        weights, masks, outputs, _ = world(seed)
        near = weights + 2 * np.random.default_rng(1000 + seed).normal(size=weights.shape)
        found.append(lds(near, masks, outputs, fitted_masks=None, draws=40)[:3])
    values, low, high = np.array(found).T

    ratio = np.sqrt(np.mean(((high - low) / 3.92) ** 2)) / values.std(ddof=1)

    assert abs(ratio - 1) < 3.5 / np.sqrt(2 * 149)


def test_retrainings_on_one_subset_are_no_further_subsets():
    """15 subsets, each 8 times; test examples are alike, so that a draw of subsets moves all correlations together."""
    rng, (train, test) = np.random.default_rng(2), (40, 30)
    weights = rng.normal(size=(train, 1)) + 0.3 * rng.normal(size=(train, test))
    scores = weights + 2 * rng.normal(size=(train, 1))

    def score(subsets, times, draws):
        masks = np.repeat(np.stack([rng.permutation(train) < train // 2 for _ in range(subsets)]), times, axis=0)
        outputs = masks @ weights + rng.normal(size=(len(masks), test))
        return lds(scores, masks, outputs, fitted_masks=None, draws=draws)

    truth, found = score(1000, 1, 0).value, [score(15, 8, 40) for _ in range(25)]

    assert sum(each.low <= truth <= each.high for each in found) >= 25 * 0.95 - 4 * np.sqrt(25 * 0.95 * 0.05)


def test_without_draws_only_the_interval_is_missing():
    weights, masks, outputs, _ = world()

    found, whole = (lds(weights, masks, outputs, fitted_masks=None, **given) for given in ({"draws": 0}, {}))

    assert found.value == whole.value
    assert np.isnan([found.low, found.high]).all()
    assert np.isfinite([whole.low, whole.high]).all()


def test_models_that_the_scores_were_made_from_are_refused():
    weights, masks, outputs, _ = world()

    with pytest.raises(InputError, match="2 of the 50 subsets"):
        lds(weights, masks, outputs, fitted_masks=np.concatenate([masks[:2], ~masks[2:]]))
    assert np.isfinite(lds(weights, masks, outputs, fitted_masks=~masks).value)


@pytest.mark.parametrize("shape", [(29, 12), (30, 11), (12, 30)])
def test_shapes_that_do_not_fit(shape):
    _, masks, outputs, _ = world()

    with pytest.raises(InputError, match="do not fit"):
        lds(np.zeros(shape), masks, outputs, fitted_masks=None)
