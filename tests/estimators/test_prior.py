"""Influence with gradients as a prior: chosen on held-out models, better with few models, and errors that cover."""

import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import datamodels, linear_datamodeling_score
from memjax.estimators.attribution import prior as code
from memjax.estimators.attribution.gradients import per_example_gradients
from memjax.estimators.attribution.prior import GradientKernels, gradient_kernels, influence_with_prior
from tests.estimators.test_attribution import PARAMS, STATE, X_TEST, Y_TEST, X, Y, network

TRAIN, TEST, NOISE = 40, 25, 0.5
FEW = 32  # models, fewer than training examples; one number, one compilation


def simulated(models, seed=0, quality=1.0, fixed=False):
    """Outputs that are linear in the masks; kernels whose effects at penalty 0.1 are the truth but for noise."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(TRAIN, TEST)) * (rng.random((TRAIN, TEST)) < 0.5)
    guess = quality * truth + rng.normal(size=truth.shape) * (1.2 - quality)
    kernels = GradientKernels(np.eye(TRAIN, dtype=np.float32), (1.1 * guess).astype(np.float32), np.ones(TRAIN))
    chances = rng.random((models, TRAIN))
    masks = chances.argsort(1).argsort(1) < TRAIN // 2 if fixed else chances < 0.5
    outputs = masks @ truth + NOISE * rng.normal(size=(models, TEST)) + 3
    return masks, outputs.astype(np.float32), kernels, truth


def test_kernels_are_products_of_gradients_in_the_mean_over_networks():
    found = gradient_kernels(network, PARAMS, STATE, X, Y, X_TEST, Y_TEST, "margin")
    train = per_example_gradients(network, PARAMS, STATE, X, Y, "log_odds").astype(float)
    test = per_example_gradients(network, PARAMS, STATE, X_TEST, Y_TEST, "margin").astype(float)
    logits = np.stack([np.tanh(X @ a) @ b for a, b in zip(*PARAMS.values(), strict=True)])
    right = (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))[:, np.arange(len(Y)), Y]
    wrong = np.linspace(0.1, 1, len(Y))

    np.testing.assert_allclose(found.train, np.einsum("mid,mjd->ij", train, train) / 2, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.test, np.einsum("mid,mjd->ij", train, test) / 2, rtol=1e-4, atol=1e-4)

    phi, phi_test = np.concatenate(train, axis=1) / 2**0.5, np.concatenate(test, axis=1) / 2**0.5
    penalty = 0.3 * np.trace(np.diag(wrong) @ phi @ phi.T) / len(Y)
    inverse = np.linalg.inv(phi.T @ np.diag(wrong) @ phi + penalty * np.eye(phi.shape[1]))
    np.testing.assert_allclose(found.effects(0.3, wrong), wrong[:, None] * (phi @ inverse @ phi_test.T), atol=2e-3)
    np.testing.assert_allclose(found.wrong, 1 - right.mean(0), atol=1e-5)
    np.testing.assert_allclose(found.effects(0.3), found.effects(0.3, 7 * np.sqrt(found.wrong)), rtol=1e-4)


def test_penalty_and_scale_are_those_that_predict_held_out_models_best():
    masks, outputs, kernels, _ = simulated(FEW)
    kernels = kernels._replace(train=np.diag(np.linspace(0.1, 3, TRAIN)).astype(np.float32))
    path, errors = (0.01, 0.3, 5.0), []
    for penalty in path:
        predicted, error = masks @ kernels.effects(penalty).astype(float), 0
        for fold in range(4):
            out = np.arange(FEW) % 4 == fold
            p, y = (each[~out] - each[~out].mean(0) for each in (predicted, outputs))
            scale = max(0, (p * y).sum() / (p * p).sum())
            wanted = outputs[out] - outputs[~out].mean(0)
            error += ((wanted - scale * (predicted[out] - predicted[~out].mean(0))) ** 2).sum()
        errors.append(error)

    found = influence_with_prior(masks, outputs, kernels, penalties=path)

    assert found.penalty == path[int(np.argmin(errors))]
    total = ((outputs - outputs.mean(0)) ** 2).sum()
    np.testing.assert_allclose(found.held_out_r2, 1 - min(errors) / total, atol=1e-3)
    np.testing.assert_allclose(found.prior, found.scale * kernels.effects(found.penalty), rtol=1e-4)


def test_weights_are_chosen_among_powers_of_how_wrong_networks_and_held_out_models_are():
    masks, outputs, kernels, _ = simulated(FEW)
    masks[:, 0] = True  # by no model held out: the mean of all other examples
    kernels = kernels._replace(wrong=np.linspace(0.1, 1, TRAIN))
    right = np.random.default_rng(1).random(masks.shape)

    found = influence_with_prior(masks, outputs, kernels, train_probabilities=right)

    out = [[right[t, i] for t in range(FEW) if not masks[t, i]] or [np.nan] for i in range(TRAIN)]
    wrong = 1 - np.array([np.mean(each) for each in out])
    wrong[0] = np.nanmean(wrong)
    candidates = [
        found.scale * kernels.effects(found.penalty, source**power)
        for source in (kernels.wrong, wrong) for power in (0.25, 0.5, 1)
    ]  # fmt: skip
    assert min(abs(found.prior - each).max() for each in candidates) < 1e-4


def test_effects_are_multiplied_by_the_power_of_the_factors_that_predicts_held_out_models_best():
    """Gradients name pairs of all classes alike; pairs of one class, whose factors are low, alone have influence."""
    masks, _, kernels, guess = simulated(FEW)
    one_class = np.arange(TRAIN)[:, None] % 5 == np.arange(TEST) % 5
    factors = np.where(one_class, 0.04, 1)
    outputs = (masks @ (guess * one_class)).astype(np.float32)

    found = influence_with_prior(masks, outputs, kernels, penalties=(0.1,), factors=factors)

    assert found.power == -1
    np.testing.assert_allclose(found.prior, found.scale * kernels.effects(0.1) / factors, rtol=1e-4)
    for every in (None, np.ones_like(factors)):
        assert influence_with_prior(masks, outputs, kernels, penalties=(0.1,), factors=every).power == 0


def test_few_models_with_a_good_prior_predict_new_subsets_better_than_without():
    masks, outputs, kernels, truth = simulated(FEW, quality=0.8)
    new = np.random.default_rng(9).random((200, TRAIN)) < 0.5
    outputs_of_new = new @ truth

    with_prior = influence_with_prior(masks, outputs, kernels)
    alone = datamodels(masks, outputs)

    score, without = (
        linear_datamodeling_score(weights, new, outputs_of_new, fitted_masks=masks, draws=0).value
        for weights in (with_prior.weights, alone.weights)
    )
    assert score > without + 0.05
    assert with_prior.held_out_r2 > 0.5


def test_a_lasso_that_finds_nothing_beyond_the_prior_is_left_out():
    """Outputs are what the prior says, and noise: any weight that the lasso adds is wrong."""
    masks, _, kernels, _ = simulated(FEW)
    truth = kernels.effects(0.1)
    noise = np.random.default_rng(3).normal(size=(FEW, TEST))
    outputs = (masks @ truth + 3 * noise).astype(np.float32)

    low_penalty = np.full((TRAIN, TEST), 0.3)
    found = influence_with_prior(masks, outputs, kernels, penalties=(0.1,), factors=low_penalty)

    np.testing.assert_array_equal(found.weights, found.prior)
    np.testing.assert_allclose(found.bias, (outputs - masks @ found.prior).mean(0), rtol=1e-4)
    low, high = found.estimate.interval()
    assert 0.9 < ((low <= truth) & (truth <= high)).mean() < 0.98
    plain = memjax.influence(masks, outputs)
    assert np.mean(found.estimate.stderr) < np.mean(plain.stderr)


def test_a_prior_that_knows_nothing_is_left_out():
    masks, outputs, kernels, _ = simulated(FEW, quality=0.0)

    found = influence_with_prior(masks, outputs, kernels)

    assert found.scale < 0.2
    assert abs(found.held_out_r2) < 0.1


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("quality", [0.8, 0.0])
def test_intervals_of_the_estimate_cover_whatever_the_prior_is_worth(quality, fixed):
    """1,000 pairs of each of three simulations; of subsets of one size the truth is a little larger, see the code."""
    covered, errors, plain = [], [], []
    for seed in range(3):
        masks, outputs, kernels, truth = simulated(FEW, seed, quality, fixed)
        influence = truth - (truth.sum(0) - truth) / (TRAIN - 1) * fixed

        found = influence_with_prior(masks, outputs, kernels).estimate

        low, high = found.interval()
        covered.append((low <= influence) & (influence <= high))
        errors.append(found.value - influence)
        plain.append(np.asarray(memjax.influence(masks, outputs).value) - influence)

    assert 0.9 < np.mean(covered) < 0.98  # normal intervals of 16 and 16 models; pairs of a test example are dependent
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(3 * TRAIN * TEST) * 3
    assert np.std(errors) < np.std(plain) * (0.8 if quality else 1.05)


def test_kernels_of_folds_are_left_out_of_their_own_fold(monkeypatch):
    masks, outputs, kernels, _ = simulated(FEW, quality=0.8)
    right, fold_of = np.random.default_rng(1).random(masks.shape), np.arange(FEW) % 4
    parts = [kernels._replace(test=kernels.test + 0.1 * fold * kernels.test[::-1]) for fold in range(4)]
    given = {}
    control = code._with_control
    monkeypatch.setattr(code, "_with_control", lambda *args: given.update(priors=args[2]) or control(*args))

    influence_with_prior(masks, outputs, parts, train_probabilities=right, penalties=(0.3,))

    for fold, prior in enumerate(given["priors"]):
        others, used = [part for other, part in enumerate(parts) if other != fold], fold_of != fold
        kernel = kernels._replace(test=np.mean([part.test for part in others], axis=0))
        wrong = 1 - np.array([right[used & ~masks[:, i], i].mean() for i in range(TRAIN)])
        angles = []
        for weights in (kernels.wrong, wrong**0.25, wrong**0.5, wrong):
            effect = kernel.effects(0.3, weights)
            angles.append((effect * prior).sum() / np.linalg.norm(effect) / np.linalg.norm(prior))
        assert max(angles) > 1 - 1e-6


def test_as_many_equal_kernels_as_folds_are_one_kernel():
    masks, outputs, kernels, _ = simulated(FEW, quality=0.8)

    found, wanted = influence_with_prior(masks, outputs, [kernels] * 4), influence_with_prior(masks, outputs, kernels)

    for one, other in zip((found.weights, *found.estimate[:2]), (wanted.weights, *wanted.estimate[:2]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    with pytest.raises(InputError, match="there are kernels of 3 folds; expected 4, or those of other networks"):
        influence_with_prior(masks, outputs, [kernels] * 3)


def test_wrong_kernels_are_refused():
    masks, outputs, kernels, _ = simulated(12)

    with pytest.raises(InputError, match=r"of 40 training and 25 test examples; expected .* 39 and 25"):
        influence_with_prior(masks[:, 1:], outputs, kernels)
    with pytest.raises(InputError, match=r"penalty is 0.0; expected a number above 0"):
        kernels.effects(0.0)
    with pytest.raises(InputError, match=r"correct has shape \(12, 3\) and masks \(12, 40\)"):
        influence_with_prior(masks, outputs, kernels, train_probabilities=np.full((12, 3), 0.5))
    with pytest.raises(InputError, match="folds is 13"):
        influence_with_prior(masks, outputs, kernels, folds=13)
