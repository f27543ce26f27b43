"""Proxies of one training by hand, and what correction for reliability gives back in a world with a known truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr

from experiments.common.proxies import DIRECTIONS, RECORDED, costs_of, distances, looks_of, of_curves, of_gradients
from experiments.feldman_zhang.proxies import correlation, held_against, root_of
from memjax.estimators.reliability import split_half_reliability
from memjax.types import Model

LABELS = np.array([0, 0, 1, 1])


def test_proxies_of_curves_by_hand():
    correct = np.array([[1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 0]], bool)
    loss = np.array([[1.0, 4, 3, 9], [1, 3, 2, 9], [1, 2, 1, 9], [1, 1, 0, 9]], np.float32)
    curves = {"correct": correct, "loss": loss, "margin": -loss, "probability": np.exp(-loss), "error_norm": loss / 9}

    found = of_curves(curves, early=2)

    np.testing.assert_array_equal(found["first learned"], [1, 3, 2, 5])  # never: after the last
    np.testing.assert_array_equal(found["learned for good"], [1, 3, 4, 5])
    np.testing.assert_array_equal(found["forgetting events"], [0, 0, 1, 4])  # never learned: as often as can be
    np.testing.assert_array_equal(found["share of epochs wrong"], [0, 0.5, 0.5, 1])
    np.testing.assert_allclose(found["cumulative loss"], [1, 2.5, 1.5, 9])
    np.testing.assert_allclose(found["LT-IQR"], [0, 1.5, 1.5, 0])
    np.testing.assert_allclose(found["early error (EL2N)"], loss[1] / 9)
    np.testing.assert_array_equal(found["loss at the end"], loss[-1])
    np.testing.assert_allclose(found["area under the margin"], [1, 2.5, 1.5, 9])


def test_proxies_of_gradients_and_features_by_hand():
    norms, curvature = np.array([[1.0, 2, 3, 4], [3, 2, 1, 0]]), np.array([[2.0, 0, 1, 1], [4, 0, 1, 3]])
    slopes = np.zeros((2, 4, 3))
    slopes[1] = np.array([0, 2, 4, 10])[:, None]  # deviations over the checkpoints: 0, 1, 2, 5

    found = of_gradients(norms, slopes, curvature, LABELS)

    np.testing.assert_array_equal(found["early gradient (GraNd)"], norms[0])
    np.testing.assert_array_equal(found["self-influence"], [5, 4, 5, 8])
    np.testing.assert_array_equal(found["curvature"], [3, 0, 1, 2])
    np.testing.assert_allclose(found["variance of gradients (VoG)"], [-1, 1, -1, 1])  # within the class
    np.testing.assert_allclose(distances(np.array([[0, 0], [3, 4], [1, 1], [1, 2]]), LABELS), [5, 5, 1, 1])


def test_curvature_is_that_of_the_exact_second_derivative():
    weights = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4)))
    network = Model(lambda key: ({}, {}), lambda params, state, inputs, key, train: (jnp.sin(inputs @ params), state))
    inputs, labels = jnp.asarray(np.random.default_rng(1).normal(size=(5, 3)), jnp.float32), jnp.array([0, 1, 2, 3, 0])

    found = looks_of(network, inputs, labels)["curvature"](weights, {})

    def loss(point, label):
        return -jax.nn.log_softmax(jnp.sin(point @ weights))[label]

    signs = jax.random.rademacher(jax.random.key(0), (DIRECTIONS, 5, 3)).astype(jnp.float32)
    exact = jax.vmap(jax.hessian(loss))(inputs, labels)
    expected = jnp.square(jnp.einsum("nij,dnj->dni", exact, signs)).sum(-1).mean(0)
    np.testing.assert_allclose(found, expected, rtol=0.05)  # differences of float32 over a thousandth


def test_each_proxy_is_charged_what_it_needs():
    seconds = {
        "training": 10,
        "logits": 2,
        "by parameters": 5,
        "by inputs": 3,
        "curvature": 20,
        "depth": 1,
        "features": 0,
    }

    found = costs_of(seconds, 20, 10)

    expected = {"cumulative loss": 1.2, "early error (EL2N)": 0.11, "early gradient (GraNd)": 0.15, "curvature": 3}
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert {*of_curves({name: np.ones((2, 1)) for name in RECORDED}, 1)} < found.keys()


def test_the_correction_gives_back_the_correlation_with_the_truth():
    rng = np.random.default_rng(0)
    memorized, masks = rng.beta(0.4, 1, 2000), rng.random((48, 2000)) < 0.7
    probability = np.where(masks, 1, 1 - memorized + rng.normal(0, 0.3, masks.shape)).astype(np.float32)
    outputs = [(rng.random(masks.shape) < np.where(masks, 1, 1 - memorized)).astype(np.float32), probability]
    halves = [split_half_reliability(masks, each) for each in outputs]
    values = memorized + rng.normal(0, 0.3, (3, 2000))

    pearson, spearman = held_against(values, np.zeros((3, 48), bool), masks, outputs, halves, 0)

    assert halves[0].whole < 0.92  # so that there is something to correct
    assert abs(pearson.value - correlation(values, np.tile(memorized, (3, 1)))) < 0.03
    assert abs(spearman.value - np.mean([spearmanr(each, memorized)[0] for each in values])) < 0.05
    assert pearson.low < pearson.value < pearson.high


def test_models_that_make_an_estimate_make_no_truth_for_it():
    rng = np.random.default_rng(0)
    masks, noise = rng.random((40, 300)) < 0.5, rng.random((40, 300)).astype(np.float32)
    own = np.arange(40) < 20
    halves = [split_half_reliability(masks, noise)._replace(halves=1.0, spearman=1.0)] * 2
    few = (np.where(masks, noise, np.nan), np.where(masks, np.nan, noise))
    estimate = np.subtract(*(np.nanmean(each[own], axis=0) for each in few))

    apart = held_against(estimate[None], own[None], masks, [noise, noise], halves, 0)[0]
    leaking = held_against(estimate[None], np.zeros((1, 40), bool), masks, [noise, noise], halves, 0)[0]

    assert apart.low < 0 < apart.high
    assert leaking.value > 0.6


def test_the_root_of_the_reliability():
    assert root_of(0.5, 1.0) == pytest.approx(np.sqrt(2 / 3))  # Spearman and Brown
    assert root_of(0.5, 0.5) == pytest.approx(np.sqrt(0.5))
    assert np.isnan(root_of(-0.1, 1.0))
