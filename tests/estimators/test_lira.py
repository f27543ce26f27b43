import numpy as np
import pytest
import scipy.stats

from memjax.errors import InputError
from memjax.estimators import lira, membership_curve


def world(seed=0, models=64, train=30, targets=40, gap=1.0):
    """Scores that are normal, with another mean where the model saw the example."""
    rng = np.random.default_rng(seed)
    centre, spread = rng.normal(size=train), 0.5 + rng.random(train)
    masks, members = rng.random((models, train)) < 0.5, rng.random((targets, train)) < 0.5

    def scores(seen):
        return (centre + gap * seen + spread * rng.normal(size=seen.shape)).astype(np.float32)

    return masks, scores(masks), members, scores(members)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("variant", ["online", "offline", "offline-density"])
def test_equals_a_direct_computation(variant, fixed):
    masks, scores, _, target = world()
    normal = {}
    for side, chosen in (("in", masks), ("out", ~masks)):
        parts = [scores[chosen[:, i], i].astype(np.float64) for i in range(30)]
        residuals = np.concatenate([part - part.mean() for part in parts])
        deviation = [residuals.std() if fixed else part.std() for part in parts]
        normal[side] = scipy.stats.norm([np.median(part) for part in parts], deviation)
    expected = {
        "online": normal["in"].logpdf(target) - normal["out"].logpdf(target),
        "offline": normal["out"].logcdf(target),
        "offline-density": -normal["out"].logpdf(target),
    }[variant]

    np.testing.assert_allclose(lira(masks, scores, target, variant, fixed), expected, rtol=2e-3, atol=2e-3)


def test_it_tells_members_from_others_and_not_where_there_is_nothing_to_tell():
    masks, scores, members, target = world(1, train=400)
    told = membership_curve(lira(masks, scores, target, fixed_variance=True), members)
    masks, scores, members, target = world(2, train=400, gap=0.0)
    blind = membership_curve(lira(masks, scores, target, fixed_variance=True), members)

    assert told.auc > 0.7
    four_errors = 4 * np.sqrt(1 / 12 / 8000 * 2)
    assert abs(blind.auc - 0.5) < four_errors


def test_a_curve_by_hand():
    curve = membership_curve(np.array([4.0, 3.0, 2.0, 1.0, np.nan]), np.array([1, 0, 1, 0, 1]))

    assert curve.auc == pytest.approx(0.75)
    assert curve.at(0.0) == 0.5
    assert curve.at(0.49) == 0.5
    assert curve.at(0.5) == 1.0
    assert curve.balanced_accuracy == pytest.approx(0.75)


def test_an_example_that_no_model_saw_has_no_online_score():
    masks, scores, _, target = world()
    masks[:, 4] = False

    assert np.isnan(lira(masks, scores, target)[:, 4]).all()
    assert np.isfinite(lira(masks, scores, target, "offline")).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variant": "nothing"}, "not known"),
        ({"target": np.zeros((3, 29))}, "do not fit"),
        ({"log_odds": np.zeros((3, 30))}, "do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    masks, scores, _, target = world()

    with pytest.raises(InputError, match=words):
        lira(**({"masks": masks, "log_odds": scores, "target": target} | change))


def test_a_curve_needs_both_kinds():
    with pytest.raises(InputError, match="only members"):
        membership_curve(np.arange(3.0), np.ones(3))


@pytest.mark.parametrize("score", [np.inf, np.nan])
def test_a_target_whose_score_is_no_number_is_refused_not_dropped(score):
    rng = np.random.default_rng(0)
    masks, scores = rng.random((20, 5)) < 0.5, rng.normal(size=(20, 5))
    target = rng.normal(size=(1, 5))
    target[0, 2] = score

    with pytest.raises(InputError, match="target holds values that are not finite numbers"):
        lira(masks, scores, target)


def test_a_curve_of_the_few_defined_scores_is_refused():
    rng = np.random.default_rng(0)
    scores, members = np.full(96, np.nan), rng.random(96) < 0.5
    scores[:6], members[:6] = [3, 3, 3, 1, 1, 1], [1, 1, 1, 0, 0, 0]

    with pytest.raises(InputError, match="90 of 96 scores are NaN"):
        membership_curve(scores, members)


def test_a_curve_counts_the_scores_that_it_leaves_out():
    curve = membership_curve(np.array([1.0, np.nan, 0.0, 2.0]), np.array([True, True, False, True]))

    assert curve.left_out == 1
    assert "1 undefined scores left out" in repr(curve)
