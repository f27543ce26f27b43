"""What a run should know before it stops, and the subsets for a purpose."""

import pytest

from memjax.cli import beginning
from memjax.config.from_keywords import FIRST, PURPOSES, run_config
from memjax.config.goals import Goal
from memjax.errors import InputError


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("stderr=.03", Goal("stderr", 0.03)),
        ("ranking=50", Goal("ranking", 50)),
        ("threshold=.3:.1", Goal("threshold", 0.3, 0.1)),
        ("threshold", Goal("threshold", 0.25)),
        ("pairs", Goal("pairs", 0.15)),
    ],
)
def test_a_goal_is_a_kind_and_a_value(text, goal):
    assert run_config(until=text).goal == goal


def test_the_option_of_a_standard_error_says_the_same():
    assert run_config(until_stderr=0.03).goal == run_config(until="stderr=0.03").goal
    assert run_config().goal is None


@pytest.mark.parametrize(
    "text", ["ranking", "ranking=", "ranking=2.5", "ranking=0", "stderr=0", "stderr=.1:.1", "pairs=x", "best=3",
             "threshold=1", "threshold=.2:0", "threshold=nan", "=3"]
)  # fmt: skip
def test_what_is_no_goal_is_refused(text):
    with pytest.raises(InputError, match=r"stderr=0\.03, ranking=50, threshold=0\.25 or pairs"):
        run_config(until=text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"until": "pairs", "until_stderr": 0.1}, "two goals"),
        ({"until": "threshold", "design": "profile"}, "choose --design fixed-size"),
        ({"until": "threshold", "score": "margin", "keep": ["correct", "margin"]}, "--score correct or probability"),
        ({"until": "pairs", "score": "probability"}, "--score correct, not probability"),
        ({"max_models": 100}, "--max-models goes with --until"),
        ({"until": "pairs", "max_models": 1}, "--max-models is 1"),
        ({"purpose": "fun"}, "memorization"),
    ],
)
def test_goals_whose_intervals_would_not_hold_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        run_config(**options)


def test_a_run_with_a_goal_begins_with_few_models():
    assert run_config(until="pairs").num_models == FIRST
    assert run_config(until="pairs", num_models=200).num_models == 200
    for words in (["--until", "pairs"], ["--until=pairs"], ["--until-stderr", "0.1"]):
        assert beginning(words)[0].num_models == FIRST
    assert beginning(["--epochs", "3"])[0].num_models == run_config().num_models


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_purpose_chooses_subsets_and_other_options_go_before_it(purpose):
    by_keyword, (by_option, rest) = run_config(purpose=purpose), beginning(["--for", purpose, "--epochs", "3"])

    assert by_keyword.subset == by_option.subset == PURPOSES[purpose]
    assert rest == ["--epochs", "3"]
    assert ("log_odds" in by_keyword.keep) == (purpose == "membership")
    assert run_config(purpose=purpose, subset_fraction=0.8).subset.subset_fraction == 0.8
