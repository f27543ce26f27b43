"""Reductions of recorded curves: by hand, and against loops written from the definitions."""

from itertools import pairwise

import numpy as np
import pytest

from memjax import dynamics
from memjax.errors import InputError

RNG = np.random.default_rng(0)
BITS = RNG.random((4, 7, 11)) < 0.6
NUMBERS = RNG.random((4, 7, 11)).astype(np.float16)
MASKS = RNG.random((4, 11)) < 0.5
EPOCHS = np.array([0, 1, 2, 4, 8, 9, 20])


def each(curves):
    """One curve after the other, with where it is from."""
    for t, i in np.ndindex(curves.shape[0], curves.shape[2]):
        yield t, i, curves[t, :, i].tolist()


def test_by_hand():
    right = np.array([[0, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 1, 0, 0]]).T

    np.testing.assert_array_equal(dynamics.first_learned(right), [2, 1, np.nan, 1])
    np.testing.assert_array_equal(dynamics.learned_for_good(right), [4, 1, np.nan, np.nan])
    np.testing.assert_array_equal(dynamics.forgetting_events(right), [1, 0, np.inf, 2])
    np.testing.assert_allclose(dynamics.correctness(right), [0.6, 1, 0, 0.4])
    np.testing.assert_array_equal(dynamics.first_learned(right, np.array([5, 6, 7, 8, 9])), [6, 5, np.nan, 5])


def test_what_is_right_before_training_was_not_learned():
    right = np.array([[1, 1, 1, 0], [0, 1, 0, 0], [1, 1, 0, 1]])
    epochs = np.array([0, 1, 2])

    np.testing.assert_array_equal(dynamics.first_learned(right, epochs), [2, 1, np.nan, 2])
    np.testing.assert_array_equal(dynamics.learned_for_good(right, epochs), [2, 1, np.nan, 2])
    np.testing.assert_array_equal(dynamics.forgetting_events(right, epochs), [0, 0, np.inf, 0])
    assert np.isnan(dynamics.first_learned(right[:1], [0])).all()


def test_the_loops_of_the_definitions():
    first, good, events = (
        dynamics.first_learned(BITS, EPOCHS), dynamics.learned_for_good(BITS, EPOCHS), dynamics.forgetting_events(BITS),
    )  # fmt: skip
    for t, i, curve in each(BITS):
        times = [epoch for epoch, right in zip(EPOCHS, curve, strict=True) if right and epoch]
        np.testing.assert_equal(first[t, i], min(times) if times else np.nan)
        lasting = [EPOCHS[place] for place in range(1, 7) if all(curve[place:])]
        np.testing.assert_equal(good[t, i], min(lasting) if lasting else np.nan)
        lost = sum(a and not b for a, b in pairwise(curve))
        assert events[t, i] == (lost if any(curve) else np.inf)


def test_means_over_the_records():
    aum, confidence, variability, loss = (
        dynamics.area_under_margin(NUMBERS), dynamics.confidence(NUMBERS), dynamics.variability(NUMBERS),
        dynamics.mean_loss(NUMBERS),
    )  # fmt: skip
    for t, i, curve in each(NUMBERS.astype(np.float64)):
        mean = sum(curve) / 7
        np.testing.assert_allclose([aum[t, i], confidence[t, i], loss[t, i]], mean, atol=1e-5)
        np.testing.assert_allclose(variability[t, i], np.sqrt(sum((x - mean) ** 2 for x in curve) / 7), atol=1e-5)


def test_one_model_is_a_row_of_many():
    for reduce, curves in (
        (dynamics.first_learned, BITS),
        (dynamics.forgetting_events, BITS),
        (dynamics.mean_loss, NUMBERS),
    ):
        np.testing.assert_array_equal(reduce(curves)[2], reduce(curves[2]))


def test_over_models_tells_in_from_out_and_leaves_out_what_is_not_defined():
    values = dynamics.first_learned(BITS)
    values[0, :5] = np.nan
    split = dynamics.over_models(values, MASKS)
    curves = dynamics.over_models(NUMBERS, MASKS)

    for i in range(11):
        for side, chosen in (("inside", MASKS[:, i]), ("outside", ~MASKS[:, i])):
            known = [values[t, i] for t in range(4) if chosen[t] and not np.isnan(values[t, i])]
            np.testing.assert_allclose(getattr(split, side)[i], np.mean(known) if known else np.nan)
            if chosen.any():
                expected = np.mean([NUMBERS[t, :, i].astype(float) for t in range(4) if chosen[t]], axis=0)
                np.testing.assert_allclose(getattr(curves, side)[:, i], expected)
    assert (split.num_in + split.num_out).tolist() == (~np.isnan(values)).sum(0).tolist()


