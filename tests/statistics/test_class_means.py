"""Class means: their errors count that examples differ and that all of them are from the same models."""

import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import Tally, class_means, tally_of
from memjax.estimators.streaming.estimates import class_means_of
from memjax.estimators.streaming.tally import arrays_of, fill
from memjax.types import Outcomes
from tests.statistics.test_layouts import of_sizes, right

TRAIN = 40
LABELS = np.arange(TRAIN) % 3


def rate(log_odds):
    return 1 / (1 + np.exp(-log_odds))


def world(rng, models, examples, quality, spread):
    """Models that saw an example are right; the others by the log odds of the model and of the example."""
    masks = of_sizes(rng, models, (int(0.7 * examples),), examples)
    log_odds = 2 + quality * rng.normal(size=(models, 1)) + spread * rng.normal(size=examples)
    return masks, masks | right(rng, rate(log_odds))


def true_mean(quality, spread):
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    log_odds = 2 + quality * nodes[:, None] + spread * nodes
    return float(weights @ (1 - rate(log_odds)) @ weights / weights.sum() ** 2)


def covered(models, examples, quality, spread, times):
    """How often the interval holds the truth, and how often the interval of examples alone would."""
    rng, truth = np.random.default_rng(models), true_mean(quality, spread)
    both = alone = 0
    for _ in range(times):
        masks, correct = world(rng, models, examples, quality, spread)
        mean, _, low, high = (float(values[0]) for values in class_means(masks, correct, np.zeros(examples, int)))
        mem = np.asarray(memjax.memorization(masks, correct).value)
        both += low <= truth <= high
        alone += abs(mean - truth) <= 1.96 * np.nanstd(mem, ddof=1) / np.sqrt(examples)
    return both / times, alone / times


@pytest.mark.parametrize(("quality", "spread"), [(1, 0), (0, 2), (1, 2), (0, 0)])
def test_the_interval_covers_whatever_differs(quality, spread):
    both, alone = covered(30, 200, quality, spread, times=150)

    assert both > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 150)
    assert (alone < 0.85) == (quality == 1)


@pytest.mark.slow
@pytest.mark.parametrize("models", [20, 200])
@pytest.mark.parametrize("examples", [50, 500])
@pytest.mark.parametrize(("quality", "spread"), [(1, 0), (0, 2), (1, 2), (0, 0)])
def test_the_interval_covers_with_few_and_many(models, examples, quality, spread):
    both, _ = covered(models, examples, quality, spread, times=600)

    # Rates of models and of examples are skewed, which costs up to two percent.
    assert 0.93 - 4 * np.sqrt(0.93 * 0.07 / 600) < both < 0.995


def test_by_leaving_out_each_model_in_turn():
    rng = np.random.default_rng(0)
    masks, correct = world(rng, 30, 12, 1, 1)
    mem = np.asarray(memjax.memorization(masks, correct).value, np.float64)
    without = [memjax.memorization(np.delete(masks, t, 0), np.delete(correct, t, 0)).value for t in range(30)]
    apart = np.asarray(without, np.float64) - mem
    pairs = sum(apart[:, i] @ apart[:, j] for i in range(12) for j in range(12) if i != j)

    found = class_means(masks, correct, np.zeros(12, int))

    variance = mem.var(ddof=1) / 12 + max(29 / 30 * pairs, 0) / (12 * 11)
    np.testing.assert_allclose(found.value, mem.mean(), rtol=1e-6)
    np.testing.assert_allclose(found.stderr, np.sqrt(variance), rtol=1e-4)
    assert pairs > 0


def test_classes_without_two_scores_have_no_interval():
    masks, correct = world(np.random.default_rng(1), 30, 3, 1, 1)

    found = class_means(masks, correct, np.array([0, 0, 2]))

    assert np.isfinite(found.stderr).tolist() == [True, False, False]
    assert np.isfinite(found.value).tolist() == [True, False, True]


@pytest.mark.parametrize("labels", [np.zeros(2, int), np.full(3, -1), np.zeros(3)])
def test_other_labels_are_refused(labels):
    with pytest.raises(InputError, match="whole numbers from 0"):
        class_means(np.eye(3), np.eye(3), labels)


def outcomes_of(kind, score, models=60):
    """Examples that are all in equally many models, but for several sizes."""
    rng = np.random.default_rng(2)
    first = of_sizes(rng, models // 2, (TRAIN // 2,), TRAIN)
    masks = {
        "alike": rng.permuted(np.tile([[True], [False]], (models // 2, TRAIN)), axis=0),
        "pairs": np.stack([first, ~first], 1).reshape(models, TRAIN),
        "repeated": np.repeat(of_sizes(rng, models // 3, (20,), TRAIN), 3, axis=0),
        "sizes": of_sizes(rng, models, (12, 20, 28), TRAIN),
    }[kind]
    quality = 0.3 * rng.random((models, 1))
    correct = right(rng, 0.3 + quality + 0.4 * masks)
    soft = (0.3 + quality + 0.2 * rng.random(masks.shape) + 0.2 * masks).astype(np.float16)
    return Outcomes(np.arange(models), masks, {"correct": correct, "probability": soft}, {"correct": correct[:, :5],
                    "probability": soft[:, :5]})  # fmt: skip


@pytest.mark.parametrize("score", ["correct", "probability"])
@pytest.mark.parametrize("kind", ["alike", "pairs", "repeated", "sizes"])
def test_a_tally_has_them_too(kind, score):
    outcomes = outcomes_of(kind, score)
    for labels, number in ((LABELS, 0), (np.zeros(TRAIN, int), 1)):
        expected = class_means(outcomes.masks, outcomes.train[score], labels)

        found = class_means_of(tally_of(outcomes, score, LABELS))[number]

        np.testing.assert_allclose(found.value, expected.value, rtol=1e-5)
        np.testing.assert_allclose(found.stderr, expected.stderr, rtol=1e-3)


def test_unlike_numbers_of_models_change_a_tally_little():
    """A tally divides by the mean number of models of a class: with 60 models, a few percent of the error."""
    rng = np.random.default_rng(3)
    masks, correct = world(rng, 60, 200, 1, 1)
    labels = np.arange(200) % 2
    outcomes = Outcomes(np.arange(60), masks, {"correct": correct}, {"correct": correct[:, :5]})

    found, _ = class_means_of(tally_of(outcomes, labels=labels))

    np.testing.assert_allclose(found.stderr, class_means(masks, correct, labels).stderr, rtol=0.05)


@pytest.mark.parametrize("kind", ["alike", "pairs"])
def test_parts_processes_and_failed_models_do_not_matter(kind):
    outcomes = outcomes_of(kind, "correct")
    whole = class_means_of(tally_of(outcomes, labels=LABELS))
    size = 70, TRAIN, 5, kind == "pairs", "correct", False, LABELS  # of 70 models the last 10 have failed
    merged = Tally(*size)
    for start in (40, 0, 20):
        chosen, part = np.s_[start : start + 20], Tally(*size)
        sides = ({"correct": side["correct"][chosen]} for side in outcomes[2:])
        part.add(Outcomes(outcomes.model_ids[chosen], outcomes.masks[chosen], *sides))
        merged.merge(fill(Tally(*size), arrays_of(part)))

    for one, other in zip(class_means_of(merged), whole, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))
