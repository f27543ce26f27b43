import json
import math
import subprocess
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats

from experiments.common import claim
from experiments.common.claim import Result, Verdict, check_kept, conclude, form_of, name_of, repeated
from experiments.common.intervals import Interval, mean_interval, opened, share_interval
from experiments.common.plots import named, panels
from experiments.common.settings import BaseSettings
from experiments.results import gallery, tables
from memjax.errors import InputError

TIMES = ("seconds", "longest")


def run(settings):
    """The effect is 1 in the first repeat and 3 in the second."""
    value = 1 + 2 * settings.seed / 1000
    return Result(
        {"seeds": [settings.seed, settings.data_seed]},
        [Verdict("it is large", Interval(value, value - 0.1, value + 0.1, 9), above=0.5)],
    )


@dataclass(frozen=True)
class Settings(BaseSettings):
    """No options of its own."""


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.3, 0.4, "supported"), (0.1, 0.3, "undecided"), (0, 0.1, "not supported")]
)
def test_the_verdict_is_where_the_interval_lies(low, high, word):
    assert Verdict("more than .2", Interval(0.3, low, high, 5), above=0.2).word == word


def test_an_effect_that_is_not_a_number_is_no_decision():
    verdict = Verdict("", mean_interval([np.nan, 1.0]))

    assert verdict.word == "NaN"
    assert math.isnan(verdict.p)


def test_the_p_value_of_a_mean_is_that_of_the_t_test():
    values = np.random.default_rng(0).normal(0.3, 1, 12)

    assert Verdict("", mean_interval(values), 0.1).p == pytest.approx(stats.ttest_1samp(values, 0.1).pvalue)


@pytest.mark.parametrize(("low", "p"), [(0, 0.05), (-math.inf, 1)])
def test_the_p_value_is_a_twentieth_where_the_interval_ends_at_the_bound(low, p):
    assert Verdict("", Interval(0.3, low, 0.4, 5)).p == pytest.approx(p)


def test_one_repeat_has_the_interval_of_the_experiment():
    assert repeated(run, Settings()) == run(Settings())


def test_several_repeats_have_other_seeds_their_mean_and_their_spread():
    result = repeated(run, Settings(repeats=2))

    assert [found["seeds"] for found in result.found["repeats"]] == [[0, 0], [1000, 1000]]
    [verdict] = result.verdicts
    assert verdict.effect == mean_interval([1, 3])
    assert verdict.sd == pytest.approx(2**0.5)
    assert verdict.word == "undecided"


def test_an_effect_that_one_repeat_cannot_measure_is_nan_over_all():
    def nothing_to_measure(settings):
        value = math.nan if settings.seed else 1.0
        return Result({}, [Verdict("claim", Interval(value, -math.inf, math.inf, 0), 0.5)])

    [verdict] = repeated(nothing_to_measure, Settings(repeats=3)).verdicts

    assert (verdict.word, verdict.above) == ("NaN", 0.5)
    assert math.isnan(verdict.sd)


def drawing(settings):
    return run(settings)._replace(figure=panels(1, 1, note="emoji, 512 models")[0])


def test_the_figure_of_several_repeats_says_so_behind_its_note_and_names_the_data_once():
    figure = repeated(drawing, Settings(repeats=2)).figure
    named(figure, "emoji")

    assert figure.get_supxlabel() == "emoji, 512 models; the first of 2 draws"


def test_draws_of_the_experiment_itself_are_not_its_repeats():
    from experiments.arpit.filters import Settings as Drawing

    figure = repeated(drawing, Drawing(size="smoke", repeats=2)).figure

    assert figure.get_supxlabel() == "emoji, 512 models; the first of 2 repeats"


def test_the_result_is_written_in_the_folder_of_the_experiment(tmp_path, capsys):
    conclude("arpit.depth", Settings(size="smoke", folder=tmp_path), run(Settings()))

    written = json.loads((tmp_path / "arpit" / "depth" / "smoke-several" / "result.json").read_text())
    assert written["verdicts"][0]["word"] == "supported"
    assert "verdict: supported: it is large" in capsys.readouterr().out


def test_the_name_of_an_experiment_is_where_it_is():
    from experiments.arpit import depth

    assert name_of(depth.run) == "arpit.depth"


