import numpy as np
import pytest

from experiments.common.intervals import mean_interval
from experiments.feldman_zhang import critics


def test_fractional_score_by_hand():
    np.testing.assert_allclose(
        critics.fractional(np.array([1, 1, 0.5, 0]), np.array([0, 0.5, 0.5, 0])), [1, 1 / 3, 0, 0]
    )


def test_false_discoveries_by_hand():
    """p = .001, .02, .2, .9 at 5 %: .001 <= .0125 and .02 <= .025 pass, .2 > .0375 does not."""
    from scipy.stats import norm

    mem = norm.isf([0.2, 0.001, 0.9, 0.02])

    assert critics.significant(mem, np.ones(4)).tolist() == [False, True, False, True]
    assert not critics.significant(np.array([np.nan, 0.1]), np.ones(2)).any()


def test_the_threshold_of_the_null_leaves_out_a_share_of_the_wrong_labels():
    mem = np.concatenate([np.zeros(50), np.linspace(0, 1, 101)])
    wrong = np.arange(151) >= 50

    assert critics.threshold_of_null(mem, wrong, 0.25) == pytest.approx(0.25)
    assert critics.threshold_of_null(mem, ~wrong) == critics.LEAST


def test_a_control_that_does_nothing_decides_nothing():
    row = {"all": mean_interval([1, 2, 3, 4]), "lost": mean_interval([1, 2, 3, 4])}
    rows = {
        name: row | {critics.NO_DUPLICATES: row["all"]}
        for name in (critics.PAPER, critics.NULL, critics.STAYS, "weight decay")
    }
    overlap = {
        critics.PAPER: 1.0,
        critics.NULL: 0.5,
        critics.STAYS: 0.99,
        "weight decay": 1.0,
        "control keeps classes": 1.0,
    }

    idle = critics.without_effect(overlap, null_fitted=0.6, clean=0.99)
    undecided = {verdict.claim for verdict in critics.verdicts_of(rows, idle) if verdict.word == "undecided"}

    assert idle == {critics.NULL, critics.STAYS, critics.NO_DUPLICATES}
    assert len(undecided) == 5  # two of the null, two of the half, one without near-duplicates
    assert not critics.without_effect(overlap | {critics.STAYS: 0.9}, null_fitted=0.99, clean=0.9)
