import numpy as np
import pytest
import scipy.stats

from memjax.errors import InputError
from memjax.estimators import linear_datamodeling_score as lds


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

    expected = np.mean([scipy.stats.spearmanr(outputs[:, j], again[:, j])[0] for j in range(12)])
    assert found.ceiling == pytest.approx(expected)
    assert found.value > found.ceiling  # the true weights hold no noise; two retrainings hold it twice


def test_constant_columns_are_counted_and_left_out():
    weights, masks, outputs, _ = world()
    outputs[:, 3] = 1.0

    found = lds(weights, masks, outputs, fitted_masks=None)

    assert found.num_undefined == 1
    assert np.isnan(found.each[3])
    assert np.isfinite(found.value)


def test_the_interval_covers_chance():
    """Scores that know nothing: zero lies in the 95 % interval in nearly all of 40 worlds."""
    covered = 0
    for seed in range(40):
        _, masks, outputs, _ = world(seed)
        found = lds(np.random.default_rng(1000 + seed).normal(size=(30, 12)), masks, outputs, fitted_masks=None)
        covered += found.low <= 0 <= found.high

    assert covered >= 40 * 0.95 - 4 * np.sqrt(40 * 0.95 * 0.05)


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