def test_each_form_has_a_file_of_its_own():
    from experiments.arpit.time_to_convergence import Settings as Epochs
    from experiments.feldman_zhang.marginal_utility import Settings as Utility
    from experiments.label_errors.label_noise import Settings as FiveDraws

    assert form_of(Utility(dataset="emoji")) == "full-emoji"
    assert form_of(Utility(dataset="npz:a/b.npz", repeats=5)) == "full-npz-a-b.npz-5-draws"
    assert form_of(Utility(dataset="emoji", model="mlp:64,32", seed=1, data_seed=2)) == "full-emoji-mlp-64-32-seeds-1-2"
    assert form_of(Epochs(size="quick", optimizer="sgd")) == "quick-digits"
    assert form_of(Epochs(size="quick", optimizer="adam", repeats=5)) == "quick-digits-adam-5-draws"
    assert form_of(FiveDraws(size="quick", dataset="digits")) == "quick-digits"
    assert form_of(FiveDraws(size="quick", dataset="digits", repeats=2)) == "quick-digits-2-draws"


def test_the_command_that_is_kept_names_no_folder():
    arguments = ["--size", "quick", "--folder", "/somewhere/else", "--keep", "--seed", "3"]

    assert claim.command("arpit.depth", arguments) == "python -m experiments.arpit.depth --size quick --seed 3"


def test_what_is_kept_has_words_for_what_is_not_a_number(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(claim, "FIGURES", tmp_path)
    result = Result({"nothing": math.nan}, [Verdict("it is", mean_interval([1.0]))])

    conclude("arpit.depth", Settings(size="smoke", folder=tmp_path, keep=True, seed=3), result)

    kept = json.loads((tmp_path / "results" / "arpit.depth.smoke-several-seeds-3-0.json").read_text())
    assert kept["found"] == {"nothing": "NaN"}
    assert [kept["verdicts"][0][end] for end in ("low", "high")] == ["-inf", "inf"]
    assert kept["settings"] == {"size": "smoke", "seed": 3, "data_seed": 0, "repeats": 1}
    assert kept["data"] == "several"


def test_a_commit_is_marked_where_code_was_changed_and_not_where_a_result_was(tmp_path, monkeypatch):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True,
                       capture_output=True)  # fmt: skip

    code, result = tmp_path / "code.py", tmp_path / "experiments" / "results" / "one.json"
    result.parent.mkdir(parents=True)
    git("init")
    for number, file in enumerate((code, result, code)):
        file.write_text(str(number))
        git("add", ".")
    git("commit", "-m", "first")
    monkeypatch.chdir(tmp_path)

    result.write_text("another run")
    assert len(claim._commit()) >= 7
    assert not claim._commit().endswith("+")
    code.write_text("changed")
    assert claim._commit().endswith("+")


@dataclass(frozen=True)
class Wide(BaseSettings):
    """An option that file names do not say."""

    widths: tuple[int, ...] = (2, 8)


def test_a_kept_result_of_other_options_is_not_written_over(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "RESULTS", tmp_path)
    monkeypatch.setattr(claim, "FIGURES", tmp_path)
    first = Wide(keep=True, folder=tmp_path / "runs")
    check_kept("arpit.x", first)
    conclude("arpit.x", first, run(first))

    check_kept("arpit.x", replace(first, folder=tmp_path / "elsewhere"))  # the same again
    check_kept("arpit.x", replace(first, widths=(2,), keep=False))
    with pytest.raises(InputError, match=r"arpit\.x\.full-several\.json .* value of --widths; add --label WORD"):
        check_kept("arpit.x", replace(first, widths=(2,)))


def test_a_label_keeps_a_result_beside_another(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "RESULTS", tmp_path)
    monkeypatch.setattr(claim, "FIGURES", tmp_path)
    first = Wide(keep=True, folder=tmp_path / "runs")
    second = replace(first, widths=(2,), label="one width")

    for settings in (first, second):
        check_kept("arpit.x", settings)
        conclude("arpit.x", settings, run(settings))

    kept = tables.kept(tmp_path)
    assert {name: tables.data_of(result) for name, result in kept.items()} == {
        "arpit.x.full-several": "several", "arpit.x.full-several-one-width": "several, one width",
    }  # fmt: skip
    stays = {(name, verdict["claim"]): True for name, result in kept.items() for verdict in result["verdicts"]}
    page = gallery.section("How large?", "arpit.x", kept, stays)
    assert all(f"(../experiments/results/{name}.json)" in page for name in kept)
    assert kept["arpit.x.full-several-one-width"]["settings"]["widths"] == [2]


def test_a_figure_over_draws_takes_the_place_of_the_first_one():
    def run(settings):
        effect = Interval(float(settings.seed), -1, 1, 3)
        return Result({"effect": effect}, [], "the first", lambda found, count: (found["effect"], count))

    assert repeated(run, Settings()).figure == "the first"
    assert repeated(run, Settings(repeats=3)).figure == (mean_interval([0, 1000, 2000]), 3)


