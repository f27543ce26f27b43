import jax
import numpy as np
import pytest

from memjax.errors import InputError
from memjax.estimators.linear import lasso as proximal
from memjax.estimators.linear.datamodels import chosen, datamodels, ridge_datamodels
from memjax.estimators.linear.lasso import lasso
from memjax.estimators.linear.penalty_factors import prior_factors, worth

TILE = 6  # as many targets as most tests have: each shape is compiled once


def random_world(seed, models=88, train=30, test=6, noise=0.5):
    rng = np.random.default_rng(seed)
    masks = rng.random((models, train)) < 0.7
    weights = np.where(rng.random((train, test)) < 0.1, rng.normal(size=(train, test)), 0)
    return masks, masks @ weights + 3 + noise * rng.normal(size=(models, test)), weights


def objective(masks, outputs, weights, bias, penalty):
    missed = outputs - bias - masks @ weights.astype(np.float64)
    return (missed**2).sum(0) / (2 * len(masks)) + penalty * np.abs(weights.astype(np.float64)).sum(0)


def scikit(masks, outputs, penalty):
    """Weights and bias one target at a time; scaling columns of the masks stands for factors."""
    from sklearn.linear_model import Lasso

    fits = [Lasso(alpha=penalty, tol=1e-12, max_iter=100_000).fit(masks, column) for column in outputs.T]
    return np.stack([fit.coef_ for fit in fits], 1), np.array([fit.intercept_ for fit in fits])


@pytest.mark.parametrize(("models", "train"), [(88, 30), (40, 120)])  # through the Gram matrix, through the masks
@pytest.mark.parametrize("penalty", [0.02, 0.1])
def test_objective_is_the_one_scikit_learn_reaches(models, train, penalty):
    masks, outputs, _ = random_world(0, models, train)

    found = lasso(masks, outputs, penalty, tolerance=1e-5, tile=TILE)

    weights, bias = scikit(masks.astype(float), outputs, penalty)
    best = objective(masks, outputs, weights, bias, penalty)
    reached = objective(masks, outputs, found.weights, found.bias, penalty)
    np.testing.assert_allclose(reached, best, rtol=1e-6)
    np.testing.assert_allclose(found.weights, weights, atol=5e-3)
    assert 0 < (weights != 0).sum() < weights.size


@pytest.mark.parametrize("tolerance", [0.3, 0.01, 1e-4])
def test_gap_bounds_what_is_missing_and_is_below_the_tolerance(tolerance):
    masks, outputs, _ = random_world(1, 40, 120)

    found = lasso(masks, outputs, 0.03, tolerance=tolerance, tile=TILE)

    best = objective(masks, outputs, *scikit(masks.astype(float), outputs, 0.03), 0.03)
    missing = objective(masks, outputs, found.weights, found.bias, 0.03) - best
    assert (found.gap >= 0).all()
    assert (missing <= found.gap + 1e-6 * outputs.var(0)).all()
    assert (found.gap <= tolerance * outputs.var(0) / 2 * (1 + 1e-5)).all()
    assert tolerance < 0.3 or missing.max() > 1e-3  # else there was nothing to bound


def test_orthogonal_masks_are_a_soft_threshold_by_hand():
    """Centred columns are 1/2 and -1/2, at right angles: each slope is moved by the penalty, over the variance 1/4."""
    masks = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
    outputs = np.array([[5.0, 0.0], [4.0, 1.0], [2.0, 0.0], [1.0, 1.0]])

    found = lasso(masks, outputs, 0.2, tolerance=1e-6, tile=TILE)

    # Differences of means are 3 and 1 for the first output, 0 and -1 for the second: slopes 1/4 of them.
    np.testing.assert_allclose(found.weights, [[3 - 0.8, 0], [1 - 0.8, -1 + 0.8]], atol=1e-5)
    np.testing.assert_allclose(found.bias, [3 - 2.2 / 2 - 0.2 / 2, 0.5 + 0.2 / 2], atol=1e-5)


