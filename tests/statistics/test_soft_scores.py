"""Errors of scores that are not 0 or 1, against float64, wherever they lie and whoever their neighbours are."""

import numpy as np
import pytest

from memjax import estimators
from memjax.estimators.kernels.influence_from_bits import influence_of_outputs
from memjax.estimators.kernels.products import no_words, set_bits

MODELS, TRAIN = 200, 6
RNG = np.random.default_rng(0)
NOISE, MASKS = RNG.normal(size=(MODELS, TRAIN)), RNG.random((MODELS, TRAIN)) < 0.6
# All float32 can hold: the errors are those of these numbers.
WORLDS = {
    "far from 0": 1000 + 0.1 * NOISE,
    "nearly equal": 0.98 + 0.0005 * NOISE,
    "sure": 1 / (1 + np.exp(-(9 + NOISE))),
    "far apart": np.where(MASKS, 0.9999 + 1e-5 * NOISE, 0.3 + 1e-5 * NOISE),
}


def errors(masks, scores):
    """In float64, from the definition."""
    stderr = np.empty((masks.shape[1], scores.shape[1]))
    for i, j in np.ndindex(stderr.shape):
        sides = scores[masks[:, i], j], scores[~masks[:, i], j]
        stderr[i, j] = np.sqrt(sum(side.var(ddof=1) / len(side) for side in sides))
    return stderr


def in_parts(totals, masks, scores):
    return estimators.estimate_of(
        estimators.add_totals(*(totals(masks[part], scores[part]) for part in (np.s_[:70], np.s_[70:])))
    )


def from_bits(masks, scores):
    """As a run has them, with room for ten models that are missing."""
    words, outputs = no_words(MODELS + 10, TRAIN), np.zeros((MODELS + 24, TRAIN), np.float32)
    numbers = np.delete(np.arange(MODELS + 10), np.arange(10) * 7)
    set_bits(words, numbers, masks)
    outputs[numbers] = scores
    return influence_of_outputs(words, outputs, MODELS, np.arange(TRAIN), np.arange(TRAIN))[1]


@pytest.mark.parametrize("name", WORLDS)
def test_errors_are_those_of_float64(name):
    scores = WORLDS[name].astype(np.float32)
    expected = errors(MASKS, scores.astype(np.float64))

    own = estimators.memorization(MASKS, scores), in_parts(estimators.memorization_totals, MASKS, scores)
    for estimate in own:
        np.testing.assert_allclose(estimate.stderr, np.diag(expected), rtol=1e-3)
    np.testing.assert_allclose(estimators.c_score(MASKS, scores).stderr, [
        scores[~MASKS[:, i], i].astype(np.float64).std(ddof=1) / np.sqrt((~MASKS[:, i]).sum()) for i in range(TRAIN)
    ], rtol=1e-3)  # fmt: skip
    pairs = estimators.strong_pairs(MASKS, scores, np.zeros(TRAIN), mem_threshold=-9.0, infl_threshold=-np.inf)
    found = np.empty_like(expected)
    found[pairs.tr_idx, pairs.tt_idx] = pairs.infl_stderr
    kernels = {
        "influence": estimators.influence(MASKS, scores).stderr,
        "strong pairs": found,
        "bits": from_bits(MASKS, scores),
    }
    # Products in float32 of numbers taken from the mean of their column resolve errors of a 1000th of the difference.
    resolved = ~np.eye(TRAIN, dtype=bool) | (name != "far apart")
    for kernel, stderr in kernels.items():
        np.testing.assert_allclose(np.asarray(stderr)[resolved], expected[resolved], rtol=1e-3, err_msg=kernel)
    np.testing.assert_allclose(
        in_parts(estimators.influence_totals, MASKS, scores).stderr, expected, rtol=1e-3, err_msg="totals"
    )


@pytest.mark.parametrize("name", WORLDS)
def test_errors_of_pairs_are_those_of_float64(name):
    masks = MASKS.copy()
    masks[1::2] = ~masks[::2]
    scores = WORLDS[name].astype(np.float32)
    gap = np.where(masks[::2], 1, -1) * (scores[::2].astype(np.float64) - scores[1::2])
    expected = gap.std(0, ddof=1) / np.sqrt(MODELS // 2)

    whole = estimators.complementary_memorization(masks, scores)
    parts = estimators.add_totals(
        *(estimators.memorization_totals(masks[p], scores[p], True) for p in (np.s_[:70], np.s_[70:]))
    )

    np.testing.assert_allclose(whole.stderr, expected, rtol=1e-3)
    np.testing.assert_allclose(estimators.estimate_of(parts).stderr, expected, rtol=1e-3)


@pytest.mark.parametrize("utility", [0.98 + 0.0005 * NOISE[:, 0], 1e4 + NOISE[:, 0]])
def test_errors_of_utilities_are_those_of_float64(utility):
    masks = np.random.default_rng(1).random((MODELS, TRAIN)) < 0.5
    expected = errors(masks, utility[:, None].astype(np.float32).astype(np.float64))[:, 0]

    np.testing.assert_allclose(estimators.data_banzhaf(masks, utility).stderr, expected, rtol=1e-3)


@pytest.mark.parametrize("call", [estimators.memorization, estimators.influence, estimators.train_influence])
def test_the_errors_of_a_column_do_not_depend_on_its_neighbours(call):
    """Of four examples that are 0 or 1, beside two that are not."""
    scores = np.clip(0.5 + NOISE, 0, 1).astype(np.float32)
    scores[:, :4] = NOISE[:, :4] > -1

    beside, alone = call(MASKS, scores).stderr, call(MASKS[:, :4], scores[:, :4]).stderr

    if call is estimators.influence:
        beside, alone = beside[:4], alone[:4]
    np.testing.assert_allclose(beside[..., :4][:4], alone[..., :4], rtol=1e-5)
    totals = estimators.memorization_totals(MASKS, scores)
    np.testing.assert_allclose(
        estimators.estimate_of(totals).stderr[:4], estimators.memorization(MASKS, scores).stderr[:4], rtol=1e-5
    )
