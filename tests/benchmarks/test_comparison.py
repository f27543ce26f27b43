"""Sides in turn, and the ratios between contestants."""

import numpy as np
import pytest

from benchmarks.common.comparison import Comparison
from benchmarks.common.recall import models_for, strongest
from benchmarks.common.sides import Quantity, Side, Turns, one_call, run_in_turn

SECONDS = Quantity("model_s", "ms a model", 1000)


def side(who, how, **printed):
    return Side(who, how, one_call("builtins:dict", **printed))


def test_a_side_that_fails_or_is_too_slow_is_left_out():
    fast, slow = side("ours", "fast", model_s=1.0), side("ours", "slow", model_s=2.0)
    broken = Side("theirs", "broken", one_call("builtins:int", x="no number"))

    found = run_in_turn([fast, slow, broken], Turns(rounds=2, drop=1.5), SECONDS)

    assert {one.how: len(results) for one, results in found.items()} == {"fast": 2, "slow": 1}


def test_ratios_are_taken_within_a_round_and_each_contestant_is_at_its_best():
    ours, theirs, worse = (Side(who, how, ()) for who, how in (("ours", ""), ("theirs", "best"), ("theirs", "worse")))
    times = {ours: [1.0, 2.0, 4.0], theirs: [3.0, 4.0, 4.0], worse: [9.0, 9.0, 9.0]}
    found = {side: [{"model_s": seconds} for seconds in values] for side, values in times.items()}

    comparison = Comparison(found, SECONDS, (("ours", "theirs"),))

    assert comparison.best("theirs") is theirs
    assert comparison.times(ours) == [1000, 2000, 4000]
    assert "(best) by 2 (1 to 3) times, n = 3" in str(comparison)
    assert "one of them did not run" in str(Comparison(found, SECONDS, (("ours", "nobody"),)))


def test_models_for_a_recall_by_a_curve():
    curve = {100: 0.2, 400: 0.4}

    assert models_for(0.3, curve) == pytest.approx(200)  # halfway in the logarithm
    assert (models_for(0.1, curve), models_for(0.5, curve)) == (0, float("inf"))


def test_strongest_pairs_are_candidates_and_defined():
    values = np.array([[0.9, np.nan], [0.5, 0.7]])

    assert strongest(values, np.array([[False, True], [True, True]]), 1) == {3}