def test_factors_are_masks_measured_in_other_units():
    """A weight that is penalised twice as much is a column of half the size."""
    masks, outputs, _ = random_world(2)
    factors = np.random.default_rng(2).uniform(0.5, 2, masks.shape[1])

    wide = np.broadcast_to(factors[:, None], (masks.shape[1], outputs.shape[1]))
    found = lasso(masks, outputs, 0.03, factors=wide, tolerance=1e-6, tile=TILE)

    weights, _ = scikit(masks / factors, outputs, 0.03)
    np.testing.assert_allclose(found.weights, weights / factors[:, None], atol=2e-3)


def test_one_factor_for_all_is_another_penalty():
    """Of everything, the certificate too."""
    masks, outputs, _ = random_world(2)

    penalised = lasso(masks, outputs, 0.3, factors=np.full((masks.shape[1], outputs.shape[1]), 0.1), tile=TILE)

    for found, expected in zip(penalised, lasso(masks, outputs, 0.03, tile=TILE), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-5)


def test_each_target_has_its_own_penalty_and_does_not_see_the_others():
    masks, outputs, _ = random_world(3)
    penalties = np.geomspace(0.01, 0.3, outputs.shape[1])

    together = lasso(masks, outputs, penalties, tolerance=1e-6, tile=TILE)

    for j in (0, 3, 5):
        alone = lasso(masks, outputs[:, [j] * 6], penalties[j], tolerance=1e-6, tile=TILE)
        np.testing.assert_allclose(together.weights[:, j], alone.weights[:, 0], atol=2e-3)


def test_units_of_the_outputs_do_not_matter():
    masks, outputs, _ = random_world(4)

    small, large = (lasso(masks, outputs * unit, 0.05 * unit, tile=TILE) for unit in (1e-9, 1e9))

    np.testing.assert_allclose(small.weights * 1e9, large.weights * 1e-9, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(small.bias * 1e9, large.bias * 1e-9, rtol=1e-4)
    np.testing.assert_allclose(small.gap * 1e18, large.gap * 1e-18, atol=1e-4)


def test_order_of_models_and_tile_size_do_not_matter():
    masks, outputs, _ = random_world(5)
    order = np.random.default_rng(5).permutation(len(masks))
    expected = lasso(masks, outputs, 0.03, tolerance=1e-6, tile=TILE).weights

    np.testing.assert_allclose(
        lasso(masks[order], outputs[order], 0.03, tolerance=1e-6, tile=TILE).weights, expected, atol=2e-3
    )
    np.testing.assert_allclose(lasso(masks, outputs, 0.03, tolerance=1e-6, tile=4).weights, expected, atol=2e-3)


def test_models_may_change_places_within_their_fold():
    masks, outputs, _ = random_world(6)
    order = np.random.default_rng(6).permutation(22)[:, None] * 4 + np.arange(4)
    expected = datamodels(masks, outputs, tile=TILE)

    found = datamodels(masks[order.ravel()], outputs[order.ravel()], tile=TILE)

    np.testing.assert_allclose(found.penalty, expected.penalty, rtol=1e-5)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-2)


def test_a_helpful_example_has_positive_weight_and_others_none():
    """The sign, and that what matters is found: three of thirty examples move the output."""
    masks, outputs, weights = random_world(7, noise=0.1)

    found = datamodels(masks, outputs, tile=TILE)

    strong = np.abs(weights) > 0.3
    assert strong.sum() >= 5
    assert (np.sign(found.weights[strong]) == np.sign(weights[strong])).all()
    assert np.corrcoef(found.weights.ravel(), weights.ravel())[0, 1] > 0.98
    share = np.maximum(1 - 0.1**2 / outputs.var(0), 0)
    np.testing.assert_allclose(found.held_out_r2, share, atol=0.15)


