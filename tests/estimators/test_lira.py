import numpy as np
import pytest

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


def test_it_tells_members_from_others_and_not_where_there_is_nothing_to_tell():
    masks, scores, members, target = world(1, train=400)
    told = membership_curve(lira(masks, scores, target, fixed_variance=True), members)
    masks, scores, members, target = world(2, train=400, gap=0.0)
    blind = membership_curve(lira(masks, scores, target, fixed_variance=True), members)

    assert told.auc > 0.7
    four_errors = 4 * np.sqrt(1 / 12 / 8000 * 2)
    assert abs(blind.auc - 0.5) < four_errors


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


@pytest.mark.parametrize("score", [np.inf, np.nan])
def test_a_target_whose_score_is_no_number_is_refused_not_dropped(score):
    rng = np.random.default_rng(0)
    masks, scores = rng.random((20, 5)) < 0.5, rng.normal(size=(20, 5))
    target = rng.normal(size=(1, 5))
    target[0, 2] = score

    with pytest.raises(InputError, match="target holds values that are not finite numbers"):
        lira(masks, scores, target)


def test_an_unknown_variance_is_refused():
    masks, scores, _, target = world()

    with pytest.raises(InputError, match="variance 'pooled' is not known"):
        lira(masks, scores, target, variance="pooled")


def test_a_prior_of_equal_variances_finds_them():
    """Many degrees of freedom: the score is the log ratio of two normal distributions of one variance."""
    rng = np.random.default_rng(0)
    masks = rng.random((24, 4000)) < 0.5
    log_odds = 2.0 * rng.normal(size=masks.shape) + masks
    centre = (np.where(side, log_odds, 0).sum(0) / side.sum(0) for side in (masks, ~masks))
    (inside, outside), (few, many) = centre, (masks.sum(0), (~masks).sum(0))
    target = np.full((1, 4000), 1.5, np.float32)

    found = lira(masks, log_odds, target)

    wide, narrow = (2.0 * np.sqrt(1 + 1 / count) for count in (few, many))
    expected = (
        -0.5 * ((1.5 - inside) / wide) ** 2 - np.log(wide) + 0.5 * ((1.5 - outside) / narrow) ** 2 + np.log(narrow)
    )
    np.testing.assert_allclose(found[0], expected, atol=0.05)


def test_with_one_model_on_a_side_the_prior_gives_the_variance():
    masks, scores, _, target = world()
    masks[:, 3] = np.arange(len(masks)) == 0

    assert np.isfinite(lira(masks, scores, target)[:, 3]).all()
    assert np.isnan(lira(masks, scores, target, variance="own")[:, 3]).all()