def test_over_draws_the_effect_is_judged_with_the_bound_that_varies_with_it():
    draws = [[Verdict("", Interval(value, 0, 9, 5), value - 0.1 * gap)] for value, gap in ((1, 1), (5, 2), (9, 3))]

    [verdict] = claim.over_repeats(draws)

    gap = mean_interval([0.1, 0.2, 0.3])
    assert verdict.effect.value == 5
    assert verdict.above == pytest.approx(4.8)
    assert verdict.effect.low - verdict.above == pytest.approx(gap.low)
    assert verdict.effect.high - verdict.above == pytest.approx(gap.high)


def test_draws_with_one_value_have_the_mean_of_their_ends():
    def judged(*counts: int) -> Verdict:
        draws = [[Verdict("", share_interval([False] * count), 0.5)] for count in counts]
        return claim.over_repeats(draws)[0]

    many = judged(21, 25, 17)
    assert (many.word, many.effect.value, many.effect.low) == ("not supported", 0, 0)
    # of 0 in n the exact upper end is 1 - .025 ** (1 / n)
    assert many.effect.high == pytest.approx(np.mean([1 - 0.025 ** (1 / count) for count in (21, 25, 17)]))
    assert judged(3, 2, 4).word == "undecided"
    assert judged(21, 25, 0).word == "NaN"


def test_draws_with_one_value_and_no_width_have_no_ends():
    [verdict] = claim.over_repeats([[Verdict("", Interval(1.0, 1.0, 1.0, 9))]] * 3)

    assert (verdict.effect.low, verdict.effect.high) == (-np.inf, np.inf)


@pytest.mark.parametrize(("low", "high", "word"), [(0, 0, "supported"), (1, 0, "undecided"), (0, 1, "supported")])
def test_an_end_that_one_draw_leaves_open_is_open_over_draws(low, high, word):
    effects = [opened(Interval(value, value - 0.1, value + 0.1, 5), False, False) for value in (1.0, 1.1, 1.2)]
    effects[1] = opened(effects[1], low, high)

    [verdict] = claim.over_repeats([[Verdict("", effect)] for effect in effects])

    assert verdict.word == word
    assert [np.isinf(end) for end in verdict.effect[1:3]] == [low, high]
    assert verdict.effect.value == pytest.approx(1.1)


def test_draws_that_leave_either_end_open_say_nothing():
    both = opened(Interval(1.0, 0.9, 1.1, 5), True, True)

    assert both == Interval(1.0, -np.inf, np.inf, 0)
    assert opened(Interval(1.0, -np.inf, np.inf, 5), True, False) == both
    for other in (both, opened(Interval(1.0, 0.9, 1.1, 5), True, False)):
        draws = [[Verdict("", effect)] for effect in (opened(Interval(2.0, 1.9, 2.1, 5), False, True), other)]
        assert claim.over_repeats(draws)[0].word == "undecided"


def test_an_option_that_a_kept_result_does_not_know_is_no_less_another_option(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "RESULTS", tmp_path)
    monkeypatch.setattr(claim, "FIGURES", tmp_path)
    first = Settings(keep=True, folder=tmp_path / "runs")
    conclude("arpit.x", first, run(first))

    check_kept("arpit.x", Wide(keep=True))
    with pytest.raises(InputError, match="another value of --widths"):
        check_kept("arpit.x", Wide(keep=True, widths=(2,)))


@pytest.mark.parametrize("problem", [InputError("give another"), OSError("give another")])
def test_a_problem_is_one_line(problem, monkeypatch):
    def fails(settings):
        raise problem

    monkeypatch.setattr(claim, "name_of", lambda run: "arpit.x")
    monkeypatch.setattr(claim.sys, "argv", ["x"])
    with pytest.raises(SystemExit, match=r"^error: give another$"):
        claim.main(Settings, fails)


def test_a_result_that_is_kept_again_says_how_long_the_longest_run_of_its_command_took(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "RESULTS", tmp_path)
    monkeypatch.setattr(claim, "FIGURES", tmp_path)
    settings, file = Settings(keep=True, folder=tmp_path / "runs"), tmp_path / "arpit.x.full-several.json"

    def kept_again(seconds, *options):
        monkeypatch.setattr(claim, "STARTED", claim.time.monotonic() - seconds)
        monkeypatch.setattr(claim.sys, "argv", ["x", *options])
        conclude("arpit.x", settings, run(settings))
        return {key: round(value) for key, value in json.loads(file.read_text()).items() if key in TIMES}

    assert kept_again(50) == {"seconds": 50, "longest": 50}
    assert kept_again(5) == {"seconds": 5, "longest": 50}
    assert kept_again(70) == {"seconds": 70, "longest": 70}
    assert kept_again(5, "--seed", "0") == {"seconds": 5, "longest": 5}  # another command
    older = json.loads(file.read_text())
    del older["longest"]
    file.write_text(json.dumps(older | {"seconds": 30.0}))
    assert kept_again(5, "--seed", "0") == {"seconds": 5, "longest": 30}