@pytest.mark.parametrize(("choose", "most"), [("together", 0.02), ("each", 0.2)])
def test_pure_noise_gets_hardly_any_weight(choose, most):
    rng = np.random.default_rng(8)
    masks, outputs = rng.random((88, 30)) < 0.7, rng.normal(size=(88, 24))

    found = datamodels(masks, outputs, choose=choose, tile=TILE)

    assert np.mean(found.weights != 0) < most
    assert np.median((found.weights != 0).sum(0)) == 0
    assert np.median(found.held_out_r2) > -0.05


def test_penalty_falls_where_there_is_something_to_be_seen():
    masks, _, _ = random_world(9)
    noise = np.random.default_rng(9).normal(size=(len(masks), 6))
    outputs = masks[:, :6] + 0.05 * noise

    clear, vague = (datamodels(masks, y / y.std(0), tile=TILE) for y in (outputs, noise))

    assert clear.penalty.max() < 0.5 * vague.penalty.min()
    assert (clear.held_out_r2 > 0.9).all()


def test_chosen_for_each_one_may_be_empty_and_one_full():
    masks, outputs, _ = random_world(10, noise=0.05)
    outputs[:, 0] = np.random.default_rng(10).normal(size=len(masks))

    found = datamodels(masks, outputs, choose="each", tile=TILE)

    assert (found.weights[:, 0] != 0).sum() <= 3
    assert (found.weights[:, 1:] != 0).sum() > 5
    assert found.held_out_r2[0] < 0.2


def test_ridge_is_the_one_of_scikit_learn():
    from sklearn.linear_model import Ridge

    masks, outputs, _ = random_world(11, 40, 120)

    found = ridge_datamodels(masks, outputs, choose="each", tile=TILE)

    for j, penalty in enumerate(found.penalty):
        fit = Ridge(alpha=len(masks) * float(penalty)).fit(masks, outputs[:, j])
        np.testing.assert_allclose(found.weights[:, j], fit.coef_, atol=1e-4)
        np.testing.assert_allclose(found.bias[j], fit.intercept_, atol=1e-3)


