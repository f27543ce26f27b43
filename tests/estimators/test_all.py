"""What every estimator promises, over one table of them: an oracle, invariances, coverage and degenerate cases.

A row says how the estimator is called with masks and scores of one shape, (models, examples), and what loops over the
definition give.  The tests that only one of them needs are in its own file.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import pytest

from memjax import estimators
from memjax.errors import InputError
from memjax.types import Estimate
from tests import reference

MODELS, EXAMPLES = 36, 8


class Row(NamedTuple):
    """An estimator and what is true of it.

    Attributes:
      call: (masks, scores) -> Estimate.
      oracle: (masks, scores) -> the values, by loops.
      truth: its expectation where each example is right with .8 by models that saw it and with .5 by others, all
        else being independent: (examples,) or (examples, examples); None if there is no interval to be covered.
      in_jit: whether it can be called inside a jit.
    """

    call: Callable
    oracle: Callable
    truth: np.ndarray | None
    in_jit: bool = False


def own(masks, scores):
    return np.diag(reference.mean_difference(masks, scores))


def held_out(masks, scores):
    with np.errstate(invalid="ignore"):
        return (scores * ~masks).sum(0) / (~masks).sum(0)


def by_parts(totals, masks, scores):
    parts = [totals(*part) for part in zip(np.array_split(masks, 5), np.array_split(scores, 5), strict=True)]
    return estimators.estimate_of(estimators.add_totals(*parts))


def from_pairs(masks, scores):
    """Every pair that is defined, found in tiles of 3 x 5."""
    mem = np.zeros(np.shape(masks)[-1])
    pairs = estimators.strong_pairs(masks, scores, mem, mem_threshold=-np.inf, infl_threshold=-np.inf, tile=(3, 5))
    value, stderr = np.full((2, *mem.shape, np.shape(scores)[-1]), np.nan)
    value[pairs.tr_idx, pairs.tt_idx], stderr[pairs.tr_idx, pairs.tt_idx] = pairs.infl, pairs.infl_stderr
    num_in = np.asarray(masks).sum(0)[:, None]
    return Estimate(value, stderr, num_in, len(masks) - num_in)


FLAT, DIAGONAL = np.full(EXAMPLES, 0.3), 0.3 * np.eye(EXAMPLES)
TABLE = {
    "memorization": Row(estimators.memorization, own, FLAT, True),
    "memorization, plug-in errors": Row(lambda m, s: estimators.memorization(m, s, "plug-in"), own, FLAT, True),
    "memorization in parts": Row(lambda m, s: by_parts(estimators.memorization_totals, m, s), own, FLAT),
    "influence": Row(estimators.influence, reference.mean_difference, DIAGONAL, True),
    "influence in parts": Row(
        lambda m, s: by_parts(estimators.influence_totals, m, s), reference.mean_difference, DIAGONAL
    ),
    "strong pairs": Row(from_pairs, reference.mean_difference, DIAGONAL),
    "train influence": Row(
        estimators.train_influence,
        reference.train_influence,
        np.where(np.eye(EXAMPLES, dtype=bool), np.nan, 0),
        True,
    ),
    "C-score": Row(estimators.c_score, held_out, np.full(EXAMPLES, 0.5), True),
    "Shapley": Row(
        lambda m, s: estimators.subsampled_shapley(m, s.mean(1)),
        lambda m, s: reference.stratified_difference(m, s.mean(1)),
        None,
    ),
    "Banzhaf": Row(
        lambda m, s: estimators.data_banzhaf(m, s.mean(1)),
        lambda m, s: reference.mean_difference(m, s.mean(1)[:, None])[:, 0],
        None,
    ),
    "complementary memorization": Row(
        lambda m, s: estimators.complementary_memorization(*mirrored(m, s)), lambda m, s: own(*mirrored(m, s)), FLAT
    ),
    "complementary influence": Row(
        lambda m, s: estimators.complementary_influence(*mirrored(m, s)),
        lambda m, s: reference.mean_difference(*mirrored(m, s)),
        DIAGONAL,
    ),
}
PAIRED = {name for name in TABLE if name.startswith("complementary")}


def mirrored(masks, scores):
    """The masks of the even models, each followed by its opposite."""
    half = np.repeat(masks[::2], 2, axis=0)
    half[1::2] ^= True
    return half, scores


def world(seed=0, models=MODELS, rates=False):
    """Masks of two sizes; right with .8 if seen and .5 if not, for the masks that the estimator will see."""
    rng = np.random.default_rng(seed)
    masks = np.stack([rng.permutation(EXAMPLES) < 4 + model % 2 for model in range(models)])
    scores = rng.random(masks.shape) < np.where(masks, 0.8, 0.5)
    return masks, np.where(scores, 0.9, 0.2).astype(np.float32) if rates else scores


def equal(got, expected, tolerance=0.0):
    for first, second in zip(got, expected, strict=True):
        np.testing.assert_allclose(np.asarray(first), np.asarray(second), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", TABLE)
class TestEveryEstimator:
    @pytest.mark.parametrize("rates", [False, True], ids=["0 and 1", "probabilities"])
    def test_gives_what_the_loops_give(self, name, rates):
        masks, scores = world(1, rates=rates)

        value = np.asarray(TABLE[name].call(masks, scores).value)

        np.testing.assert_allclose(value, TABLE[name].oracle(masks, scores), atol=2e-6)

    def test_the_order_of_models_does_not_matter(self, name):
        masks, scores = world(2)
        order = np.random.default_rng(0).permutation(MODELS)
        if name in PAIRED:  # pairs may change places, and partners within a pair
            masks, scores = mirrored(masks, scores)
            order = np.random.default_rng(0).permutation(MODELS // 2).repeat(2) * 2 + np.tile([1, 0], MODELS // 2)

        equal(TABLE[name].call(masks[order], scores[order]), TABLE[name].call(masks, scores), 1e-6)

    def test_the_order_of_examples_only_moves_the_numbers(self, name):
        masks, scores = world(3)
        order = np.random.default_rng(0).permutation(EXAMPLES)

        moved = np.asarray(TABLE[name].call(masks[:, order], scores[:, order]).value)

        value = np.asarray(TABLE[name].call(masks, scores).value)
        np.testing.assert_allclose(moved, value[np.ix_(*[order] * value.ndim)], atol=1e-6)

    def test_devices_do_not_matter(self, name):
        masks, scores = world(4)
        results = []
        for device in jax.local_devices()[:2]:
            with jax.default_device(device):
                results.append(TABLE[name].call(masks, scores))

        equal(results[0], results[-1])

    def test_the_same_inside_a_jit(self, name):
        if not TABLE[name].in_jit:
            pytest.skip("checks values, which a jit does not have")
        masks, scores = world(5)

        equal(jax.jit(TABLE[name].call)(masks, scores), TABLE[name].call(masks, scores), 1e-6)

    @pytest.mark.parametrize("rates", [False, True], ids=["0 and 1", "probabilities"])
    def test_what_was_always_in_or_always_out_is_undefined(self, name, rates):
        masks, scores = world(6, models=300, rates=rates)
        masks[:, 0], masks[:, 1] = True, False
        if name in PAIRED:
            pytest.skip("in a complementary pair nothing is always in")

        estimate = TABLE[name].call(masks, scores)

        undefined = np.s_[:1] if name == "C-score" else np.s_[:2]  # it asks nothing of models that saw the example
        assert np.isnan(np.asarray(estimate.value)[undefined]).all()
        assert np.isnan(np.asarray(estimate.stderr)[undefined]).all()
        assert np.isfinite(np.asarray(estimate.value)).any()

    def test_a_constant_score_has_no_influence(self, name):
        masks, _ = world(7)

        value = np.asarray(TABLE[name].call(masks, np.ones_like(masks)).value)

        np.testing.assert_allclose(value[np.isfinite(value)], 1.0 if name == "C-score" else 0.0, atol=1e-6)

    def test_intervals_cover_the_truth(self, name):
        truth = TABLE[name].truth
        if truth is None:
            pytest.skip("the noise of its utility is not that of one example")
        covered = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            masks = rng.random((200, EXAMPLES)) < 0.6  # independent: of a fixed size, one would stand in for another
            if name in PAIRED:
                masks, _ = mirrored(masks, masks)
            scores = rng.random(masks.shape) < np.where(masks, 0.8, 0.5)
            estimate = TABLE[name].call(masks, scores)
            inside = np.abs(np.asarray(estimate.value) - truth) <= 1.96 * np.asarray(estimate.stderr)
            covered.append(inside[np.isfinite(truth)].mean())

        # By the spread between the 60 worlds; whole numbers of models make the exact coverage differ a little from .95.
        assert abs(np.mean(covered) - 0.95) < 4 * np.std(covered) / np.sqrt(60) + 0.012

    @pytest.mark.parametrize(
        ("masks", "scores"),
        [
            (np.ones((4, 2)), np.ones((5, 2))),
            (np.full((4, 2), 2), np.ones((4, 2))),
            (np.eye(4, 2), np.full((4, 2), np.nan)),
            (np.zeros((0, 2)), np.zeros((0, 2))),
        ],
        ids=["lengths", "masks", "not finite", "no model"],
    )
    def test_unfit_arrays_are_refused_in_words(self, name, masks, scores):
        call = TABLE[name].call if name not in PAIRED else getattr(estimators, name.replace(" ", "_"))
        if name.endswith("in parts"):
            call = getattr(estimators, f"{name.split()[0]}_totals")
            if not len(masks):
                pytest.skip("a part may be empty")
        with pytest.raises(InputError):
            call(masks, scores)
