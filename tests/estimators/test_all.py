"""What every estimator promises, over one table of them: by hand, an oracle, invariances, coverage, degenerate cases.

The tests that only one of them needs are in its own file.
"""

import re
from pathlib import Path

import jax
import numpy as np
import pytest

from memjax import estimators
from memjax.errors import InputError
from tests.estimators import rows, table
from tests.estimators.rows import EXAMPLES, HAND_MASKS, HAND_SCORES, MODELS, TESTS, arrays, mirrored
from tests.estimators.table import ELSEWHERE, PAIRED, SLOW, TABLE


def world(seed=0, models=MODELS, rates=False):
    """Masks of two sizes; right with .8 if seen and .5 if not, for the masks that the estimator will see."""
    rng = np.random.default_rng(seed)
    masks = np.stack([rng.permutation(EXAMPLES) < 4 + model % 2 for model in range(models)])
    scores = rng.random(masks.shape) < np.where(masks, 0.8, 0.5)
    return masks, np.where(scores, 0.9, 0.2).astype(np.float32) if rates else scores


def of(name, masks, scores):
    return arrays(TABLE[name].call(masks, scores))


def main(name, masks, scores):
    return of(name, masks, scores)[TABLE[name].main]


def equal(got, expected, tolerance=0.0):
    """All that is expected, by its name."""
    for key, values in expected.items():
        np.testing.assert_allclose(got[key], values, rtol=tolerance, atol=tolerance, err_msg=key)


def unless(name, test):
    if test in TABLE[name].but:
        pytest.skip(TABLE[name].but[test])


def test_the_table_has_every_public_estimator():
    source = "".join(Path(module.__file__).read_text() for module in (rows, table))
    called = set(re.findall(r"estimators\.(\w+)", source))
    functions = {name for name in estimators.__all__ if not name[0].isupper() or name == "Tally"}

    assert functions - called == set(ELSEWHERE)