def test_over_examples_gives_learning_curves():
    rows = np.arange(11) < 8
    split = dynamics.over_examples(BITS, MASKS, rows)

    for t in range(4):
        chosen = [i for i in range(8) if MASKS[t, i]]
        others = [i for i in range(8) if not MASKS[t, i]]
        np.testing.assert_allclose(split.inside[t], BITS[t][:, chosen].mean(1))
        np.testing.assert_allclose(split.outside[t], BITS[t][:, others].mean(1))


def test_time_to_convergence():
    right = np.zeros((3, 4, 5), bool)
    right[0, 2:] = True
    right[1, 1:, :4] = True
    masks = np.ones((3, 5), bool)
    masks[1, 4] = False

    np.testing.assert_array_equal(dynamics.epochs_to_fit(right, masks, np.array([1, 3, 5, 9])), [5, 3, np.nan])
    np.testing.assert_array_equal(dynamics.epochs_to_fit(right, np.ones((3, 5), bool), share=0.8), [3, 2, np.nan])


def test_el2n_is_the_error_at_one_epoch_by_side():
    errors = abs(NUMBERS)
    score = dynamics.el2n(errors, EPOCHS, MASKS, 4)

    expected = dynamics.over_models(errors[:, 3].astype(np.float32), MASKS)
    np.testing.assert_allclose(score.inside, expected.inside)
    with pytest.raises(InputError, match="nothing was recorded after 5 epochs; choose among"):
        dynamics.el2n(errors, EPOCHS, MASKS, 5)


def test_gini():
    values = RNG.random((3, 20)) ** 3
    for row, got in zip(values, dynamics.gini(values), strict=True):
        pairs = sum(abs(a - b) for a in row for b in row)
        np.testing.assert_allclose(got, pairs / (2 * 20**2 * row.mean()))
    np.testing.assert_allclose(dynamics.gini(7 * values), dynamics.gini(values))
    assert np.isnan(dynamics.gini(np.zeros(3)))
    with pytest.raises(InputError, match="at least 0"):
        dynamics.gini(np.array([1.0, -1.0]))


def test_equally_hard_examples_are_binomial_and_others_are_not():
    """The ratio is 1 within five of its own standard errors under the null, in each of twenty worlds."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        null = dynamics.dispersion(rng.random((100, 1000)) < 0.3)
        assert abs(null.ratio - 1) < 5 * null.null_stderr
        assert abs(null.stderr / null.null_stderr - 1) < 0.3
    mixed = dynamics.dispersion(rng.random((100, 1000)) < np.linspace(0, 1, 1000))

    np.testing.assert_allclose(mixed.ratio, 1 + 99 * (1 / 12) / 0.25 - 1 / 3, rtol=0.05)
    draws = dynamics.binomial_null(100, 0.3, 4000, 1)
    assert abs(draws.mean() - 0.3) < 5 * np.sqrt(0.21 / 100 / 4000)
    assert (np.diff(draws) >= 0).all()


def test_models_of_unequal_quality_do_not_disperse_equally_hard_examples():
    """Error rates of models from .02 to .6: the pooled binomial variance is a fifth too large."""
    ratios = []
    for seed in range(40):
        wrong = np.random.default_rng(seed).random((60, 500)) < np.linspace(0.02, 0.6, 60)[:, None]
        found = dynamics.dispersion(wrong)
        totals, rows = wrong.sum(0), wrong.sum(1)
        cochran = 500 * 499 * ((totals - totals.mean()) ** 2).sum() / (500 * rows.sum() - (rows**2).sum())
        np.testing.assert_allclose(found.ratio * 499, cochran)
        ratios.append(found.ratio)

    assert abs(np.mean(ratios) - 1) < 4 * found.null_stderr / np.sqrt(40)
    assert abs(np.std(ratios) / found.null_stderr - 1) < 4 / np.sqrt(2 * 40)
    pooled = dynamics.dispersion(wrong, null_rate=float(wrong.mean()))
    assert pooled.ratio < 0.9


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: dynamics.first_learned(np.ones(3)), r"expected \(epochs, train\)"),
        (lambda: dynamics.first_learned(NUMBERS), "values other than 0 and 1"),
        (lambda: dynamics.first_learned(BITS, np.arange(3)), "expected 7 numbers, one per record"),
        (lambda: dynamics.mean_loss(np.full((2, 2), np.nan)), "not finite"),
        (lambda: dynamics.over_models(NUMBERS, MASKS[:2]), r"expected \(models, train\)"),
        (lambda: dynamics.epochs_to_fit(BITS, MASKS, share=0.0), "above 0 and up to 1"),
        (lambda: dynamics.dispersion(np.ones((1, 5), bool)), "two or more of each"),
        (lambda: dynamics.dispersion(np.full((2, 5), 0.5)), "values other than 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, expected):
    with pytest.raises(InputError, match=expected):
        call()
