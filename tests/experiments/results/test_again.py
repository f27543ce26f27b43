import numpy as np
import pytest

from experiments.common.intervals import mean_interval
from experiments.results import again


def run(samples, seed=0, words=None, **settings):
    """A run whose effects are the means of samples."""
    verdicts = [
        {
            "claim": f"claim {number}",
            "above": 0.0,
            "word": (words or ["supported"] * 99)[number],
            **mean_interval(sample)._asdict(),
        }
        for number, sample in enumerate(samples)
    ]
    settings |= {"seed": seed, "data_seed": seed, "size": "quick", "repeats": 1, "models": 9}
    return {"experiment": "feldman_zhang.twins", "data": "emoji", "settings": settings, "verdicts": verdicts}


def test_runs_that_differ_in_their_seeds_alone_are_compared():
    results = {"first": run([]), "second": run([], 1), "other": run([], 1, dataset="x"), "third": run([], 2, model="")}

    assert again.pairs(results) == [("first", "second"), ("first", "third")]


def test_a_difference_beyond_both_intervals_is_named():
    """Half widths of .3 and .4 make one of .5."""
    first, second = run([]), run([], 1)
    for result, value, half in ((first, 1.0, 0.3), (second, 1.6, 0.4)):
        result["verdicts"] = [
            {"claim": "far", "above": 0.0, "word": "supported", "value": value, "low": value - half,
             "high": value + half, "repeats": 5},
            {"claim": "near", "above": 0.0, "word": "supported", "value": value / 2, "low": 0, "high": value,
             "repeats": 5},
            {"claim": "without ends", "above": 0.0, "word": "undecided", "value": value, "low": "-inf", "high": "inf",
             "repeats": 1},
        ]  # fmt: skip
    second["verdicts"][1]["word"] = "undecided"

    found = again.compare(first, second)

    assert found.outside == ["far"]
    assert found.differences["far"] == pytest.approx((0.6, 0.1, 1.1, 5))
    assert found.words == [True, False, True]
    text = again.table({"first": first, "second": second})
    assert "1 of 2 effects differ by more" in text
    assert "| [`twins`, emoji, quick, seeds 1 and 1](./results/second.json) | 2 | far: 0.6 | 2 of 3 |" in text


def test_nothing_run_again_is_no_table():
    assert again.table({"first": run([])}) == ""


def test_runs_of_one_truth_agree_as_often_as_intervals_promise_and_those_of_two_do_not():
    rng = np.random.default_rng(0)
    first, same, other = (run(rng.normal(mean, 1, (400, 30)), seed, ["supported"] * 400)
                          for seed, mean in enumerate((0, 0, 1)))  # fmt: skip

    wrong, right = (len(again.compare(first, second).outside) for second in (same, other))

    # Expected: 20 of 400, sd 4.4.  A difference of 1 is 3.9 standard errors, and found in 97 % of the cases.
    assert abs(wrong - 20) < 4 * 4.4
    assert right > 360


def test_effects_are_compared_less_what_was_expected_and_each_number_counts_once():
    first, second = run([]), run([], 1)
    for result, value in ((first, 0.1), (second, 0.2)):
        effect = {"word": "supported", "value": value, "low": value - 0.01, "high": value + 0.01, "repeats": 5}
        result["verdicts"] = [
            {"claim": "as predicted", "above": value - 0.05} | effect,
            {"claim": "the same number", "above": 0.0} | effect,
        ]

    found = again.compare(first, second)

    assert list(found.differences) == ["as predicted"]
    assert found.outside == []