def test_ridge_predicts_models_held_out():
    rng = np.random.default_rng(12)
    masks, weights = rng.random((88, 30)) < 0.7, rng.normal(size=(30, 6))
    outputs = masks @ weights + 0.3 * rng.normal(size=(88, 6))

    found = ridge_datamodels(masks, outputs, tile=TILE)

    np.testing.assert_allclose(found.held_out_r2, 1 - 0.3**2 / outputs.var(0), atol=0.04)
    assert np.corrcoef(found.weights.ravel(), weights.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("method", [datamodels, ridge_datamodels])
def test_what_is_constant_has_no_weight_and_is_a_number(method):
    masks, outputs, _ = random_world(13)
    masks[:, 0], masks[:, 1] = True, False
    outputs[:, 2] = 0.1
    outputs[:, 3] = masks[:, 5] & (np.arange(len(masks)) == 7)  # constant in three folds of four

    found = method(masks, outputs, tile=TILE)

    assert (found.weights[:2] == 0).all()
    assert (found.weights[:, 2] == 0).all()
    np.testing.assert_allclose(found.bias[2], 0.1, rtol=1e-6)
    assert np.isfinite(found.weights).all()
    assert np.isfinite(found.bias).all()
    assert np.isfinite(found.gap).all()
    assert np.isnan(found.held_out_r2).tolist() == np.isnan(found.penalty).tolist() == [j == 2 for j in range(6)]


@pytest.mark.parametrize("method", [datamodels, ridge_datamodels])
def test_no_output_varies(method):
    masks, _, _ = random_world(14)

    found = method(masks, np.ones((len(masks), 3)), tile=TILE)

    assert (found.weights == 0).all()
    assert (found.bias == 1).all()


def test_more_targets_are_not_more_compilations():
    masks, outputs, _ = random_world(15, test=40)
    lasso(masks, outputs[:, :6], 0.1, tile=TILE)
    before = proximal.fit_tile._cache_size()

    lasso(masks, outputs, 0.1, tile=TILE)

    assert proximal.fit_tile._cache_size() == before


def test_takes_jax_arrays_and_half_precision():
    masks, outputs, _ = random_world(16)

    plain = lasso(masks, outputs.astype(np.float16).astype(np.float32), 0.1, tile=TILE)

    given = jax.numpy.asarray(masks), jax.numpy.asarray(outputs.astype(np.float16))
    np.testing.assert_array_equal(lasso(*given, 0.1, tile=TILE).weights, plain.weights)


def test_worth_by_hand():
    margins = np.array([[1.0, 2.0], [3.0, 2.0]])
    outputs = np.array([[0.5, 0.0], [0.9, 1.0]])

    np.testing.assert_allclose(worth(outputs, margins), [0.2, 0], rtol=1e-6)


def test_priors_by_hand():
    train, test = np.array([[0.0], [1.0], [5.0]]), np.array([[0.9]])

    factors = prior_factors(train, np.array([0, 1, 0]), test, np.array([0]), np.array([np.nan, 0.5, 0.9]))

    # In order of nearness 0, 2, 1, the nearest being of the other class; in order of memorization 2, 1, 0.
    near, memorized = np.log([2, 4, 3]), np.log([4, 3, 2])
    np.testing.assert_allclose(factors[:, 0], near * memorized / np.log(4) ** 2, rtol=1e-6)


def test_priors_of_many_test_examples_are_those_of_each():
    rng = np.random.default_rng(17)
    train, test = rng.integers(0, 256, (20, 4, 4), np.uint8), rng.integers(0, 256, (300, 4, 4), np.uint8)
    labels, test_labels, mem = np.arange(20) % 3, np.arange(300) % 3, rng.random(20)

    factors = prior_factors(train, labels, test, test_labels, mem)

    for j in (0, 255, 256, 299):
        alone = prior_factors(train, labels, test[[j]], test_labels[[j]], mem)
        np.testing.assert_array_equal(factors[:, j], alone[:, 0])
        distance = np.square(train.astype(float) - test[j]).sum((1, 2))
        first = np.lexsort((distance, labels != test_labels[j]))
        by_memory = np.log(2 + (-mem).argsort().argsort())
        assert (np.diff((factors[:, j] / by_memory)[first]) > 0).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"masks": np.full((8, 3), 2)}, "other than 0 and 1"),
        ({"masks": np.ones((0, 3))}, "no row"),
        ({"outputs": np.ones((7, 2))}, "a row for each of masks"),
        ({"outputs": np.full((8, 2), np.nan)}, "not finite"),
        ({"outputs": np.full((8, 2), 1j)}, "expected bool or numbers"),
        ({"factors": np.zeros((3, 2))}, "factors holds a value that is not above 0"),
        ({"factors": np.ones((2, 3))}, "factors has shape"),
        ({"folds": 1}, "folds is 1"),
        ({"folds": 9}, "no more than the 8 models"),
        ({"multiples": (1.0, 2.0)}, "descending order"),
        ({"multiples": (1.0, 0.0)}, "not above 0"),
        ({"multiples": ()}, "one or more"),
    ],
)
def test_unfit_arrays_are_refused_in_words(changed, words):
    rng = np.random.default_rng(0)
    given = {"masks": rng.random((8, 3)) < 0.5, "outputs": rng.random((8, 2))} | changed

    with pytest.raises(InputError, match=words):
        datamodels(**given)


def test_targets_are_chosen_for_together_or_each():
    with pytest.raises(InputError, match="'together' or 'each'"):
        chosen(np.ones((2, 3)), "some")


def test_a_penalty_must_be_above_0_and_fit():
    masks, outputs, _ = random_world(18)

    with pytest.raises(InputError, match="penalty holds a value"):
        lasso(masks, outputs, 0.0)
    with pytest.raises(InputError, match="penalty has shape"):
        lasso(masks, outputs, np.ones(3))