@pytest.mark.parametrize("name", TABLE)
def test_a_row_says_why_a_test_does_not_apply(name):
    row = TABLE[name]

    assert row.but.keys() <= set(TESTS)
    for test, given in (("hand", row.hand), ("coverage", row.truth), ("blocks", row.in_blocks)):
        assert (given is None) == (test in row.but), test


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in TABLE]
)
class TestEveryEstimator:
    def test_by_hand(self, name):
        unless(name, "hand")

        np.testing.assert_allclose(
            main(name, HAND_MASKS, HAND_SCORES), TABLE[name].hand, rtol=1e-5, atol=TABLE[name].tolerance
        )

    @pytest.mark.parametrize("rates", [False, True], ids=["0 and 1", "probabilities"])
    def test_gives_what_the_loops_give(self, name, rates):
        masks, scores = world(1, rates=rates)
        if rates and "probabilities" in TABLE[name].but:
            with pytest.raises(InputError):
                TABLE[name].call(masks, scores)
            return

        equal(of(name, masks, scores), arrays(TABLE[name].oracle(masks, scores)), TABLE[name].tolerance)

    def test_the_order_of_models_does_not_matter(self, name):
        unless(name, "order of models")
        masks, scores = world(2)
        order = np.random.default_rng(0).permutation(MODELS)
        if name in PAIRED:  # pairs may change places, and partners within a pair
            masks, scores = mirrored(masks, scores)
            order = np.random.default_rng(0).permutation(MODELS // 2).repeat(2) * 2 + np.tile([1, 0], MODELS // 2)

        equal(of(name, masks[order], scores[order]), of(name, masks, scores), TABLE[name].tolerance)

    def test_the_order_of_examples_only_moves_the_numbers(self, name):
        unless(name, "order of examples")
        masks, scores = world(3)
        order = np.random.default_rng(0).permutation(EXAMPLES)

        moved = {
            key: values[np.ix_(*(order if length == EXAMPLES else np.arange(length) for length in values.shape))]
            for key, values in of(name, masks, scores).items()
        }

        equal(of(name, masks[:, order], scores[:, order]), moved, TABLE[name].tolerance)

    @pytest.mark.parametrize("size", [1, 7])
    def test_the_size_of_blocks_does_not_matter(self, name, size):
        unless(name, "blocks")
        masks, scores = world(4)

        equal(arrays(TABLE[name].in_blocks(masks, scores, size)), of(name, masks, scores), TABLE[name].tolerance)

    def test_devices_do_not_matter(self, name):
        masks, scores = world(4)
        results = []
        for device in jax.local_devices()[:2]:
            with jax.default_device(device):
                results.append(of(name, masks, scores))

        equal(results[0], results[-1])

    def test_the_same_inside_a_jit(self, name):
        masks, scores = world(5)
        if "jit" in TABLE[name].but:
            with pytest.raises((TypeError, AttributeError)):
                jax.jit(TABLE[name].call)(masks, scores)
            return

        equal(arrays(jax.jit(TABLE[name].call)(masks, scores)), of(name, masks, scores), TABLE[name].tolerance)

    @pytest.mark.parametrize("rates", [False, True], ids=["0 and 1", "probabilities"])
    def test_what_was_always_in_or_always_out_is_undefined(self, name, rates):
        masks, scores = world(6, models=120, rates=rates and "probabilities" not in TABLE[name].but)
        masks[:, 0], masks[:, 1] = True, False

        found = of(name, masks, scores)

        equal(found, arrays(TABLE[name].oracle(masks, scores)), TABLE[name].tolerance)
        unless(name, "always in or out")
        assert np.isnan(found[TABLE[name].main][TABLE[name].undefined]).all()
        assert np.isnan(found.get("stderr", found[TABLE[name].main])[TABLE[name].undefined]).all()
        assert np.isfinite(found[TABLE[name].main]).any()

    def test_a_constant_score_tells_nothing(self, name):
        unless(name, "constant")
        masks, _ = world(7)

        value = main(name, masks, np.ones_like(masks))

        known = np.isfinite(value)
        expected = np.broadcast_to(TABLE[name].constant, value.shape)
        np.testing.assert_allclose(value[known], expected[known], atol=1e-6)

    def test_as_few_models_as_it_takes(self, name):
        least = TABLE[name].least
        masks, scores = world(8)

        with pytest.raises(InputError):
            TABLE[name].call(masks[: least - 1], scores[: least - 1])
        unless(name, "few models")
        expected = arrays(TABLE[name].oracle(masks[:least], scores[:least]))
        equal(of(name, masks[:least], scores[:least]), expected, TABLE[name].tolerance)

    def test_intervals_cover_the_truth(self, name):
        unless(name, "coverage")
        truth, covered = TABLE[name].truth, []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            masks = rng.random((200, EXAMPLES)) < 0.6  # independent: of a fixed size, one would stand in for another
            if name in PAIRED:
                masks, _ = mirrored(masks, masks)
            scores = rng.random(masks.shape) < np.where(masks, 0.8, 0.5)
            found = of(name, masks, scores)
            inside = np.abs(found[TABLE[name].main] - truth) <= 1.96 * found["stderr"]
            covered.append(inside[np.isfinite(truth)].mean())

        # By the spread between the 60 worlds; whole numbers of models make the exact coverage differ a little from .95.
        assert abs(np.mean(covered) - 0.95) < 4 * np.std(covered) / np.sqrt(60) + 0.012

    @pytest.mark.parametrize(
        ("why", "masks", "scores"),
        [
            ("lengths", np.ones((8, 2)), np.ones((9, 2))),
            ("masks", np.full((8, 2), 2), np.ones((8, 2))),
            ("not finite", np.eye(8, 2), np.full((8, 2), np.nan)),
        ],
        ids=["lengths", "masks", "not finite"],
    )
    def test_unfit_arrays_are_refused_in_words(self, name, why, masks, scores):
        unless(name, why)
        call = TABLE[name].call if name not in PAIRED else getattr(estimators, name.replace(" ", "_"))
        with pytest.raises(InputError):
            call(masks, scores)
